"""Enrichment under a failing model and killed workers, on a stack of its own."""

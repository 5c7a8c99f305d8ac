"""Enrichment: raw conversations become clean, labelled documents without personal data."""

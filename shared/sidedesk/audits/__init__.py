"""Massive AI audits: one press of Run audits many agents by one scorecard, exactly counted."""

"""How well personal data is found: corpora made by code, and the figures they give."""

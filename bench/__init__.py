"""Ratios that must hold: `make bench` measures them, `docs/performance.md` explains them."""

"""Ordered, forward-only SQL. `pre` files run before new code serves, `post` files after the old code is gone."""

"""Replies to customers: drafted by a model, decided by people, learned from."""

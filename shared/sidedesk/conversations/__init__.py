"""Conversations of every origin: their rows, their documents, how they come in and how they go out."""

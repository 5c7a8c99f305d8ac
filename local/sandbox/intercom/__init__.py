"""Intercom 2.16: admins, conversation search and retrieval over forty days of made-up chats."""

"""Statements of the knowledge base."""

from __future__ import annotations

from typing import Final

from sidedesk.platform.queries import load_queries

SQL: Final = load_queries("sidedesk.knowledge")

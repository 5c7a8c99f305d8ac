"""Results as a table that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from sidedesk.audits.models import Assignment

COLUMNS = (
    "employee_name", "employee_email", "conversation_id", "outcome", "score", "verdict", "ai_confidence_score",
    "audited_at", "ai_notes", "skipped_reason", "late", "link",
)  # fmt: skip


def table(rows: Iterable[Assignment]) -> str:
    """All rows as CSV, with a line of names."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        values = row.model_dump(mode="json", include=set(COLUMNS))
        writer.writerow([escape(values[name]) for name in COLUMNS])
    return out.getvalue()


def escape(value: object) -> object:
    """A cell that begins like a formula is text, and says so."""
    if value is None:
        return ""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value

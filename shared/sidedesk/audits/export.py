"""Results as a table that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv as csv_format
import io
from collections.abc import Iterable, Mapping

from aws_lambda_powertools.event_handler import Response

from sidedesk.audits.models import Assignment

COLUMNS = (
    "employee_name", "employee_email", "conversation_id", "outcome", "score", "verdict", "ai_confidence_score",
    "audited_at", "ai_notes", "skipped_reason", "late", "link",
)  # fmt: skip


def wants_csv(headers: Mapping[str, str]) -> bool:
    return "text/csv" in headers.get("accept", "")


def csv(rows: Iterable[Assignment], filename: str) -> Response[str]:
    out = io.StringIO()
    writer = csv_format.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        values = row.model_dump(mode="json", include=set(COLUMNS))
        writer.writerow([escape(values[name]) for name in COLUMNS])
    return Response(
        200,
        "text/csv; charset=utf-8",
        out.getvalue(),
        headers={"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"},
    )


def escape(value: object) -> object:
    """A cell that begins like a formula is text, and says so."""
    if value is None:
        return ""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value

"""One enriched conversation as a line of an export. Placeholders of personal data stay what they are."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Row = Mapping[str, Any]
Document = Mapping[str, Any]

COLUMNS: Final = (
    "conversation_id", "source", "external_id", "title", "channel", "started_at", "message_count", "topic", "language",
    "sentiment", "resolution", "predicted_csat", "summary", "transcript",
)  # fmt: skip
_SPEAKERS: Final = {"customer": "user", "agent": "assistant", "bot": "assistant", "system": "system"}


@dataclass(frozen=True, slots=True)
class Format:
    suffix: str
    content_type: str
    head: str
    line: Callable[[Row, Document], str | None]  # None when it has nothing to say in this format


def as_jsonl(row: Row, document: Document) -> str | None:  # noqa: ARG001
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def as_openai(row: Row, document: Document) -> str | None:  # noqa: ARG001
    """For fine-tuning chats: up to the last answer, because that is what is learned."""
    messages: list[dict[str, str]] = []
    for role, text in _said(document):
        speaker = _SPEAKERS.get(role)
        if speaker is None or not text.strip():
            continue  # notes are not part of the conversation
        if messages and messages[-1]["role"] == speaker:
            messages[-1]["content"] += f"\n{text}"
        else:
            messages.append({"role": speaker, "content": text})
    while messages and messages[-1]["role"] != "assistant":
        messages.pop()
    if not any(message["role"] == "user" for message in messages):
        return None
    return json.dumps({"messages": messages}, ensure_ascii=False, separators=(",", ":")) + "\n"


def as_csv(row: Row, document: Document) -> str | None:
    transcript = "\n".join(f"{(role or 'unknown').capitalize()}: {text}" for role, text in _said(document))
    own = {"conversation_id": row["id"], "summary": document.get("summary"), "transcript": transcript}
    values = {**row, **own}
    return _cells([values.get(name) for name in COLUMNS])


def escape(value: Any) -> str:
    """A cell that begins like a formula is text, and says so."""
    if value is None:
        return ""
    text = value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else str(value)
    text = text.replace("\x00", "")
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _cells(values: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([escape(value) for value in values])
    return out.getvalue()


def _said(document: Document) -> Iterator[tuple[str, str]]:
    for turn in document.get("turns") or ():
        yield str(turn.get("role") or ""), str(turn.get("text") or "")


FORMATS: Final[dict[str, Format]] = {
    "jsonl": Format("jsonl", "application/x-ndjson", "", as_jsonl),
    "openai": Format("openai.jsonl", "application/x-ndjson", "", as_openai),
    # Excel takes a table for UTF-8 only if it says so itself.
    "csv": Format("csv", "text/csv; charset=utf-8", "\ufeff" + _cells(list(COLUMNS)), as_csv),
}

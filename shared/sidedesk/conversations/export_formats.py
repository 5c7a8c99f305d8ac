"""One enriched conversation as a line of an export. Placeholders of personal data stay what they are."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Document = Mapping[str, Any]

# Column → where it stands in the document. Nothing comes from elsewhere: only the document is free of personal data.
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "conversation_id": ("conversation", "id"),
    "source": ("conversation", "source"),
    "external_id": ("conversation", "external_id"),
    "title": ("conversation", "title"),
    "channel": ("conversation", "channel"),
    "started_at": ("conversation", "started_at"),
    "turns": ("metrics", "turns"),
    "topic": ("overall", "topic"),
    "language": ("overall", "language"),
    "sentiment": ("overall", "sentiment"),
    "resolution": ("overall", "resolution"),
    "effort": ("overall", "effort"),
    "predicted_csat": ("overall", "predicted_csat"),
    "summary": ("overall", "summary"),
}
_SPEAKERS: Final = {"customer": "user", "agent": "assistant", "bot": "assistant"}


@dataclass(frozen=True, slots=True)
class Format:
    suffix: str
    content_type: str
    head: str
    line: Callable[[Document], str | None]  # None when it has nothing to say in this format


def as_jsonl(document: Document) -> str | None:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def as_openai(document: Document) -> str | None:
    """For fine-tuning chats: up to the last answer, because that is what is learned. Notes and events are no part of a chat."""
    messages: list[dict[str, str]] = []
    for role, text in _said(document):
        speaker = _SPEAKERS.get(role)
        if speaker is None or not text.strip():
            continue
        if messages and messages[-1]["role"] == speaker:
            messages[-1]["content"] += f"\n{text}"
        else:
            messages.append({"role": speaker, "content": text})
    while messages and messages[-1]["role"] != "assistant":
        messages.pop()
    if not any(message["role"] == "user" for message in messages):
        return None
    return json.dumps({"messages": messages}, ensure_ascii=False, separators=(",", ":")) + "\n"


def as_csv(document: Document) -> str | None:
    transcript = "\n".join(f"{(role or 'unknown').capitalize()}: {text}" for role, text in _said(document))
    return _cells([*(_at(document, path) for path in COLUMNS.values()), transcript])


def escape(value: Any) -> str:
    """A cell that begins like a formula is text, and says so."""
    if value is None:
        return ""
    text = str(value).replace("\x00", "")
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _cells(values: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([escape(value) for value in values])
    return out.getvalue()


def _at(document: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _said(document: Document) -> Iterator[tuple[str, str]]:
    for turn in document.get("turns") or ():
        yield str(turn.get("role") or ""), str(turn.get("text") or "")


FORMATS: Final[dict[str, Format]] = {
    "jsonl": Format("jsonl", "application/x-ndjson", "", as_jsonl),
    "openai": Format("openai.jsonl", "application/x-ndjson", "", as_openai),
    # Excel takes a table for UTF-8 only if it says so itself.
    "csv": Format("csv", "text/csv; charset=utf-8", "\ufeff" + _cells([*COLUMNS, "transcript"]), as_csv),
}

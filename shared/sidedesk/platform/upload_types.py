"""What may be uploaded for what, how large, and how to recognise it by its first bytes."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

MEGABYTE = 1024 * 1024
FIRST_BYTES = 4_096

Purpose = Literal["import", "kb_import", "knowledge", "recording", "file"]


@dataclass(frozen=True, slots=True)
class Allowed:
    types: tuple[str, ...]
    largest: int


_TEXTS: Final = ("text/csv", "text/plain", "text/markdown")
_OFFICE: Final = (
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)
_JSON: Final = ("application/json", "application/x-ndjson", "application/jsonl")

PURPOSES: Final[dict[str, Allowed]] = {
    "import": Allowed((*_JSON, "text/csv"), 200 * MEGABYTE),
    "kb_import": Allowed((*_TEXTS, "text/html"), 10 * MEGABYTE),
    "knowledge": Allowed((*_TEXTS, "text/html", "application/pdf", _OFFICE[0]), 25 * MEGABYTE),
    "recording": Allowed(
        ("audio/wav", "audio/x-wav", "audio/mpeg", "audio/mp4", "audio/webm", "audio/ogg", "audio/flac"), 25 * MEGABYTE
    ),
    "file": Allowed((*_TEXTS, *_JSON, *_OFFICE, "application/pdf", "image/png", "image/jpeg"), 25 * MEGABYTE),
}


def _starts(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(marks)


def _is_text(head: bytes) -> bool:
    """UTF-8 without control characters; the last character may be cut in half."""
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return False
    return not any(ord(character) < 32 and character not in "\t\n\r\f" for character in text)


def _is_json(head: bytes) -> bool:
    return _is_text(head) and head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"{", b"[")


def _is_mpeg(head: bytes) -> bool:
    return head.startswith(b"ID3") or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)


def _is_wav(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WAVE"


_LOOKS: Final[dict[str, Callable[[bytes], bool]]] = {
    "application/pdf": _starts(b"%PDF-"),
    "application/json": _is_json,
    "application/x-ndjson": _is_json,
    "application/jsonl": _is_json,
    "audio/wav": _is_wav,
    "audio/x-wav": _is_wav,
    "audio/mpeg": _is_mpeg,
    "audio/mp4": lambda head: head[4:8] == b"ftyp",
    "audio/webm": _starts(b"\x1a\x45\xdf\xa3"),
    "audio/ogg": _starts(b"OggS"),
    "audio/flac": _starts(b"fLaC"),
    "image/png": _starts(b"\x89PNG\r\n\x1a\n"),
    "image/jpeg": _starts(b"\xff\xd8\xff"),
    **dict.fromkeys(_OFFICE, _starts(b"PK\x03\x04")),
    **dict.fromkeys((*_TEXTS, "text/html"), _is_text),
}


def looks_like(content_type: str, head: bytes) -> bool:
    """Could a file that begins like this be of this type?"""
    return _LOOKS[content_type](head)

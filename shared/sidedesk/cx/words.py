"""Words of six languages, and texts folded so that they can be compared. The words are in `words.json`."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from importlib import resources
from typing import Any, Final

LANGUAGES: Final = ("en", "de", "es", "fr", "pt", "it")
_SAME: Final = str.maketrans(
    dict.fromkeys("‘’‚‛′`´ʼ", "'")
    | dict.fromkeys("“”„‟″«»〝〞", '"')
    | dict.fromkeys("‐‑‒–—―−﹘﹣", "-")
    | {"‹": "<", "›": ">"}
)
_BLANKS: Final = re.compile(r"[^\S\n]+")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…。！？])[\"'”»)\]]*\s+|\n+")


def fold(text: str) -> str:
    """Lower case, without accents and invisible characters, one kind of quote and dash; lines stay lines."""
    text = text.translate(_SAME)
    if not text.isascii():
        text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).translate(_SAME).casefold())
        text = "".join(
            letter for letter in text if not unicodedata.combining(letter) and unicodedata.category(letter) != "Cf"
        )
    return _BLANKS.sub(" ", text.lower()).strip()


def one_line(text: str) -> str:
    """Folded, and line breaks are blanks."""
    return " ".join(fold(text).split())


def sentences(text: str) -> list[str]:
    return [piece.strip() for piece in _SENTENCE_END.split(text) if piece and piece.strip()]


@lru_cache(maxsize=1)
def table() -> dict[str, Any]:
    content = resources.files("sidedesk.cx").joinpath("words.json").read_text(encoding="utf-8")
    return dict(json.loads(content))


@lru_cache(maxsize=64)
def pattern(kind: str, *, start: bool = False) -> re.Pattern[str]:
    """All words of a kind, in all languages, for folded text."""
    return re.compile(rf"{'^' if start else ''}{either(kind)}")


@lru_cache(maxsize=64)
def either(kind: str, name: str = "") -> str:
    """The same as a piece of a longer expression; of one language or name only when that is given."""
    rows = table()[kind]
    listed = rows[name] if name else [word for words in rows.values() for word in words]
    # Longer ones first: the first that fits is taken.
    return rf"(?<![^\W_])(?:{'|'.join(sorted(listed, key=len, reverse=True))})(?![^\W_])"


@lru_cache(maxsize=16)
def names(kind: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """What each word of a kind stands for: `day` for Tage, `5` for cinq."""
    return tuple((name, re.compile("|".join(words))) for name, words in table()[kind].items())


def meaning(kind: str, word: str) -> str:
    return next((name for name, expression in names(kind) if expression.fullmatch(word)), "")

"""The same text as a model might read it: without disguises. Every view remembers where each character came from."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

# Letters of other scripts that pass for Latin ones.
_LOOKALIKES = str.maketrans(
    "аеорсухіѕјԁһԛԝӏькмтвнгзԍɡοαεινρτυχκβμησωπօսոհ",
    "aeopcyxisjdhqwlbkmtbhr3ggoaeivptuxkbmnowpounh",
)
_LEET = str.maketrans("01345678@$!|+", "oleasgtbasilt")
_LEETED = re.compile(r"[a-z][0134578@$!|+]+[a-z]", re.IGNORECASE)
_SPACED = re.compile(r"(?<!\w)(?:\w[ ._\-*|]{1,3}){5,}\w(?!\w)")
_BASE64 = re.compile(r"(?<![\w+/=-])(?:[A-Za-z0-9+/]{16,}|[A-Za-z0-9_-]{16,})={0,2}(?![\w+/=])")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:(?:0x|\\x)?[0-9a-fA-F]{2}[ :,]?){12,}(?![0-9A-Za-z])")
_BINARY = re.compile(r"(?<!\d)(?:[01]{8}\s?){10,}(?!\d)")
_PERCENT = re.compile(r"[\w.-]{0,20}(?:%[0-9a-fA-F]{2}[\w.-]{0,20}){6,}")
_ENTITIES = re.compile(r"(?:&#x?[0-9a-fA-F]{2,6};\s?){6,}")
_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}){6,}")
_DEEPEST = 2


@dataclass(frozen=True, slots=True)
class View:
    """A reading of a text. `origin[i]` is where its i-th character stands in the text as it came."""

    name: str
    text: str
    origin: tuple[int, ...]
    compact: bool = False  # separators are gone
    stretch: tuple[int, int] | None = None  # decoded from here: a finding in it covers all of it

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a match stands in the text as it came."""
        if self.stretch:
            return self.stretch
        one, other = self.origin[start], self.origin[end - 1]
        return min(one, other), max(one, other) + 1


def plain(text: str) -> View:
    """Folded: compatibility forms resolved, lower case, Latin accents gone, invisible characters gone or made visible."""
    letters: list[str] = []
    origin: list[int] = []
    for position, character in enumerate(text):
        folded = _fold(character)
        letters.append(folded)
        origin += [position] * len(folded)
    return View("plain", "".join(letters), tuple(origin))


def _fold(character: str) -> str:
    if character.isascii():
        return character.lower()
    code = ord(character)
    if 0xE0020 <= code <= 0xE007E:  # tag characters: ASCII that nobody sees
        return chr(code - 0xE0000).lower()
    if invisible(character):
        return ""
    folded = unicodedata.normalize("NFKC", character).casefold()
    base = unicodedata.normalize("NFD", folded)
    return base[0] if base and base[0] < "\u0250" and len(base) <= 3 and folded.isalpha() else folded


def invisible(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f" or character == "\u034f"


def readings(text: str, depth: int = 0) -> Iterator[View]:
    """All views worth searching. Most texts have one or two; disguises add theirs."""
    base = plain(text)
    yield base
    yield from _same_length(base)
    if match := _SPACED.search(base.text):
        yield _squeezed(base, match.start())
    if depth < _DEEPEST:
        yield from _decoded(text, depth)


def _same_length(base: View) -> Iterator[View]:
    lookalike = base.text.translate(_LOOKALIKES)
    if lookalike != base.text:
        yield View("lookalike", lookalike, base.origin)
    if _LEETED.search(base.text):
        yield View("leetspeak", lookalike.translate(_LEET), base.origin)
        yield View("leetspeak", lookalike.translate(_LEET | {ord("1"): "i"}), base.origin)
    if any("a" <= letter <= "z" for letter in base.text):
        yield View("rot13", codecs.encode(base.text, "rot13"), base.origin)
        yield View("reversed", base.text[::-1], base.origin[::-1])


def _squeezed(base: View, start: int) -> View:
    """Letters set apart from each other, put together again; only patterns without word borders can match."""
    keep = [place for place in range(start, len(base.text)) if base.text[place].isalnum()]
    return View(
        "spaced out",
        "".join(base.text[place] for place in keep),
        tuple(base.origin[place] for place in keep),
        compact=True,
    )


def _decoded(text: str, depth: int) -> Iterator[View]:
    """What encoded stretches say. Everything found in one stands where the stretch stands."""
    for name, pattern, decode in _CODECS:
        for match in pattern.finditer(text):
            hidden = decode(match.group())
            if hidden is None or hidden == match.group():
                continue
            for view in readings(hidden, depth + 1):
                label = name if view.name == "plain" else f"{name}, {view.name}"
                stretch = (match.start(), match.start() + len(match.group().rstrip()))
                yield View(label, view.text, (), view.compact, stretch)


def _printable(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    readable = sum(character.isprintable() or character.isspace() for character in text)
    return text if len(text) >= 8 and readable == len(text) else None


def _from_base64(text: str) -> str | None:
    compact = text.rstrip("=").replace("-", "+").replace("_", "/")
    with_padding = compact + "=" * (-len(compact) % 4)
    try:
        return _printable(base64.b64decode(with_padding, validate=True))
    except (binascii.Error, ValueError):
        return None


def _from_hex(text: str) -> str | None:
    digits = re.sub(r"0x|\\x|[^0-9a-fA-F]", "", text)
    try:
        return _printable(bytes.fromhex(digits))
    except ValueError:
        return None


def _from_binary(text: str) -> str | None:
    return _printable(bytes(int(part, 2) for part in re.findall(r"[01]{8}", text)))


def _from_escapes(text: str) -> str | None:
    return _printable(text.encode("ascii").decode("unicode_escape").encode("utf-8", "replace"))


_CODECS: tuple[tuple[str, re.Pattern[str], Callable[[str], str | None]], ...] = (
    ("base64", _BASE64, _from_base64),
    ("hex", _HEX, _from_hex),
    ("binary", _BINARY, _from_binary),
    ("percent", _PERCENT, unquote),
    ("entities", _ENTITIES, html.unescape),
    ("escapes", _ESCAPES, _from_escapes),
)

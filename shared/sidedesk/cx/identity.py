"""Personal data of somebody else: addresses, numbers and names that belong neither to this conversation nor to an article."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from sidedesk.ai import redaction
from sidedesk.ai.views import invisible
from sidedesk.cx.links import host_of
from sidedesk.cx.words import fold, table

_DETECTORS: Final = (redaction.emails, redaction.ibans, redaction.cards, redaction.phones)
_SPELLED_EMAIL: Final = re.compile(
    r"(?<![\w.])[\w.+-]{2,64}\s?(?:\(at\)|\[at\]| at | arroba | chez )\s?[\w-]{2,60}(?:\s?(?:\(dot\)|\[dot\]| dot | punto | punkt | ponto | point )\s?[a-z]{2,12})+(?!\w)",
    re.IGNORECASE,
)
# NW-20481, ORD_77/3, #4711, 12345678
_CODE: Final = re.compile(
    r"(?<![\w@./-])(?:#\s?[\w-]*\d[\w-]*|[A-Za-z]{1,6}[-_/]\d[\w/-]*\d|[A-Z]{1,5}\d{4,}\w*|\d{6,}(?:-\d+)*|\d{3,}-\d{3,}(?:-\d+)*)(?![\w])"
)
_DATE: Final = re.compile(r"(?:19|20)\d{2}-?[01]\d-?[0-3]\d")
_PERSON: Final = re.compile(
    r"(?<![\w.])[A-ZÀ-Þ][a-zà-ÿ'’-]{1,20}(?: (?:de|da|van|von|di|del|la|le|der))?(?: [A-ZÀ-Þ][a-zà-ÿ'’-]{1,20}){1,2}(?![\w])"
)
_VERBATIM: Final = 48  # letters in a row


def foreign(
    reply: str,
    here: Sequence[str],
    articles: Sequence[str],
    others: Sequence[str],
    past: Sequence[str],
    allowed_hosts: Sequence[str],
) -> list[str]:
    """What the reply has of other people: `others` is what they wrote, `past` what they were answered.

    To answer as colleagues answered before is what past replies are for; to repeat what another customer wrote is not.
    """
    text = _visible(reply)
    ours = "\n".join([*here, *articles])
    own_letters = _letters(ours)
    found = [
        value for value in data_of(text) if _letters(value) not in own_letters and not _of_company(value, allowed_hosts)
    ]
    if others or past:
        theirs, own = "\n".join([*others, *past]), fold(ours)
        found += [name for name in _PERSON.findall(text) if name in theirs and fold(name) not in own]
        found += _copied(text, "\n".join(others), own_letters)
    return list(dict.fromkeys(found))


def data_of(text: str) -> Iterator[str]:
    """Addresses, numbers and codes, whoever they belong to."""
    taken: list[tuple[int, int]] = []
    for detect in _DETECTORS:
        for span in detect(text):
            taken.append((span.start, span.end))
            yield text[span.start : span.end]
    for match in _SPELLED_EMAIL.finditer(text):
        taken.append(match.span())
        yield match.group()
    for pattern in (_CODE, _numbered()):
        for match in pattern.finditer(text):
            value = match["value"] if "value" in pattern.groupindex else match.group()
            start, end = match.span("value") if "value" in pattern.groupindex else match.span()
            if _DATE.fullmatch(value) or any(start < there_end and there < end for there, there_end in taken):
                continue
            taken.append((start, end))
            yield value


@lru_cache(maxsize=1)
def _numbered() -> re.Pattern[str]:
    """`order number 4711`: short numbers count after a word that says whose they are."""
    words = "|".join(word for listed in table()["reference"].values() for word in listed)
    return re.compile(
        rf"(?<![^\W_])(?:{words})\s?(?:n[°º]|no\.?|nr\.?|num\.?|number|nummer)?\s?(?:is|ist|es|est|e|:|#)?\s?(?P<value>(?=[\w-]*\d[\w-]*\d[\w-]*\d)[A-Za-z0-9][\w-]{{2,30}})(?!\w|[.,]\d|\s?(?:€|%|eur|usd))",
        re.IGNORECASE,
    )


def _copied(text: str, theirs: str, own_letters: str) -> list[str]:
    """A stretch of what another customer wrote, word for word."""
    letters, other = _letters(text), _letters(theirs)
    for start in range(0, len(letters) - _VERBATIM + 1, 4):
        piece = letters[start : start + _VERBATIM]
        if piece in other and piece not in own_letters:
            return [piece]
    return []


def _of_company(value: str, allowed_hosts: Sequence[str]) -> bool:
    """info@ourshop.example is no customer's address."""
    if "@" not in value:
        return False
    domain = host_of(value.rsplit("@", 1)[-1])
    hosts = [host_of(entry.strip().lower().removeprefix("*.").split("//", 1)[-1]) for entry in allowed_hosts]
    return any(host and (domain == host or domain.endswith(f".{host}")) for host in hosts)


def _letters(text: str) -> str:
    return "".join(letter for letter in fold(text) if letter.isalnum())


def _visible(text: str) -> str:
    if text.isascii():
        return text
    return "".join(letter for letter in unicodedata.normalize("NFKC", text) if not invisible(letter))

"""Promises of a reply that nobody has decided: money, gifts, guarantees, liability, deadlines.

A source may state a rule, and a reply may repeat it. Granting something to this customer is another thing: it passes only when a
source says nearly the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from sidedesk.cx import figures
from sidedesk.cx.models import Evidence
from sidedesk.cx.words import one_line, pattern, sentences, table

_GIVEN: Final = ("promise.given", "promise.deadline")
_TERMS: Final = "promise.terms"
# How much of what the sentence says a source's sentence must say too.
_NEARLY_ALL, _MOST = 0.8, 0.6
_CLAUSE: Final = re.compile(r"[,:;()]|\s-\s")
_LINK: Final = re.compile(r"https?://\S+")
_WORD: Final = re.compile(r"[^\W\d_]{4,}")


def unbacked(readings: Sequence[str], cited: Sequence[str], evidence: Sequence[Evidence]) -> list[str]:
    """Sentences that promise, without a source that does. `readings`: the reply as written and without disguises."""
    backing = [one_line(sentence) for text in cited for sentence in sentences(text)]
    # A claim with a true quote ties a reply's sentence to a source in another language.
    tied = [(one_line(item.claim), one_line(item.quote)) for item in evidence if item.source_id is not None]
    found: dict[str, None] = {}
    for reading in readings:
        for sentence in (part for whole in sentences(reading) for part in whole.split(";")):
            line = one_line(sentence)
            kind = _kind(line)
            if kind and not _backed(line, kind, backing, tied):
                found[sentence.strip()] = None
    return list(found)


def _kind(line: str) -> str:
    for kind in (*_GIVEN, _TERMS):
        # A grant may carry its denial inside (`we can not refund`); a term has words like `without` of its own.
        if any(_meant(line, match, inside=kind in _GIVEN) for match in pattern(kind).finditer(line)):
            return kind
    return ""


def _meant(line: str, match: re.Match[str], *, inside: bool) -> bool:
    """Neither denied nor left open: `we cannot refund`, `I am checking whether we refund`."""
    before = line[: match.start()]
    borders = [border.end() for border in _CLAUSE.finditer(before)]
    clause = before[borders[-1] if borders else 0 :]
    if pattern("negation").search(clause[-40:] + (match.group() if inside else "")):
        return False
    if re.match(r" (?:wir |ich |ihnen )*(?:nicht(?! nur)|leider|kein)", line[match.end() : match.end() + 24]):
        return False
    return not pattern("checking").search(before[-80:] + " ")


def _backed(line: str, kind: str, backing: Sequence[str], tied: Iterable[tuple[str, str]]) -> bool:
    words = _words(line)
    for sentence in backing:
        # Only a rule that grants stands behind a grant.
        if kind == "promise.given" and not pattern(kind).search(sentence):
            continue
        if _says(words, sentence, kind) and not figures.unsupported(line, [sentence]):
            return True
    for claim, quote in tied:
        says_so = any(pattern(one).search(quote) for one in (*_GIVEN, _TERMS)) or kind == "promise.deadline"
        if says_so and _says(words, claim, kind) and not figures.unsupported(line, [quote]):
            return True
    return False


def _says(wanted: frozenset[str], sentence: str, kind: str) -> bool:
    """Enough of the words, and more than one of them."""
    shared = len(wanted & _words(sentence))
    return shared >= 2 and shared / len(wanted) >= (_NEARLY_ALL if kind in _GIVEN else _MOST)


def _words(line: str) -> frozenset[str]:
    """The words that carry something, without their endings."""
    return frozenset(word[:5] for word in _WORD.findall(_LINK.sub(" ", line)) if word not in _empty())


@lru_cache(maxsize=1)
def _empty() -> frozenset[str]:
    return frozenset(" ".join(table()["empty"]).split())

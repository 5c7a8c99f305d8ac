"""How much a person changed: Levenshtein's distance, absolute and as a share of the longer text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sidedesk.cx.words import either, fold

_SIGNATURE_LINES: Final = 6  # a sign-off, a name, a title, a company, and blank lines do not count
_LONGEST_LINE: Final = 60


@dataclass(frozen=True, slots=True)
class Edit:
    distance: int
    ratio: float
    body_ratio: float  # without greeting and sign-off


def measure(draft: str, final: str) -> Edit:
    """Line ends and blanks at the edges are not edits."""
    before, after = _normal(draft), _normal(final)
    distance, ratio = _distance(before, after)
    return Edit(distance, ratio, _distance(body_of(before), body_of(after))[1])


def body_of(text: str) -> str:
    """What is said between the greeting and the sign-off."""
    return _without_sign_off(_without_greeting(_normal(text)))


def _distance(one: str, other: str) -> tuple[int, float]:
    from rapidfuzz.distance import Levenshtein

    if not (longest := max(len(one), len(other))):
        return 0, 0.0
    distance = Levenshtein.distance(one, other)
    return distance, round(distance / longest, 4)


def _normal(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).strip()


def _without_greeting(text: str) -> str:
    first, _, rest = text.partition("\n")
    if not re.match(either("greeting"), fold(first).lstrip("¡! ")):
        return text
    if len(first) <= _LONGEST_LINE and re.fullmatch(r"[^.!?,:;–—-]{1,50}[,:!.–—-]?", first.strip()):
        return rest.strip() or text
    # "Hi Dana, thank you …": the greeting ends at the comma, and the line goes on.
    if (found := re.match(r"[^,!:.\n]{1,40}[,!:]\s+", first)) is not None:
        return (first[found.end() :] + "\n" + rest).strip()
    return text


def _without_sign_off(text: str) -> str:
    lines = text.split("\n")
    filled = [place for place, line in enumerate(lines) if line.strip()]
    for place in filled[-_SIGNATURE_LINES:]:
        line = fold(lines[place])
        if line.strip() in ("--", "__") or (
            place > filled[0]
            and len(line) <= _LONGEST_LINE
            and re.match(rf"{either('sign_off')}(?:[,.!]| and .{{0,30}}|$)", line)
            and not line.endswith("?")
        ):
            return "\n".join(lines[:place]).strip()
    return text

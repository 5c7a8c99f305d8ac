"""Text without the people in it: what the redactor finds, and the names that the conversation itself tells us."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from sidedesk.ai.redaction import DETECTORS, Detector, Redactor, Span

# No part of anybody's name, though accounts are called so.
_ROLES: Final = frozenset(
    [
        "agent",
        "assistant",
        "bot",
        "care",
        "customer",
        "desk",
        "help",
        "helpdesk",
        "kunde",
        "kundenservice",
        "office",
        "sales",
        "service",
        "support",
        "team",
        "the",
        "und",
        "and",
        "von",
        "van",
        "der",
    ]
)
# Names that are also words: taken for a name only when they begin like one.
_WORDS: Final = frozenset(
    [
        "april",
        "art",
        "august",
        "bill",
        "can",
        "carol",
        "chase",
        "dawn",
        "faith",
        "frank",
        "grace",
        "grant",
        "hope",
        "iris",
        "joy",
        "june",
        "lily",
        "mark",
        "may",
        "max",
        "miles",
        "page",
        "pat",
        "ray",
        "rich",
        "rob",
        "rose",
        "ruby",
        "sky",
        "sue",
        "summer",
        "violet",
        "will",
    ]
)
_PARTS: Final = re.compile(r"[^\W\d_][\w'’-]+")


def redactor_for(contact: dict[str, Any], people: Iterable[str] = ()) -> Redactor:
    """For one conversation: its contact, and whoever else wrote in it."""
    names = [str(contact.get("name") or ""), *people]
    literals = [str(contact.get(field) or "") for field in ("email", "phone")]
    return Redactor(
        (
            *DETECTORS,
            _known("NAME", _spellings(names)),
            _known("CONTACT", [(one, True) for one in literals if len(one) > 4]),
        )
    )


def _spellings(names: Sequence[str]) -> list[tuple[str, bool]]:
    """(what to look for, in whatever case). An address in place of a name is the redactor's own business."""
    found: dict[str, bool] = {}
    for name in names:
        if "@" in name or not name.strip():
            continue
        parts = [part for part in _PARTS.findall(name) if len(part) > 2 and part.lower() not in _ROLES]
        if len(parts) > 1:
            found[name.strip()] = True
        for part in parts:
            found.setdefault(part, part.lower() not in _WORDS)
    return list(found.items())


def _known(kind: str, spellings: Sequence[tuple[str, bool]]) -> Detector:
    # The longest first, so that a whole name is one.
    patterns = [
        re.compile(rf"(?<!\w){re.escape(text)}(?!\w)", re.IGNORECASE if any_case else 0)
        for text, any_case in sorted(spellings, key=lambda one: -len(one[0]))
    ]

    def detect(text: str) -> Iterator[Span]:
        taken: list[tuple[int, int]] = []
        for pattern in patterns:
            for match in pattern.finditer(text):
                if not any(match.start() < end and start < match.end() for start, end in taken):
                    taken.append(match.span())
                    yield Span(match.start(), match.end(), kind)

    return detect

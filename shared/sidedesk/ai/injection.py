"""Find instructions in text that should be data. Patterns live in `injection_patterns.json`; disguises in `views`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

from sidedesk.ai import views

Severity = Literal["low", "high"]

REMOVED = "[an instruction to the reader was removed here]"
_SENTENCE_END = re.compile(r"[.!?。！？؟।]+[\"'”»)\]]*\s|\n")
_LONGEST_SENTENCE = 400
# Some invisible characters are ordinary typography; a run of them is a hiding place.
_MANY_INVISIBLE = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """One suspicious stretch: what it looks like, where it stands, and the disguise it wore."""

    id: str
    kind: str
    severity: Severity
    start: int
    end: int
    text: str
    disguise: str = "plain"


@dataclass(frozen=True, slots=True)
class _Pattern:
    id: str
    kind: str
    severity: Severity
    expression: re.Pattern[str]
    compact: bool


@lru_cache(maxsize=1)
def _patterns() -> tuple[_Pattern, ...]:
    text = resources.files("sidedesk.ai").joinpath("injection_patterns.json").read_text(encoding="utf-8")
    return tuple(
        _Pattern(row["id"], row["kind"], row["severity"], re.compile(row["pattern"]), row.get("compact", False))
        for row in json.loads(text)["patterns"]
    )


def suspicious(text: str) -> list[Finding]:
    """Everything in the text that tries to instruct its reader, in the order it stands there."""
    found: dict[tuple[str, int], Finding] = {}
    for view in views.readings(text):
        for pattern in _patterns():
            if pattern.compact != view.compact:
                continue
            for match in pattern.expression.finditer(view.text):
                if match.end() == match.start():
                    continue
                start, end = view.span(*match.span())
                finding = Finding(pattern.id, pattern.kind, pattern.severity, start, end, text[start:end], view.name)
                found.setdefault((pattern.kind, start), finding)
    for start, end in _hidden_runs(text):
        found.setdefault(
            ("hidden_text", start), Finding("hidden.invisible", "hidden_text", "low", start, end, text[start:end])
        )
    return sorted(found.values(), key=lambda finding: (finding.start, finding.end))


def neutralise(text: str, findings: Sequence[Finding]) -> str:
    """The text with every sentence that holds a grave finding taken out, visibly."""
    spans = sorted(_sentence(text, finding.start, finding.end) for finding in findings if finding.severity == "high")
    parts: list[str] = []
    position = 0
    for start, end in spans:
        if end <= position:
            continue
        if start > position or not parts:
            parts += [text[position:start], REMOVED]
        position = end
    return "".join([*parts, text[position:]])


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence around a finding, within reason."""
    floor = max(0, start - _LONGEST_SENTENCE)
    before = [match.end() for match in _SENTENCE_END.finditer(text, floor, start)]
    after = _SENTENCE_END.search(text, max(end - 1, 0), min(len(text), end + _LONGEST_SENTENCE))
    stop = after.start() + len(after.group().rstrip()) if after else min(len(text), end + _LONGEST_SENTENCE)
    return (before[-1] if before else floor), max(end, stop)


def _hidden_runs(text: str) -> list[tuple[int, int]]:
    if text.isascii():
        return []
    places = [place for place, character in enumerate(text) if views.invisible(character)]
    return [(places[0], places[-1] + 1)] if len(places) >= _MANY_INVISIBLE else []

"""From values to a score and a verdict: arithmetic only, the same for every engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sidedesk.audits.models import Criterion

NOT_APPLICABLE = {"na", "n/a", "not_applicable", "not applicable"}
# A critical criterion is failed below half of what it could earn.
CRITICAL_LINE = 0.5


@dataclass(frozen=True, slots=True)
class Score:
    score: float | None
    verdict: str | None
    failed_critical: tuple[str, ...]
    unreadable: tuple[str, ...]


def fraction(criterion: Criterion, value: Any) -> float | None:
    """What a value earns, 0–1. None when it does not apply; ValueError when it cannot be read."""
    if value is None or (isinstance(value, str) and value.strip().lower() in NOT_APPLICABLE):
        return None
    if criterion.type == "yes_no":
        return _yes(value)
    if criterion.type == "choice":
        best = max(option.points for option in criterion.options)
        for option in criterion.options:
            if str(value).strip().lower() == option.value.lower():
                return option.points / best
        raise ValueError(f"{value!r} is no option of {criterion.id}")
    if isinstance(value, bool):
        raise ValueError(f"{criterion.id} wants a number")
    number = float(value)
    if not 0 <= number <= criterion.max:
        raise ValueError(f"{criterion.id} goes from 0 to {criterion.max:g}")
    return number / criterion.max


def _yes(value: Any) -> float:
    word = str(value).strip().lower()
    if word in {"yes", "true", "1", "1.0", "y", "pass", "passed"}:
        return 1.0
    if word in {"no", "false", "0", "0.0", "n", "fail", "failed"}:
        return 0.0
    raise ValueError(f"{value!r} is neither yes nor no")


def score(criteria: Sequence[Criterion], values: Mapping[str, Any], pass_threshold: float) -> Score:
    """Weighted percentage of what applies. A failed critical criterion fails the audit, whatever the sum."""
    earned = possible = 0.0
    failed_critical, unreadable = [], []
    for criterion in criteria:
        try:
            part = fraction(criterion, values.get(criterion.id))
        except (TypeError, ValueError):
            unreadable.append(criterion.id)
            continue
        if part is None:
            continue
        earned += criterion.weight * part
        possible += criterion.weight
        if criterion.critical and part < CRITICAL_LINE:
            failed_critical.append(criterion.id)
    if possible == 0:
        return Score(None, None, (), tuple(unreadable))
    total = round(100 * earned / possible, 2)
    passed = total >= pass_threshold and not failed_critical
    return Score(total, "passed" if passed else "failed", tuple(failed_critical), tuple(unreadable))

"""Do people and the AI agree? Exact share, weighted kappa, bias and its drift. Pure arithmetic."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sidedesk.audits.models import Criterion
from sidedesk.audits.review_models import Agreement, Calibration, Drift
from sidedesk.audits.scoring import fraction
from sidedesk.platform.statistics import weighted_kappa

# Marks closer than this are the same mark.
SAME = 1e-9
# Continuous scales are cut into this many steps for kappa, as a five-point scale is.
STEPS = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """One criterion of one audit, marked twice; what each earns, 0–1."""

    criterion: Criterion
    audit: str
    ai: float
    human: float
    at: datetime


def pairs_of(
    criteria: Sequence[Criterion], audit: str, ai: dict[str, Any], human: dict[str, Any], at: datetime
) -> Iterable[Pair]:
    """Criteria that both marked; where one says it does not apply, there is nothing to compare."""
    for criterion in criteria:
        try:
            left, right = fraction(criterion, ai.get(criterion.id)), fraction(criterion, human.get(criterion.id))
        except (TypeError, ValueError):
            continue
        if left is not None and right is not None:
            yield Pair(criterion, audit, left, right, at)


def calibrate(pairs: Sequence[Pair]) -> Calibration:
    by_criterion: dict[str, list[Pair]] = defaultdict(list)
    by_week: dict[date, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_criterion[pair.criterion.id].append(pair)
        day = pair.at.date()
        by_week[day - timedelta(days=day.weekday())].append(pair)
    return Calibration(
        pairs=len(pairs),
        audits=len({pair.audit for pair in pairs}),
        criteria=[_agreement(name, group) for name, group in sorted(by_criterion.items())],
        drift=[
            Drift(week=week, pairs=len(group), exact_percent=exact_percent(group), bias=bias(group))
            for week, group in sorted(by_week.items())
        ],
    )


def _agreement(name: str, pairs: Sequence[Pair]) -> Agreement:
    confusion = Counter((_step(pair.ai), _step(pair.human)) for pair in pairs)
    return Agreement(
        criterion=name,
        label=pairs[-1].criterion.label,
        pairs=len(pairs),
        exact_percent=exact_percent(pairs),
        weighted_kappa=weighted_kappa([(_step(pair.ai), _step(pair.human)) for pair in pairs]),
        bias=bias(pairs),
        confusion=[
            {"ai": ai / STEPS, "human": human / STEPS, "count": count}
            for (ai, human), count in sorted(confusion.items())
        ],
    )


def exact_percent(pairs: Sequence[Pair]) -> float:
    return round(100 * sum(abs(pair.ai - pair.human) < SAME for pair in pairs) / len(pairs), 1)


def bias(pairs: Sequence[Pair]) -> float:
    """Above zero the AI is kinder than people, in shares of the scale."""
    return round(sum(pair.ai - pair.human for pair in pairs) / len(pairs), 3)


def _step(share: float) -> int:
    return round(share * STEPS)

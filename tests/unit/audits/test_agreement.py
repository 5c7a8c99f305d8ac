"""Agreement against figures worked out by hand, and the arithmetic of scores."""

import pytest

from sidedesk.audits import scoring
from sidedesk.audits.models import Criterion
from sidedesk.platform.statistics import weighted_kappa


def test_weighted_kappa() -> None:
    assert weighted_kappa([(1, 1), (5, 5)]) == 1
    assert weighted_kappa([(1, 5), (5, 1)]) == -1
    assert weighted_kappa([(3, 3), (3, 3)]) is None
    # observed (0+1+0+1)/4 = 0.5; expected, {1,2,4,5} against {1,3,4,4}: (22+10+10+22)/16 = 4
    assert weighted_kappa([(1, 1), (2, 3), (4, 4), (5, 4)]) == 0.875


CARD = [
    Criterion(id="a", label="A", type="yes_no", weight=1),
    Criterion(id="b", label="B", weight=3, max=4, critical=True),
]


@pytest.mark.parametrize(
    ("values", "score", "verdict"),
    [
        ({"a": "yes", "b": 4}, 100, "passed"),
        ({"a": "no", "b": 4}, 75, "failed"),
        ({"a": True, "b": 3.2}, 85, "passed"),
        ({"a": "n/a", "b": 4}, 100, "passed"),
        ({"a": "yes", "b": 1}, 43.75, "failed"),
        ({"a": "n/a"}, None, None),
        ({}, None, None),
    ],
)
def test_scores(values: dict[str, object], score: float | None, verdict: str | None) -> None:
    result = scoring.score(CARD, values, 80)
    assert (result.score, result.verdict) == (score, verdict)


def test_a_failed_critical_criterion_fails_whatever_the_sum() -> None:
    card = [
        Criterion(id="a", label="A", weight=100, max=5),
        Criterion(id="b", label="B", weight=1, max=5, critical=True),
    ]
    result = scoring.score(card, {"a": 5, "b": 2}, 50)
    assert (result.verdict, result.failed_critical) == ("failed", ("b",))


@pytest.mark.parametrize("value", [6, -1, "many", True, [], {}])
def test_values_off_the_scale_are_not_guessed(value: object) -> None:
    assert scoring.score(CARD, {"b": value}, 50).unreadable == ("b",)

"""Which variant a conversation gets: always the same, and in the shares that were asked for."""

from collections import Counter
from uuid import UUID

import pytest

from sidedesk.cx.experiments import Running, Variant, assign

EXPERIMENT = Running(UUID(int=7), (Variant("a", 1, 0.2), Variant("b", 2, 0.5), Variant("c", 3, 0.3)))
CONVERSATIONS = [UUID(int=number) for number in range(5_000)]


def test_a_conversation_keeps_its_variant() -> None:
    assert [assign(EXPERIMENT, one) for one in CONVERSATIONS[:50]] == [
        assign(EXPERIMENT, one) for one in CONVERSATIONS[:50]
    ]


def test_shares_are_kept() -> None:
    counts = Counter(assign(EXPERIMENT, one).name for one in CONVERSATIONS)
    for variant in EXPERIMENT.variants:
        assert counts[variant.name] / len(CONVERSATIONS) == pytest.approx(variant.share, abs=0.03)


def test_another_experiment_draws_anew() -> None:
    other = Running(UUID(int=8), EXPERIMENT.variants)
    moved = sum(assign(EXPERIMENT, one) != assign(other, one) for one in CONVERSATIONS)
    assert moved > len(CONVERSATIONS) / 3


def test_shares_that_add_up_to_a_hair_less_leave_nobody_out() -> None:
    thirds = Running(UUID(int=9), tuple(Variant(name, 1, 0.3333333) for name in "abc"))
    assert {assign(thirds, one).name for one in CONVERSATIONS} == {"a", "b", "c"}

"""What the replays say: means by part, what is certain about the difference, and whether only learning differed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.learning.replay import LIGHT, Drafted, Outcome

RESAMPLES = 10_000
SEED = 20_260
Measure = Callable[[Drafted], float]


@dataclass(frozen=True, slots=True)
class Difference:
    """Off minus on, thread by thread: how much less was changed, with the 95 % interval."""

    mean: float
    low: float
    high: float


def mean(drafted: Sequence[Drafted], measure: Measure) -> float:
    return sum(map(measure, drafted)) / len(drafted)


def light(one: Drafted) -> float:
    return float(one.ratio <= LIGHT)


def difference(off: Sequence[Drafted], on: Sequence[Drafted], measure: Measure) -> Difference:
    """Threads are drawn again and again, each with both of its drafts."""
    gains = [measure(one) - measure(other) for one, other in zip(off, on, strict=True)]
    chance = random.Random(SEED)
    means = sorted(sum(chance.choices(gains, k=len(gains))) / len(gains) for _ in range(RESAMPLES))
    return Difference(sum(gains) / len(gains), means[RESAMPLES // 40], means[-RESAMPLES // 40 - 1])


def quarters(drafted: Sequence[Drafted]) -> list[Sequence[Drafted]]:
    size = len(drafted) / 4
    return [drafted[round(part * size) : round((part + 1) * size)] for part in range(4)]


def unfair(off: Outcome, on: Outcome) -> list[str]:
    """Why the two cannot be compared. Empty when learning is all that differs."""
    found = []
    if len({one.made_by for outcome in (off, on) for one in outcome.drafted}) != 1:
        found.append("The drafts were made by different models or prompts.")
    if any(one.articles != other.articles for one, other in zip(off.drafted, on.drafted, strict=True)):
        found.append("The same question was given different articles.")
    if off.learned or any(one.examples or one.past_replies for one in off.drafted):
        found.append("Something was learned, or shown, although learning was off.")
    if off.objections or on.objections:
        found.append("Reviewers' objections were in a prompt.")
    if not any(one.examples for one in on.drafted):
        found.append("No draft was shown an example although learning was on.")
    return found

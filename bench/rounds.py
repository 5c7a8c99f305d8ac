"""Interleaved measuring: every round runs every variant once, so that noise of the machine hits all of them alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ROUND_SECONDS = 0.01  # of one variant in one round


@dataclass(frozen=True)
class Ratio:
    """The median of the per-round ratios, and the rounds furthest from it."""

    median: float
    low: float
    high: float


class Rounds:
    """Seconds per call, one figure per variant and round."""

    def __init__(self, seconds: Mapping[str, list[float]]) -> None:
        self.seconds = seconds

    def ratio(self, what: str, base: str, times: float = 1) -> Ratio:
        """How many times `times` calls of the base one call costs."""
        found = [a / (b * times) for a, b in zip(self.seconds[what], self.seconds[base], strict=True)]
        return Ratio(statistics.median(found), min(found), max(found))

    def milliseconds(self, what: str) -> str:
        return f"{statistics.median(self.seconds[what]) * 1000:.2f} ms"


def interleaved(
    variants: Mapping[str, Callable[[], object]],
    rounds: int = 60,
    seconds: float = ROUND_SECONDS,
    clock: Callable[[], float] = time.perf_counter,
) -> Rounds:
    """Call each variant as often as fits into its part of a round. What only computes is measured by `process_time`."""
    repeats = {name: _repeats(call, seconds) for name, call in variants.items()}
    taken: dict[str, list[float]] = {name: [] for name in variants}
    gc.collect()
    for _ in range(rounds):
        for name, call in variants.items():
            begun = clock()
            for _ in range(repeats[name]):
                call()
            taken[name].append((clock() - begun) / repeats[name])
    return Rounds(taken)


def timed(variants: Mapping[str, Callable[[], float]], rounds: int) -> Rounds:
    """The same for variants that measure themselves and answer in seconds."""
    taken: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, call in variants.items():
            taken[name].append(call())
    return Rounds(taken)


def _repeats(call: Callable[[], object], seconds: float) -> int:
    call()  # whatever is made at first use
    begun = time.perf_counter()
    for _ in range(3):
        call()
    return max(1, round(3 * seconds / (time.perf_counter() - begun)))

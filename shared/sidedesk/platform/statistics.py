"""Arithmetic that several capabilities judge by. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

# Of a normal distribution: 95 of 100 lie within.
Z95 = 1.959964


def weighted_kappa(marks: Sequence[tuple[int, int]]) -> float | None:
    """Quadratic weights over ordered steps. None where it says nothing: everybody always gave one and the same mark."""
    count = len(marks)
    left, right = Counter(a for a, _ in marks), Counter(b for _, b in marks)
    observed = sum((a - b) ** 2 for a, b in marks) / count
    expected = sum(left[a] * right[b] * (a - b) ** 2 for a in left for b in right) / count**2
    if expected == 0:
        return None
    return round(1 - observed / expected, 3)


def wilson(hits: int, of: int) -> tuple[float, float] | None:
    """Where a share really lies, with 95 % certainty; honest with few cases and near 0 and 1."""
    if of == 0:
        return None
    share, z2 = hits / of, Z95**2
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z95 * math.sqrt(share * (1 - share) / of + z2 / (4 * of**2)) / (1 + z2 / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def difference(one: tuple[int, int], other: tuple[int, int]) -> tuple[float, float] | None:
    """How far the first share is above the second, with 95 % certainty (Newcombe's interval)."""
    left, right = wilson(*one), wilson(*other)
    if left is None or right is None:
        return None
    a, b = one[0] / one[1], other[0] / other[1]
    below = math.sqrt((a - left[0]) ** 2 + (right[1] - b) ** 2)
    above = math.sqrt((left[1] - a) ** 2 + (b - right[0]) ** 2)
    return a - b - below, a - b + above


def around_mean(mean: float, deviation: float, count: int) -> tuple[float, float] | None:
    """Where a mean really lies, with 95 % certainty. With few values this says nothing, so it is none."""
    if count < 30:
        return None
    half = Z95 * deviation / math.sqrt(count)
    return mean - half, mean + half

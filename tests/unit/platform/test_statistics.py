"""Intervals against published figures."""

import pytest

from sidedesk.platform.statistics import around_mean, difference, wilson


def test_wilson() -> None:
    # Newcombe (1998), method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29
    for (hits, of), (low, high) in {
        (81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0.0, 0.1611), (1, 29): (0.0061, 0.1718),
    }.items():  # fmt: skip
        assert wilson(hits, of) == pytest.approx((low, high), abs=0.0001)
    assert wilson(0, 0) is None
    assert wilson(20, 20) == pytest.approx((0.8389, 1.0), abs=0.0001)


def test_difference() -> None:
    # Newcombe (1998), method 10: 56 of 70 against 48 of 80
    assert difference((56, 70), (48, 80)) == pytest.approx((0.0524, 0.3339), abs=0.0001)
    assert difference((0, 0), (1, 2)) is None


def test_around_mean() -> None:
    assert around_mean(0.2, 0.1, 29) is None
    assert around_mean(0.2, 0.1, 100) == pytest.approx((0.1804, 0.2196), abs=0.0001)

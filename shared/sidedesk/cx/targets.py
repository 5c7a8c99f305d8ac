"""What the figures should be, and the badge each one earns. Pure."""

from __future__ import annotations

from typing import Final

from sidedesk.cx.figure_models import Badge, Figure, Unit

# More than this share of a draft changed is a major edit.
LIGHT_EDIT: Final = 0.2
# From here on green, from there on yellow, below red.
SLA: Final = (95.0, 85.0)
MARKS: Final = (4.5, 4.0)
DRAFTED: Final = (90.0, 80.0)
LIGHT: Final = (85.0, 75.0)
APPROVAL_SECONDS: Final = (900.0, 1_200.0)  # here less is better
MARK_TARGETS: Final = {"tone": 4.5, "accuracy": 4.7, "policy": 4.8}


def plain(value: float | None, unit: Unit, basis: int) -> Figure:
    """A figure nobody has set a target for."""
    return Figure(value=_shown(value, unit), unit=unit, basis=basis)


def at_least(value: float | None, unit: Unit, basis: int, steps: tuple[float, float], target: float | None) -> Figure:
    """More is better; the badge's steps need not be the target."""
    shown = _shown(value, unit)
    return Figure(
        value=shown,
        unit=unit,
        basis=basis,
        target=target,
        target_is=None if target is None else "at_least",
        on_target=None if value is None or target is None else value >= target,
        badge="grey" if value is None else _badge(value >= steps[0], value >= steps[1]),
    )


def at_most(value: float | None, unit: Unit, basis: int, steps: tuple[float, float]) -> Figure:
    """Less is better."""
    return Figure(
        value=_shown(value, unit),
        unit=unit,
        basis=basis,
        target=steps[0],
        target_is="at_most",
        on_target=None if value is None else value <= steps[0],
        badge="grey" if value is None else _badge(value <= steps[0], value <= steps[1]),
    )


def mark(name: str, value: float | None, basis: int) -> Figure:
    """One of the three grades, or their mean."""
    return at_least(value, "mark", basis, MARKS, MARK_TARGETS.get(name))


def percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _badge(good: bool, near: bool) -> Badge:
    return "green" if good else "yellow" if near else "red"


def _shown(value: float | None, unit: Unit) -> float | None:
    return None if value is None else round(value, 4 if unit == "ratio" else 2)

"""What was measured, against which bar, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bench.rounds import Ratio


@dataclass(frozen=True)
class Finding:
    """One line of the table. Without a bar it is for information."""

    what: str
    measured: float
    low: float
    high: float
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def ok(self) -> bool:
        return (self.at_most is None or self.measured <= self.at_most) and (
            self.at_least is None or self.measured >= self.at_least
        )

    @property
    def bar(self) -> str:
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return f"≥ {self.at_least:g}" if self.at_least is not None else "–"

    @property
    def range(self) -> str:
        if self.low == self.high == self.measured:
            return f"{self.measured:g}"
        return f"{self.measured:.2f} ({self.low:.2f}–{self.high:.2f})"


def at_most(what: str, ratio: Ratio, bar: float, note: str = "") -> Finding:
    return Finding(what, ratio.median, ratio.low, ratio.high, at_most=bar, note=note)


def at_least(what: str, ratio: Ratio, bar: float, note: str = "") -> Finding:
    return Finding(what, ratio.median, ratio.low, ratio.high, at_least=bar, note=note)


def shown(what: str, ratio: Ratio, note: str = "") -> Finding:
    return Finding(what, ratio.median, ratio.low, ratio.high, note=note)


def counted(what: str, number: int, most: int) -> Finding:
    """A number that is the same each time, such as round trips."""
    return Finding(what, number, number, number, at_most=most)


WHAT, MEASURED, BAR = 66, 20, 8


def heading() -> str:
    return f"{'what':<{WHAT}}  {'measured':<{MEASURED}}  {'bar':<{BAR}}  ok"


def table(findings: Iterable[Finding]) -> str:
    return "\n".join(_line(finding) for finding in findings)


def _line(finding: Finding) -> str:
    has_bar = finding.at_most is not None or finding.at_least is not None
    verdict = ("yes" if finding.ok else "NO") if has_bar else "–"
    text = f"{finding.what:<{WHAT}}  {finding.range:<{MEASURED}}  {finding.bar:<{BAR}}  {verdict:<3}"
    return f"{text}  {finding.note}".rstrip()

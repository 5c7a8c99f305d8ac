"""What was measured, beside what it must be."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

LONGEST = 470.0  # seconds for everything


@dataclass(frozen=True)
class Line:
    what: str
    measured: Any
    bar: str
    well: bool | None  # None: nothing depends on it


@dataclass
class Figures:
    longest: float = LONGEST
    began: float = field(default_factory=time.monotonic)
    lines: list[Line] = field(default_factory=list)

    def part(self, title: str) -> None:
        self.lines.append(Line(title, "", "", None))
        print(f"[{self.seconds:5.0f} s] {title}", flush=True)

    def exactly(self, what: str, measured: Any, wanted: Any) -> None:
        self._add(Line(what, measured, f"= {wanted}", measured == wanted))

    def at_least(self, what: str, measured: float | None, wanted: float) -> None:
        self._add(Line(what, measured, f">= {wanted}", measured is not None and measured >= wanted))

    def at_most(self, what: str, measured: float | None, wanted: float) -> None:
        self._add(Line(what, measured, f"<= {wanted}", measured is not None and measured <= wanted))

    def note(self, what: str, measured: Any) -> None:
        self._add(Line(what, measured, "", None))

    def _add(self, line: Line) -> None:
        self.lines.append(line)
        mark = {True: "ok ", False: "OFF", None: "   "}[line.well]
        print(f"  {mark} {line.what:<58} {line.measured!s:>12}  {line.bar}", flush=True)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def count(self) -> int:
        return sum(line.well is not None for line in self.lines)

    @property
    def off(self) -> list[Line]:
        return [line for line in self.lines if line.well is False]

    def wait(self, check: Callable[[], Any], seconds: float, every: float = 0.5) -> Any:
        """What `check` found at last; its last answer when the time is up, so that the figures tell what was missing."""
        end = min(time.monotonic() + seconds, self.began + self.longest)
        while True:
            found = check()
            if found or time.monotonic() > end:
                return found
            time.sleep(every)

"""How long there is. A call to a model must end before the function around it is killed."""

from __future__ import annotations

import time
from typing import Protocol

from sidedesk.ai.errors import OutOfTime

SETTLING_SECONDS = 1.5  # to write down what a call cost, after it
SHORTEST_CALL_SECONDS = 1.0


class LambdaContext(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


class Deadline:
    """A point in time, asked how far away it is."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @classmethod
    def of(cls, context: LambdaContext, *, keep_seconds: float = 2.0) -> Deadline:
        """The end of this invocation, less what its caller needs for its own last words."""
        return cls(context.get_remaining_time_in_millis() / 1000 - keep_seconds)

    def left(self) -> float:
        return self._end - time.monotonic()

    def within(self, seconds: float | None) -> Deadline:
        """The earlier of this one and `seconds` from now."""
        return Deadline(self.left() if seconds is None else min(seconds, self.left()))

    def call_timeout(self, longest: float) -> float:
        """How long one call may take, or the refusal to begin one."""
        seconds = min(longest, self.left() - SETTLING_SECONDS)
        if seconds < SHORTEST_CALL_SECONDS:
            raise OutOfTime()
        return seconds

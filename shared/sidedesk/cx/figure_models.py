"""What the figures of the pipeline look like."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from sidedesk.platform.models import Answer

Badge = Literal["green", "yellow", "red", "grey"]
Unit = Literal["replies", "percent", "mark", "seconds", "ratio", "characters"]


class Figure(Answer):
    """A figure, what it should be, and how it stands. Without anything to count it is null and grey, never zero."""

    value: float | None
    unit: Unit
    basis: Annotated[int, Field(description="how many replies, grades or waits it stands on")]
    target: float | None = None
    target_is: Literal["at_least", "at_most"] | None = None
    on_target: bool | None = None
    badge: Badge = "grey"


class Volume(Answer):
    total: Figure
    ai_drafted: Figure
    manual: Figure
    ai_drafted_percent: Figure


class Quality(Answer):
    tone: Figure
    accuracy: Figure
    policy: Figure
    overall: Figure


class Efficiency(Answer):
    response_mean: Figure
    response_median: Figure
    response_p90: Figure
    latency_mean: Figure
    latency_median: Figure
    latency_p90: Figure
    approval_mean: Figure
    approval_median: Figure
    sla_percent: Figure


class Learning(Answer):
    edit_distance: Figure
    edit_ratio: Figure
    approval_rate: Figure
    light_edit_rate: Annotated[Figure, Field(description="approved with at most a fifth changed, of all decisions")]


class Day(Answer):
    """A day of the organisation. What nothing happened for is null."""

    date: date
    drafted: int
    manual: int
    tone: float | None
    accuracy: float | None
    policy: float | None
    overall: float | None
    response_minutes: Annotated[float | None, Field(description="median")]
    approval_minutes: Annotated[float | None, Field(description="median")]
    sla_percent: float | None


class Metrics(Answer):
    days: int
    channel: str | None
    timezone: str
    sla_minutes: int
    volume: Volume
    quality: Quality
    efficiency: Efficiency
    learning: Learning
    daily: list[Day]
    edits: Annotated[list[int], Field(description="approved replies by share changed: 0 to .1, .1 to .2, … .9 to 1")]


class Tile(Answer):
    """The last seven days and the queue of this moment."""

    queue_size: Annotated[int, Field(description="open conversations in which a customer waits")]
    drafts_pending: int
    days: int
    sla_minutes: int
    response_mean: Figure
    sla_percent: Figure
    tone: Figure
    accuracy: Figure
    policy: Figure
    overall: Figure
    ai_drafted_percent: Figure

"""Opening hours: how much of a time was open, and when so many open seconds will have passed.

Open is when the clock on the wall says so. On the two days a year on which clocks are changed an hour is missing or comes
twice, and so do the opening hours in it. A shift over midnight belongs to the day on which it begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$", description="HH:MM, to 24:00")]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
# No calendar is closed for longer; who waits longer than that has asked for too much.
_FURTHEST = 20 * 366 * _DAY


class Hours(BaseModel):
    """An interval of a day. An end before the start is on the next morning."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    start: Clock
    end: Clock

    @model_validator(mode="after")
    def _some_time(self) -> Hours:
        if self.start == self.end or self.start == "24:00":
            raise ValueError("Opening hours need a start and another end; the whole day is 00:00 to 24:00.")
        return self


Intervals = Annotated[list[Hours], Field(max_length=10)]


class Week(BaseModel):
    """Days without hours are closed."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    mon: Intervals = []
    tue: Intervals = []
    wed: Intervals = []
    thu: Intervals = []
    fri: Intervals = []
    sat: Intervals = []
    sun: Intervals = []

    @model_validator(mode="after")
    def _open_at_all(self) -> Week:
        if not any(getattr(self, day) for day in DAYS):
            raise ValueError("Open on at least one day.")
        return self


def _office_week() -> Week:
    return Week.model_validate({day: [{"start": "09:00", "end": "17:00"}] for day in DAYS[:5]})


class BusinessHours(BaseModel):
    """What an organisation says about itself."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    week: Week = Field(default_factory=_office_week)
    timezone: Annotated[str | None, Field(max_length=100, description="an IANA zone; without, the organisation's")] = (
        None
    )
    country: Annotated[
        str | None, Field(pattern=r"^[A-Z]{2}$", description="closed on its public holidays, for example DE")
    ] = None
    region: Annotated[str | None, Field(max_length=20, description="of the country, for example BY")] = None
    closed_on: Annotated[list[str], Field(max_length=500, description="further closed days, as YYYY-MM-DD")] = []

    @classmethod
    def always(cls) -> BusinessHours:
        return cls(week=Week.model_validate({day: [{"start": "00:00", "end": "24:00"}] for day in DAYS}))

    @field_validator("closed_on")
    @classmethod
    def _dates(cls, value: list[str]) -> list[str]:
        try:
            return sorted({date.fromisoformat(day).isoformat() for day in value})
        except ValueError as error:
            raise ValueError("Write days as YYYY-MM-DD.") from error

    def calendar(self, zone: tzinfo) -> Calendar:
        """To compute with. The zone is the organisation's; these hours may name another."""
        return Calendar(self, ZoneInfo(self.timezone) if self.timezone else zone)


class Calendar:
    """Opening hours in a zone. It remembers the days it has looked at."""

    def __init__(self, hours: BusinessHours, zone: tzinfo) -> None:
        self._zone = zone
        self._week = [[_minutes(one) for one in getattr(hours.week, day)] for day in DAYS]
        self._closed = frozenset(date.fromisoformat(day) for day in hours.closed_on)
        self._holidays = _public_holidays(hours.country, hours.region) if hours.country else frozenset()
        self._days: dict[date, list[tuple[int, int]]] = {}

    def elapsed(self, start: datetime, end: datetime) -> float:
        """Open seconds from start to end; none when the end is not later."""
        first, last = _instant(start), _instant(end)
        return sum(until - since for since, until in self._open(first, last)) / _SECOND

    def add(self, start: datetime, seconds: float) -> datetime:
        """The first moment at which so many open seconds have passed since the start."""
        left, first = round(seconds * _SECOND), _instant(start)
        if left <= 0:
            return start
        for since, until in self._open(first, first + _FURTHEST):
            if until - since >= left:
                return (_EPOCH + (since + left) * _MICROSECOND).astimezone(start.tzinfo)
            left -= until - since
        raise OverflowError("these opening hours do not come to so much time in twenty years")

    def is_open(self, at: datetime) -> bool:
        moment = _instant(at)
        return any(True for _ in self._open(moment, moment + 1))

    def _open(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Open intervals between two instants, in order: stretch by stretch of one offset from UTC."""
        for since, until, offset in self._stretches(first, last):
            day, end = (since + offset) // _DAY, (until + offset - 1) // _DAY
            while day <= end:
                midnight = day * _DAY - offset
                for opens, closes in self._hours_of((_EPOCH + timedelta(days=day)).date()):
                    begin, finish = max(since, midnight + opens), min(until, midnight + closes)
                    if begin < finish:
                        yield begin, finish
                day += 1

    def _stretches(self, first: int, last: int) -> Iterator[tuple[int, int, int]]:
        """Parts of a time in which the clocks are not changed, with their offset. No zone changes twice within a day."""
        since = at = first
        offset = self._offset(first)
        while at < last:
            following = min(at + _DAY, last)
            changed = self._offset(following)
            if changed != offset:
                moved = self._moved(at, following, offset)
                yield since, moved, offset
                since, offset = moved, changed
            at = following
        if since < last:
            yield since, last, offset

    def _moved(self, before: int, after: int, old: int) -> int:
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if self._offset(middle) == old else (before, middle)
        return after

    def _offset(self, moment: int) -> int:
        shift = (_EPOCH + moment * _MICROSECOND).astimezone(self._zone).utcoffset()
        return 0 if shift is None else shift // _MICROSECOND

    def _hours_of(self, day: date) -> list[tuple[int, int]]:
        """Open parts of a day by its own clock, without overlaps."""
        if day not in self._days:
            parts = [(start, min(end, _DAY)) for start, end in self._shifts(day)]
            parts += [(0, end - _DAY) for _, end in self._shifts(day - timedelta(days=1)) if end > _DAY]
            self._days[day] = list(_merged(sorted(parts)))
        return self._days[day]

    def _shifts(self, day: date) -> list[tuple[int, int]]:
        return [] if day in self._closed or day in self._holidays else self._week[day.weekday()]


def check_holidays(country: str, region: str | None) -> None:
    """Raises ValueError with what is wrong. Needs the layer of text libraries."""
    import holidays

    known = holidays.list_supported_countries(include_aliases=False)
    if country not in known:
        raise ValueError(f"No public holidays are known for {country}. Leave it out and name the closed days instead.")
    if region is not None and region not in known[country]:
        some = ", ".join(known[country][:20]) or "none"
        raise ValueError(f"{country} has no region {region} with holidays of its own. Known: {some}.")


def _public_holidays(country: str, region: str | None) -> Any:
    import holidays

    return holidays.country_holidays(country, subdiv=region)


def _merged(parts: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    begin, finish = 0, 0
    for start, end in parts:
        if start > finish:
            if begin < finish:
                yield begin, finish
            begin = start
        finish = max(finish, end)
    if begin < finish:
        yield begin, finish


def _minutes(hours: Hours) -> tuple[int, int]:
    start, end = ((int(clock[:2]) * 60 + int(clock[3:])) * 60 * _SECOND for clock in (hours.start, hours.end))
    return start, end if end > start else end + _DAY


def _instant(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return (moment - _EPOCH) // _MICROSECOND

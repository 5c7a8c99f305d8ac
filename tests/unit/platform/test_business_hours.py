"""Opening hours against a referee that looks at the clock on the wall minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sidedesk.platform.business_hours import DAYS, BusinessHours, Calendar, check_holidays

# Whole hours, a change of half an hour, one at midnight, one that skipped a day, one backwards in summer, and none at all.
ZONES = (
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Beirut", "Pacific/Apia",
    "Africa/Casablanca", "Asia/Kathmandu", "UTC",
)  # fmt: skip
# Around changes of clocks in each of them, and any other time.
MOMENTS = (
    datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 3, 7, tzinfo=UTC),
    datetime(2026, 4, 4, tzinfo=UTC), datetime(2026, 9, 5, tzinfo=UTC), datetime(2011, 12, 29, tzinfo=UTC),
    datetime(2026, 2, 14, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC), datetime(2027, 12, 30, tzinfo=UTC),
)  # fmt: skip
DAY_MINUTES = 24 * 60


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def weeks(draw: st.DrawFn) -> dict[str, list[dict[str, str]]]:
    minute = st.integers(0, DAY_MINUTES - 1)
    pair = st.tuples(minute, minute | st.just(DAY_MINUTES)).filter(lambda two: two[0] != two[1])
    week = draw(
        st.fixed_dictionaries({day: st.lists(pair, max_size=3) for day in DAYS}).filter(lambda w: any(w.values()))
    )
    return {day: [{"start": clock(a), "end": clock(b)} for a, b in parts] for day, parts in week.items()}


@st.composite
def calendars(draw: st.DrawFn) -> tuple[BusinessHours, ZoneInfo, datetime]:
    begin = draw(st.sampled_from(MOMENTS)) + timedelta(minutes=draw(st.integers(0, 2 * DAY_MINUTES)))
    closed = draw(st.lists(st.integers(-1, 4), max_size=2))
    hours = BusinessHours.model_validate(
        {"week": draw(weeks()), "closed_on": [(begin.date() + timedelta(days=n)).isoformat() for n in closed]}
    )
    return hours, ZoneInfo(draw(st.sampled_from(ZONES))), begin


def open_at(hours: BusinessHours, zone: ZoneInfo, moment: datetime) -> bool:
    """The referee: today's hours, or last night's."""
    local = moment.astimezone(zone)
    minute = local.hour * 60 + local.minute

    def shifts(day: date) -> list[tuple[int, int]]:
        if day.isoformat() in hours.closed_on:
            return []
        found = []
        for one in getattr(hours.week, DAYS[day.weekday()]):
            start, end = (int(t[:2]) * 60 + int(t[3:]) for t in (one.start, one.end))
            found.append((start, end if end > start else end + DAY_MINUTES))
        return found

    today = local.date()
    return any(a <= minute < b for a, b in shifts(today)) or any(
        minute < b - DAY_MINUTES for _, b in shifts(today - timedelta(days=1))
    )


@given(calendars(), st.integers(0, 3 * DAY_MINUTES))
@settings(max_examples=150, deadline=None)
def test_elapsed_is_what_the_clock_on_the_wall_shows(
    given_: tuple[BusinessHours, ZoneInfo, datetime], length: int
) -> None:
    hours, zone, begin = given_
    counted = sum(open_at(hours, zone, begin + timedelta(minutes=n)) for n in range(length))
    assert hours.calendar(zone).elapsed(begin, begin + timedelta(minutes=length)) == counted * 60


@given(calendars(), st.lists(st.integers(0, 5 * 86_400), min_size=3, max_size=3))
@settings(max_examples=150, deadline=None)
def test_elapsed_grows_and_adds_up(given_: tuple[BusinessHours, ZoneInfo, datetime], cuts: list[int]) -> None:
    hours, zone, begin = given_
    calendar = hours.calendar(zone)
    first, second, third = (begin + timedelta(seconds=cut) for cut in sorted(cuts))
    whole = calendar.elapsed(first, third)
    assert calendar.elapsed(first, second) + calendar.elapsed(second, third) == whole
    assert 0 <= calendar.elapsed(first, second) <= whole <= (third - first).total_seconds()
    assert calendar.elapsed(third, first) == 0


@given(calendars(), st.integers(1, 10 * 86_400), st.integers(1, 3_600))
@settings(max_examples=150, deadline=None)
def test_a_deadline_is_the_first_moment_with_so_much_time(
    given_: tuple[BusinessHours, ZoneInfo, datetime], seconds: int, more: int
) -> None:
    hours, zone, begin = given_
    calendar = hours.calendar(zone)
    deadline = calendar.add(begin, seconds)
    assert calendar.elapsed(begin, deadline) == seconds
    assert calendar.elapsed(begin, deadline - timedelta(seconds=1)) == seconds - 1, "and none before"
    assert calendar.add(begin, seconds + more) >= deadline + timedelta(seconds=more)
    assert calendar.add(deadline, more) == calendar.add(begin, seconds + more)


def berlin(hours: BusinessHours | None = None) -> Calendar:
    return (hours or BusinessHours()).calendar(ZoneInfo("Europe/Berlin"))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


def test_the_usual_week() -> None:
    calendar = berlin()
    friday, monday = local("2026-06-19T16:50"), local("2026-06-22T09:05")
    assert calendar.elapsed(friday, monday) == 15 * 60
    assert calendar.add(friday, 15 * 60) == monday
    assert calendar.add(friday, 15 * 60).tzinfo is friday.tzinfo
    assert (calendar.is_open(friday), calendar.is_open(local("2026-06-20T12:00"))) == (True, False)
    assert (calendar.is_open(local("2026-06-22T09:00")), calendar.is_open(local("2026-06-22T17:00"))) == (True, False)
    assert calendar.add(friday, 0) == friday


def test_always_is_every_second_also_when_clocks_change() -> None:
    calendar = berlin(BusinessHours.always())
    for day in ("2026-03-29", "2026-10-25", "2026-12-25"):
        start = local(f"{day}T00:00")
        assert calendar.elapsed(start, start.astimezone(UTC) + timedelta(days=3)) == 3 * 86_400
    assert calendar.elapsed(local("2026-03-29T00:00"), local("2026-03-30T00:00")) == 23 * 3_600
    assert calendar.elapsed(local("2026-10-25T00:00"), local("2026-10-26T00:00")) == 25 * 3_600


def test_lunch_and_night() -> None:
    shifts = [
        {"start": "08:00", "end": "12:00"},
        {"start": "13:00", "end": "17:00"},
        {"start": "22:00", "end": "06:00"},
    ]
    calendar = berlin(BusinessHours.model_validate({"week": {"mon": shifts}, "closed_on": ["2026-06-23"]}))
    assert calendar.elapsed(local("2026-06-22T00:00"), local("2026-06-23T00:00")) == 10 * 3_600
    assert calendar.elapsed(local("2026-06-23T00:00"), local("2026-06-24T00:00")) == 6 * 3_600, "Monday's shift"
    assert calendar.add(local("2026-06-22T11:59"), 120) == local("2026-06-22T13:01")


def test_public_holidays_of_a_country_and_a_region() -> None:
    germany = berlin(BusinessHours(country="DE"))
    bavaria = berlin(BusinessHours(country="DE", region="BY"))
    week = local("2026-01-05T00:00"), local("2026-01-08T00:00")  # Epiphany on the Tuesday, in Bavaria
    assert (germany.elapsed(*week), bavaria.elapsed(*week)) == (24 * 3_600, 16 * 3_600)
    assert germany.elapsed(local("2026-12-25T00:00"), local("2026-12-26T00:00")) == 0
    check_holidays("DE", "BY")
    with pytest.raises(ValueError, match="XX"):
        check_holidays("XX", None)
    with pytest.raises(ValueError, match="Known: "):
        check_holidays("DE", "QQ")


def test_hours_may_name_their_own_zone() -> None:
    calendar = BusinessHours(timezone="Asia/Tokyo").calendar(ZoneInfo("Europe/Berlin"))
    assert calendar.is_open(datetime(2026, 6, 22, 0, 30, tzinfo=UTC))


def test_microseconds_are_kept() -> None:
    start = local("2026-06-22T16:59:59.999999")
    assert berlin().elapsed(start, start + timedelta(hours=1)) == 0.000001
    assert berlin().add(start, 0.000002) == local("2026-06-23T09:00:00.000001")


@pytest.mark.parametrize(
    "wrong",
    [
        {"week": {}},
        {"week": {"mon": [{"start": "09:00", "end": "09:00"}]}},
        {"week": {"mon": [{"start": "9:00", "end": "17:00"}]}},
        {"week": {"mon": [{"start": "24:00", "end": "09:00"}]}},
        {"week": {"mon": [{"start": "09:00", "end": "24:01"}]}},
        {"week": {"monday": []}},
        {"closed_on": ["31.12.2026"]},
        {"country": "Germany"},
    ],
)
def test_what_is_no_week_is_refused(wrong: dict) -> None:
    with pytest.raises(ValidationError):
        BusinessHours.model_validate(wrong)


def test_moments_need_a_zone_and_deadlines_an_end() -> None:
    with pytest.raises(ValueError, match="zone"):
        berlin().elapsed(datetime(2026, 6, 22), datetime(2026, 6, 23))  # noqa: DTZ001
    with pytest.raises(OverflowError):
        berlin().add(local("2026-06-22T09:00"), 10 * 366 * 86_400)

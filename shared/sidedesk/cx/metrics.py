"""Figures of the pipeline, by day and as a whole; `docs/cx-figures.md` says what each of them means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sidedesk.cx import targets
from sidedesk.cx.figure_models import Day, Efficiency, Figure, Learning, Metrics, Quality, Tile, Volume
from sidedesk.cx.models import Channel
from sidedesk.cx.repository import FIGURES_SQL
from sidedesk.platform.cx_options import CxOptions
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope
from sidedesk.platform.tenant_options import Options, tenant_options

TILE_DAYS: Final = 7
_NOTHING: Final[dict[str, Any]] = defaultdict(lambda: None)


@dataclass
class Waits:
    """Customers who waited: how many, and how many longer than promised in open hours."""

    total: int = 0
    late: int = 0
    by_day: dict[date, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))

    @property
    def percent(self) -> float | None:
        return targets.percent(self.total - self.late, self.total)


def metrics(database: Database, scope: AnyScope, *, days: int, channel: Channel | None, now: datetime) -> Metrics:
    """The organisation's last days, today included."""
    options = tenant_options(database, scope)
    today = now.astimezone(options.zone).date()
    first = today - timedelta(days=days - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=options.zone)
    values = _values(since, options.timezone, channel, now)
    with database.batch(scope) as batch:
        replies = batch.dicts(FIGURES_SQL["figures_replies"], values)
        overdue = batch.values(FIGURES_SQL["figures_overdue"], values)
        grades = batch.dicts(FIGURES_SQL["figures_grades"], values)
        edits = batch.dicts(FIGURES_SQL["figures_edits"], values)
        approvals = batch.dicts(FIGURES_SQL["figures_approvals"], values)
        latency = batch.dicts(FIGURES_SQL["figures_latency"], values)
    all_replies, replies_by = _split(replies.all())
    all_grades, grades_by = _split(grades.all())
    all_approvals, approvals_by = _split(approvals.all())
    waits = _waits(all_replies, replies_by, overdue.all(), options.options.cx, options.zone, now)
    tenths = {row["tenth"]: row["replies"] for row in edits.all()}
    return Metrics(
        days=days,
        channel=channel,
        timezone=options.timezone,
        sla_minutes=options.options.cx.sla_minutes,
        volume=_volume(all_replies),
        quality=_quality(all_grades),
        efficiency=_efficiency(all_replies, latency.first() or {}, all_approvals, waits),
        learning=_learning(all_grades),
        daily=[_day(first + timedelta(days=n), replies_by, grades_by, approvals_by, waits) for n in range(days)],
        edits=[tenths.get(n, 0) for n in range(1, 11)],
    )


def tile(database: Database, scope: AnyScope, *, now: datetime) -> Tile:
    """The short form, in one round trip: the queue now, and the last seven times 24 hours."""
    values = _values(now - timedelta(days=TILE_DAYS), "UTC", None, now)
    with database.batch(scope) as batch:
        told = batch.dicts(FIGURES_SQL["figures_options"])
        queue = batch.dicts(FIGURES_SQL["figures_queue"])
        replies = batch.dicts(FIGURES_SQL["figures_replies"], values)
        overdue = batch.values(FIGURES_SQL["figures_overdue"], values)
        grades = batch.dicts(FIGURES_SQL["figures_grades"], values)
    tenant = told.all()[0]
    cx = Options.model_validate(tenant["options"]).cx
    waiting = queue.all()[0]
    all_replies, by_day = _split(replies.all())
    all_grades, _ = _split(grades.all())
    waits = _waits(all_replies, by_day, overdue.all(), cx, ZoneInfo(tenant["timezone"]), now)
    quality = _quality(all_grades)
    return Tile(
        queue_size=waiting["waiting"],
        drafts_pending=waiting["pending"],
        days=TILE_DAYS,
        sla_minutes=cx.sla_minutes,
        response_mean=targets.plain(all_replies["mean"], "seconds", all_replies["responses"] or 0),
        sla_percent=_sla(waits),
        **{name: getattr(quality, name) for name in ("tone", "accuracy", "policy", "overall")},
        ai_drafted_percent=_volume(all_replies).ai_drafted_percent,
    )


def _values(since: datetime, zone: str, channel: str | None, now: datetime) -> dict[str, Any]:
    return {
        "since": since,
        "zone": zone,
        "channel": channel,
        "now": now,
        "light": targets.LIGHT_EDIT,
        "sla_minutes": CxOptions().sla_minutes,
    }


def _split(rows: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], dict[date, dict[str, Any]]]:
    """The whole period, and each day."""
    whole = next((row for row in rows if row["day"] is None), _NOTHING)
    return whole, {row["day"]: row for row in rows if row["day"] is not None}


def _waits(
    whole: dict[str, Any],
    by_day: dict[date, dict[str, Any]],
    overdue: Sequence[datetime],
    cx: CxOptions,
    zone: ZoneInfo,
    now: datetime,
) -> Waits:
    """Too long by the clock on the wall may still be within the promise: nobody promised to answer at night."""
    waits = Waits()
    for day, row in by_day.items():
        waits.by_day[day][0] = row["responses"]
        waits.total += row["responses"]
    asked, answered = whole["late_asked"] or [], whole["late_at"] or []
    if not asked and not overdue:
        return waits
    calendar, promise = cx.business_hours.calendar(zone), cx.sla_minutes * 60
    for start, end in zip(asked, answered, strict=True):
        if calendar.elapsed(start, end) > promise:
            waits.late += 1
            waits.by_day[end.astimezone(zone).date()][1] += 1
    for start in overdue:
        if calendar.elapsed(start, now) > promise:
            # Nobody has answered yet, and in time it cannot be any more.
            today = waits.by_day[now.astimezone(zone).date()]
            waits.total, waits.late = waits.total + 1, waits.late + 1
            today[0], today[1] = today[0] + 1, today[1] + 1
    return waits


def _sla(waits: Waits) -> Figure:
    return targets.at_least(waits.percent, "percent", waits.total, targets.SLA, targets.SLA[0])


def _volume(row: dict[str, Any]) -> Volume:
    total, drafted = row["replies"] or 0, row["drafted"] or 0
    share = targets.percent(drafted, total)
    return Volume(
        total=targets.plain(total, "replies", total),
        ai_drafted=targets.plain(drafted, "replies", total),
        manual=targets.plain(total - drafted, "replies", total),
        ai_drafted_percent=targets.at_least(share, "percent", total, targets.DRAFTED, targets.DRAFTED[0]),
    )


def _quality(row: dict[str, Any]) -> Quality:
    decisions = row["decisions"] or 0
    return Quality(
        **{name: targets.mark(name, row[name], decisions) for name in ("tone", "accuracy", "policy", "overall")}
    )


def _efficiency(
    replies: dict[str, Any], latency: dict[str, Any], approvals: dict[str, Any], waits: Waits
) -> Efficiency:
    responses, notes, approved = replies["responses"] or 0, latency.get("notes") or 0, approvals["approvals"] or 0
    return Efficiency(
        response_mean=targets.plain(replies["mean"], "seconds", responses),
        response_median=targets.plain(replies["median"], "seconds", responses),
        response_p90=targets.plain(replies["p90"], "seconds", responses),
        latency_mean=targets.plain(latency.get("mean"), "seconds", notes),
        latency_median=targets.plain(latency.get("median"), "seconds", notes),
        latency_p90=targets.plain(latency.get("p90"), "seconds", notes),
        approval_mean=targets.plain(approvals["mean"], "seconds", approved),
        approval_median=targets.at_most(approvals["median"], "seconds", approved, targets.APPROVAL_SECONDS),
        sla_percent=_sla(waits),
    )


def _learning(row: dict[str, Any]) -> Learning:
    decisions, measured = row["decisions"] or 0, row["measured"] or 0
    rate = targets.percent(row["approved"] or 0, decisions)
    light = targets.percent(row["light"] or 0, decisions)
    return Learning(
        edit_distance=targets.plain(row["edit_distance"], "characters", measured),
        edit_ratio=targets.plain(row["edit_ratio"], "ratio", measured),
        approval_rate=targets.plain(rate, "percent", decisions),
        light_edit_rate=targets.at_least(light, "percent", decisions, targets.LIGHT, targets.LIGHT[0]),
    )


def _day(
    day: date,
    replies_by: dict[date, dict[str, Any]],
    grades_by: dict[date, dict[str, Any]],
    approvals_by: dict[date, dict[str, Any]],
    waits: Waits,
) -> Day:
    replies = replies_by.get(day, _NOTHING)
    grades = grades_by.get(day, _NOTHING)
    approvals = approvals_by.get(day, _NOTHING)
    total, late = waits.by_day.get(day, (0, 0))
    sla = targets.percent(total - late, total)
    return Day(
        date=day,
        drafted=replies["drafted"] or 0,
        manual=(replies["replies"] or 0) - (replies["drafted"] or 0),
        **{name: _rounded(grades[name]) for name in ("tone", "accuracy", "policy", "overall")},
        response_minutes=_minutes(replies["median"]),
        approval_minutes=_minutes(approvals["median"]),
        sla_percent=_rounded(sla),
    )


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 60, 2)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)

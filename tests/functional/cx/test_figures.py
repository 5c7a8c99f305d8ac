"""Figures: worked out by hand from a few replies, empty without any, and one organisation's alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sidedesk.cx import metrics
from tests.support.cx import Cx, ago
from tests.support.lambdas import client
from tests.support.world import World

BERLIN = ZoneInfo("Europe/Berlin")
# A Wednesday, 15:00 in Berlin: inside the opening hours.
NOW = datetime(2026, 11, 18, 14, 0, tzinfo=UTC)


def at(hour: int, minute: int = 0, day: int = 18) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=BERLIN)


@pytest.fixture
def cx(world: World) -> Cx:
    return Cx(world)


def read(cx: Cx, days: int = 30, **options: Any) -> Any:
    return metrics.metrics(
        cx.world.database, cx.tenant.scope("member"), days=days, channel=options.get("channel"), now=NOW
    )


def test_nothing_happened_yet(world: World) -> None:
    reply = client("cx/cx_api")("GET", "/api/cx/metrics?days=7", token=world.northwind.tokens["member"])
    assert reply.status == 200, reply.text
    found = reply.json
    figures = [one for group in ("volume", "quality", "efficiency", "learning") for one in found[group].values()]
    assert {figure["badge"] for figure in figures} == {"grey"}
    assert {figure["value"] for figure in figures if figure["unit"] != "replies"} == {None}
    assert len(found["daily"]) == 7
    assert found["daily"][0]["overall"] is None
    assert found["edits"] == [0] * 10


def test_the_figures_of_four_replies(cx: Cx) -> None:
    cx.answered(at(9), 10, edit_ratio=0.05, grades=(5, 5, 5))
    cx.answered(at(10), 20, edit_ratio=0.15, grades=(4, 5, 5), note_after=2)
    cx.answered(at(11), 30, edit_ratio=0.55, grades=(3, 2, 4), note_after=3, channel="email")
    cx.by_hand(at(12), 5)
    rejected = cx.draft(cx.conversation(), status="rejected")
    cx.grading(
        rejected, 1, 2, 3, approved=False, human_reply=None, edit_ratio=None, edit_distance=None, graded_at=at(13)
    )
    found = read(cx)
    assert (found.volume.total.value, found.volume.ai_drafted.value, found.volume.manual.value) == (4, 3, 1)
    assert (found.volume.ai_drafted_percent.value, found.volume.ai_drafted_percent.badge) == (75, "red")
    assert found.volume.ai_drafted_percent.target == 90
    assert (found.quality.tone.value, found.quality.accuracy.value, found.quality.policy.value) == (3.25, 3.5, 4.25)
    assert [found.quality.tone.badge, found.quality.policy.badge] == ["red", "yellow"]
    assert found.quality.overall.value == pytest.approx((5 + 14 / 3 + 3 + 2) / 4, abs=0.01)
    assert found.efficiency.response_mean.value == (10 + 20 + 30 + 5) * 60 / 4
    assert found.efficiency.response_median.value == 15 * 60
    assert found.efficiency.latency_median.value == 120
    # From note to approval: 9, 18 and 27 minutes.
    assert found.efficiency.approval_median.value == 18 * 60
    assert (found.efficiency.approval_median.badge, found.efficiency.approval_median.on_target) == ("yellow", False)
    # Ten and five minutes are within a quarter of an hour, the others are not.
    assert (found.efficiency.sla_percent.value, found.efficiency.sla_percent.badge) == (50, "red")
    assert found.learning.edit_ratio.value == 0.25
    assert found.learning.approval_rate.value == 75
    assert (found.learning.light_edit_rate.value, found.learning.light_edit_rate.basis) == (50, 4)
    assert found.edits == [1, 1, 0, 0, 0, 1, 0, 0, 0, 0]
    today = found.daily[-1]
    assert (str(today.date), today.drafted, today.manual, today.approval_minutes) == ("2026-11-18", 3, 1, 18)
    only = read(cx, channel="email")
    assert (only.volume.total.value, only.efficiency.response_mean.value, only.learning.edit_ratio.value) == (
        1,
        1800,
        0.55,
    )


def test_badges_turn_green_on_target(cx: Cx) -> None:
    for minute in range(10):
        cx.answered(at(9, minute), 5)
    found = read(cx, days=7)
    judged = [found.volume.ai_drafted_percent, found.quality.tone, found.quality.overall, found.efficiency.sla_percent]
    judged += [found.efficiency.approval_median, found.learning.light_edit_rate]
    assert {figure.badge for figure in judged} == {"green"}
    assert found.quality.policy.on_target is True


def test_a_night_is_no_waiting(cx: Cx) -> None:
    # Tuesday 16:55 to Wednesday 09:05: ten open minutes.
    cx.by_hand(at(16, 55, day=17), 16 * 60 + 10)
    found = read(cx)
    assert found.efficiency.response_mean.value == (16 * 60 + 10) * 60
    assert found.efficiency.sla_percent.value == 100
    cx.world.sql("""UPDATE tenants SET options = '{"cx": {"sla_minutes": 5}}' WHERE id = %s""", (cx.tenant.id,))
    assert read(cx).efficiency.sla_percent.value == 0


def test_who_still_waits_too_long_counts_as_late(cx: Cx) -> None:
    cx.answered(at(9), 5)
    asked = at(10)
    cx.conversation(last_incoming_at=asked, waiting_since=asked)
    cx.conversation(last_incoming_at=asked, waiting_since=asked, status="resolved")
    cx.conversation(last_incoming_at=at(14, 55), waiting_since=at(14, 55))
    assert (read(cx).efficiency.sla_percent.value, read(cx).efficiency.sla_percent.basis) == (50, 2)


def test_a_wait_begins_with_the_first_message_nobody_answered(cx: Cx) -> None:
    which = cx.conversation()
    for minute in (0, 4, 8):
        cx.message(which, written_at=at(9, minute))
    cx.message(which, "Auto reply", written_at=at(9, 9), machine="an automatic reply")
    cx.message(which, "Here.", direction="outgoing", written_at=at(9, 10))
    cx.message(which, "And this.", direction="outgoing", written_at=at(9, 40))
    found = read(cx)
    assert (found.volume.total.value, found.efficiency.response_mean.basis) == (2, 1)
    assert found.efficiency.response_mean.value == 600


def test_a_reply_counts_before_chatwoot_tells_of_it(cx: Cx) -> None:
    which = cx.answered(at(9), 10)
    cx.world.sql("DELETE FROM cx_messages WHERE direction = 'outgoing' AND conversation_id = %s", (which,))
    assert read(cx).volume.ai_drafted.value == 1


def test_days_are_those_of_the_organisation(cx: Cx) -> None:
    cx.by_hand(datetime(2026, 11, 16, 22, 50, tzinfo=UTC), 5)  # 23:55 in Berlin, still Monday
    cx.by_hand(datetime(2026, 11, 16, 23, 5, tzinfo=UTC), 5)
    by_day = {str(day.date): day.manual for day in read(cx, days=7).daily}
    assert (by_day["2026-11-16"], by_day["2026-11-17"]) == (1, 1)
    cx.by_hand(datetime(2026, 11, 11, 22, 40, tzinfo=UTC), 5)  # 23:45 on the day before the first of seven
    cx.by_hand(datetime(2026, 11, 11, 23, 5, tzinfo=UTC), 5)
    assert read(cx, days=7).volume.total.value == 3


def test_the_tile_is_one_round_trip(cx: Cx) -> None:
    cx.answered(ago(hours=1), 10)
    waiting = cx.conversation(waiting_since=ago(minutes=1))
    cx.draft(waiting)
    database, before = cx.world.database, cx.world.database.round_trips
    found = metrics.tile(database, cx.tenant.scope("member"), now=datetime.now(UTC))
    assert database.round_trips == before + 1
    assert (found.queue_size, found.drafts_pending, found.ai_drafted_percent.value) == (1, 1, 100)
    assert (found.tone.badge, found.response_mean.value) == ("green", 600)
    reply = client("cx/cx_api")("GET", "/api/cx/tile", token=cx.tenant.tokens["member"])
    assert (reply.status, reply.json["sla_minutes"]) == (200, 15)


def test_only_members_and_only_their_own(cx: Cx) -> None:
    cx.answered(ago(hours=1), 10)
    call = client("cx/cx_api")
    for path in ("metrics", "tile", "health", "missed", "experiments"):
        assert call("GET", f"/api/cx/{path}", token=cx.tenant.tokens["viewer"]).status == 403
    assert call("GET", "/api/cx/metrics?days=8", token=cx.tenant.tokens["member"]).status == 400
    other = call("GET", "/api/cx/metrics", token=cx.world.contoso.tokens["member"])
    assert (other.status, other.json["volume"]["total"]["value"]) == (200, 0)


def test_ninety_busy_days_are_quick(cx: Cx) -> None:
    """Thirty thousand replies, half of them late: within what a page may take."""
    cx.world.sql(
        """
        WITH c AS (
          INSERT INTO cx_conversations (conversation_id, tenant_id, integration_id, display_id)
          SELECT gen_random_uuid(), %(tenant)s, %(integration)s, n FROM generate_series(1, 10000) n RETURNING conversation_id, display_id)
        INSERT INTO cx_messages (tenant_id, integration_id, message_id, conversation_id, direction, content, written_at, found_by, told)
        SELECT %(tenant)s, %(integration)s, c.display_id * 10 + k, c.conversation_id, CASE WHEN k %% 2 = 0 THEN 'incoming' ELSE 'outgoing' END, 'text',
               %(now)s::timestamptz - make_interval(mins => (c.display_id * 12)::int) + make_interval(mins => (k * (c.display_id %% 50))::int), 'webhook', true
          FROM c, generate_series(0, 5) k
        """,
        {"tenant": cx.tenant.id, "integration": cx.integration, "now": NOW},
    )
    cx.world.sql("ANALYZE cx_messages; ANALYZE cx_conversations")
    before = datetime.now(UTC)
    found = read(cx, days=90)
    took = datetime.now(UTC) - before
    assert found.volume.total.value == 30_000
    print(f"30,000 replies: {took.total_seconds():.2f} s")
    assert took < timedelta(seconds=6)

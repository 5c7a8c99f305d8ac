"""Replies in the life of a person and an organisation: erasure and export."""

from __future__ import annotations

from typing import Any

import pytest

from sidedesk.cx import lifecycle
from tests.functional.platform.test_data_rights import everywhere
from tests.support.cx import Cx, ago
from tests.support.lambdas import client
from tests.support.world import World

DANA = "dana@example.com"
ELSE = {"name": "Otto Kern", "email": "otto@example.org"}


@pytest.fixture
def cx(world: World) -> Cx:
    return Cx(world)


def forget(cx: Cx, subject: str) -> dict[str, int]:
    return lifecycle.forget(cx.world.database, cx.tenant.system, subject)


def texts(cx: Cx) -> str:
    return str(list(lifecycle.export(cx.world.database, cx.tenant.system)))


def test_a_customer_is_nowhere_afterwards_and_the_figures_stay(cx: Cx) -> None:
    talk = cx.answered(ago(hours=2), 10)
    [(draft,)] = cx.world.sql("SELECT id FROM cx_drafts")
    cx.signal(talk, draft=draft, customer_message=f"Where is it? {DANA}")
    cx.world.sql("UPDATE cx_conversations SET summary = 'Dana Whitfield asks', wish_instruction = 'greet Dana'")
    other = cx.conversation(contact=ELSE)
    cx.message(other, f"My sister is {DANA.upper()}", author="Otto Kern")
    cx.message(other, "Nothing about anybody", author="Otto Kern")
    call = client("cx/cx_api")
    before = call("GET", "/api/cx/metrics", token=cx.tenant.tokens["member"]).json
    done = forget(cx, DANA)
    assert done["conversations"] == 1
    assert done["messages"] == 3
    assert everywhere(cx.world, DANA) == []
    assert "Whitfield" not in texts(cx)
    assert "greet Dana" not in texts(cx)
    assert "Nothing about anybody" in texts(cx)
    assert "otto@example.org" in texts(cx)
    after = call("GET", "/api/cx/metrics", token=cx.tenant.tokens["member"]).json
    assert after == before
    assert sum(forget(cx, DANA).values()) == 0


def test_a_draft_that_waits_is_closed_and_one_on_its_way_does_not_go_out(cx: Cx) -> None:
    waiting = cx.draft(cx.conversation())
    free, held = cx.draft(cx.conversation(), status="sending"), cx.draft(cx.conversation(), status="sending")
    for draft, leased in ((free, None), (held, ago(minutes=-1))):
        cx.grading(draft)
        [(talk,)] = cx.world.sql("SELECT conversation_id FROM cx_drafts WHERE id = %s", (draft,))
        cx.reply(draft, talk, status="sending", message_id=None, sent_at=None, leased_until=leased)
    forget(cx, DANA)
    assert dict(cx.world.sql("SELECT id, status FROM cx_drafts")) == {
        waiting: "closed",
        free: "closed",
        held: "closed",
    }
    assert cx.world.sql("SELECT count(*) FROM cx_replies") == [(0,)]  # nobody sends "Erased." to a customer


def test_a_colleague_leaves_decisions_without_a_name(cx: Cx) -> None:
    member = cx.tenant.users["member"].email
    talk = cx.answered(ago(hours=2), 10)
    [(draft,)] = cx.world.sql("SELECT id FROM cx_drafts")
    cx.world.sql("UPDATE cx_drafts SET decided_by = %(m)s, requested_by = %(m)s, escalated_to = %(m)s", {"m": member})
    cx.world.sql("UPDATE cx_conversations SET wish_by = %s", (member,))
    cx.signal(talk, draft=draft, graded_by=member)
    lifecycle.seed_tenant(cx.world.database, cx.tenant.system)
    call = client("cx/cx_api")
    token = cx.tenant.tokens["member"]
    item = call("GET", "/api/cx/calibration", token=token).json["next"][0]["id"]
    marks = {"tone": 3, "accuracy": 3, "policy": 3}
    assert call("POST", f"/api/cx/calibration/{item}/grades", body=marks, token=token).status == 201
    forget(cx, member)
    assert member not in texts(cx)
    assert cx.world.sql("SELECT count(*) FROM customer_reply_grading WHERE graded_by = 'forgotten'") == [(1,)]
    assert cx.world.sql("SELECT count(*) FROM cx_gold_grades") == [(0,)]


def test_a_phone_number_finds_its_conversation_and_a_short_word_finds_nothing(cx: Cx) -> None:
    cx.message(cx.conversation(), "an only word")
    assert sum(forget(cx, "only").values()) == 0
    assert forget(cx, "+49 30 5550 1234")["conversations"] == 1


def test_only_within_the_own_organisation(cx: Cx) -> None:
    cx.answered(ago(hours=2), 10)
    assert sum(lifecycle.forget(cx.world.database, cx.world.contoso.system, DANA).values()) == 0
    assert list(lifecycle.export(cx.world.database, cx.world.contoso.system)) == []
    assert DANA in texts(cx)


def test_an_export_holds_every_table(cx: Cx) -> None:
    declared: set[Any] = {table for table, _ in lifecycle._TABLES}
    there = cx.world.sql(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND (relname LIKE 'cx\\_%' OR relname = 'customer_reply_grading')"
    )
    assert declared == {name for (name,) in there}
    cx.answered(ago(hours=2), 10)
    found = {table for table, _ in lifecycle.export(cx.world.database, cx.tenant.system)}
    assert found == {"cx_conversations", "cx_messages", "cx_drafts", "cx_notes", "customer_reply_grading", "cx_replies"}

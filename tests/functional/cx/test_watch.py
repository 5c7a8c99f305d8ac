"""What happens by the clock: lost queue messages, broken promises, lost deliveries, machines that write without end, examples."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from sidedesk.ai.gateway import Deadline
from sidedesk.cx import reconcile, tools, watch
from sidedesk.platform import delivery
from tests.support.replies import Replies

QUESTION = "How long does delivery to Portugal take?"


@pytest.fixture
def nudged(replies: Replies, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    seen: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(delivery, "nudge", lambda queue, body, **_: seen.append((queue, body)))
    return seen


def tick(replies: Replies) -> dict[str, int]:
    work = tools.workshop(lambda: replies.world.database, Deadline(60))
    return watch.tick(replies.world.database, work, public_url="http://127.0.0.1:8080", until=time.monotonic() + 50)


def visit(replies: Replies) -> int:
    work = tools.workshop(lambda: replies.world.database, Deadline(60))
    return reconcile.visit_all(replies.world.database, work, until=time.monotonic() + 50)


def test_a_lost_queue_message_is_sent_again(replies: Replies, nudged: list[tuple[str, dict[str, Any]]]) -> None:
    talk = replies.customer()
    talk.says(QUESTION)
    replies.hear()
    nudged.clear()
    assert tick(replies)["redelivered"] == 0  # it is not late yet
    replies.world.sql("UPDATE cx_conversations SET draft_due_at = now() - interval '1 minute'")
    assert tick(replies)["redelivered"] == 1
    assert nudged[0][0] == "draft_reply"
    (waiting,) = replies.draft()
    replies.approve(waiting["id"])
    replies.world.sql("UPDATE cx_replies SET approved_at = now() - interval '1 minute'")
    nudged.clear()
    assert tick(replies)["redelivered"] == 1
    assert (nudged[0][0], nudged[0][1]["kind"]) == ("post_message", "reply")


def test_a_broken_promise_is_told_once(replies: Replies) -> None:
    replies.asked(QUESTION)
    assert tick(replies)["alerted"] == 0
    replies.world.sql("UPDATE cx_conversations SET sla_due_at = now() - interval '1 minute'")
    assert tick(replies)["alerted"] == 1
    assert tick(replies)["alerted"] == 0
    told = replies.world.sql("SELECT recipient FROM notifications WHERE kind = 'cx_sla_breached' ORDER BY 1")
    assert told == [("admin@northwind.example",), ("owner@northwind.example",)]


def test_messages_no_webhook_told_us_are_found(replies: Replies) -> None:
    first, second = replies.customer(), replies.customer("Leo Marchetti")
    first.says(QUESTION)
    second.says("My parcel arrived damaged. What now?")
    replies.deliveries()  # lost, all of them
    assert replies.draft() == []
    assert visit(replies) >= 2
    assert {one["chatwoot_conversation"] for one in replies.draft()} >= {first.display_id, second.display_id}
    found = replies.world.sql(
        "SELECT count(*) FROM cx_messages WHERE NOT told AND direction = 'incoming' AND content = %s", (QUESTION,)
    )
    assert found == [(1,)]
    assert visit(replies) == 0


def test_a_late_delivery_is_no_longer_missed(replies: Replies) -> None:
    talk = replies.customer()
    talk.says(QUESTION)
    deliveries = replies.deliveries()
    visit(replies)
    assert replies.world.sql("SELECT told FROM cx_messages WHERE content = %s", (QUESTION,)) == [(False,)]
    for headers, body in deliveries:
        replies.deliver(headers, body)
    assert replies.world.sql("SELECT told FROM cx_messages WHERE content = %s", (QUESTION,)) == [(True,)]


def test_a_conversation_that_writes_without_end_is_paused(replies: Replies) -> None:
    replies.world.sql("UPDATE tenants SET options = jsonb_set(options, '{cx,max_drafts_per_hour}', '3')")
    talk = replies.customer()
    for number in range(5):
        talk.says(f"Automatic message number {number}")
        replies.hear()
        replies.draft()
    assert replies.world.sql(
        "SELECT count(*), max(paused_until) > now() FROM cx_drafts, cx_conversations WHERE display_id = %s",
        (talk.display_id,),
    ) == [(3, True)]
    told = replies.world.sql("SELECT DISTINCT kind FROM notifications")
    assert told == [("cx_paused",)]


def test_our_own_messages_and_machines_start_nothing(replies: Replies) -> None:
    talk, waiting = replies.asked(QUESTION)
    replies.approve(waiting["id"])
    replies.send()
    replies.hear()  # the echo of our note and our reply
    assert replies.draft() == []
    mail = replies.customer("Mail Delivery Subsystem", "northwind-mail")
    mail.says("Undelivered Mail Returned to Sender")
    replies.hear()
    assert [one["chatwoot_conversation"] for one in replies.draft()] == []
    assert len(talk.sees()) == 1


def test_approved_replies_become_examples(replies: Replies) -> None:
    _, waiting = replies.asked(QUESTION)
    own = "Hi Dana,\n\nDelivery to Portugal takes three to five working days. You get the tracking link as soon as it leaves us."
    assert replies.approve(waiting["id"], reply=own).status == 200
    assert tick(replies)["learned"] == 0  # it is not out yet
    replies.send()
    assert tick(replies)["learned"] == 1
    assert tick(replies)["learned"] == 0
    _, again = replies.asked("How many days does delivery to Portugal take?", "Leo Marchetti")
    draft = replies.detail(again["id"])
    assert any("tracking link" in example for example in draft["examples"]), draft["examples"]
    assert not any("Dana" in example for example in draft["examples"])


def test_a_long_thread_is_summed_up(replies: Replies) -> None:
    talk = replies.customer()
    for number in range(14):
        talk.says(f"I have one more thing to say about my order, number {number}.")
        replies.agent(talk, f"Thank you, I have noted point {number}.")
    talk.says(QUESTION)
    replies.hear()
    (waiting,) = replies.draft()
    draft = replies.detail(waiting["id"])
    assert draft["summary"]
    assert draft["customer_message"] == QUESTION


def test_a_model_that_is_down_loses_nothing(replies: Replies) -> None:
    talk = replies.customer()
    talk.says(QUESTION)
    replies.hear()
    replies.outside.fault("openai", route="/*", status=503)
    assert replies.draft() == []
    problem, due = replies.world.sql(
        "SELECT draft_problem, draft_due_at FROM cx_conversations WHERE display_id = %s", (talk.display_id,)
    )[0]
    assert problem
    assert due > datetime.now(UTC)
    replies.outside.reset()
    replies.world.sql("UPDATE cx_conversations SET draft_due_at = now() WHERE draft_due_at IS NOT NULL")
    replies.world.sql("DELETE FROM ai_breakers")
    assert [one["chatwoot_conversation"] for one in replies.draft()] == [talk.display_id]


def test_the_same_marks_for_everything_are_told_once(replies: Replies) -> None:
    replies.world.sql("UPDATE tenants SET options = jsonb_set(options, '{cx,straight_lining_alert}', '3')")
    for number in range(3):
        _, waiting = replies.asked(f"{QUESTION} Question number {number}.")
        assert replies.approve(waiting["id"]).status == 200
        replies.send()
        assert tick(replies)["hollow"] == (1 if number == 2 else 0)
    tick(replies)
    told = replies.world.sql("SELECT recipient, title FROM notifications WHERE kind = 'cx_hollow_grades' ORDER BY 1")
    assert [recipient for recipient, _ in told] == ["admin@northwind.example", "owner@northwind.example"]
    assert told[0][1].startswith("member@northwind.example")

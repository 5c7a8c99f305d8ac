"""What the schema refuses, whoever asks: replies without a graded approval, marks outside 1 to 5, two live drafts."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.support.replies import Replies

QUESTION = "How long does delivery to Portugal take?"
REPLY = (
    "INSERT INTO cx_replies (draft_id, tenant_id, post_id, conversation_id, content, last_message_id, approved_by{more}) "
    "SELECT id, tenant_id, gen_random_uuid(), conversation_id, reply, last_message_id, 'somebody'{values} FROM cx_drafts"
)
GRADING = (
    "INSERT INTO customer_reply_grading (id, conversation_id, draft_reply, tone, accuracy, policy, approved, graded_by, tenant_id, draft_id) "
    "SELECT gen_random_uuid(), 'c', reply, %(tone)s, %(accuracy)s, %(policy)s, %(approved)s, 'somebody', tenant_id, id FROM cx_drafts"
)
MARKS: dict[str, Any] = {"tone": 5, "accuracy": 5, "policy": 5, "approved": True}


def refused_by(replies: Replies, constraint: str, statement: str, values: dict[str, Any] | None = None) -> None:
    """As the owner of the tables: not even the superuser gets past the schema."""
    with pytest.raises(psycopg.errors.IntegrityError) as refusal:
        replies.world.sql(statement, values)
    assert constraint in (refusal.value.diag.constraint_name or refusal.value.diag.column_name or "")


def test_no_reply_without_grades(replies: Replies) -> None:
    replies.asked(QUESTION)
    plain = REPLY.format(more="", values="")
    refused_by(replies, "cx_replies_need_grades", plain)
    replies.world.sql(GRADING, MARKS | {"approved": False})
    refused_by(replies, "cx_replies_need_grades", plain)
    refused_by(replies, "cx_replies_approved", REPLY.format(more=", approved", values=", false"))


def test_an_approval_that_a_reply_stands_on_cannot_be_taken_away(replies: Replies) -> None:
    _, waiting = replies.asked(QUESTION)
    assert replies.approve(waiting["id"]).status == 200
    refused_by(replies, "cx_replies_need_grades", "DELETE FROM customer_reply_grading")
    refused_by(replies, "cx_replies_need_grades", "UPDATE customer_reply_grading SET approved = false")
    refused_by(replies, "tone", "UPDATE customer_reply_grading SET tone = NULL")


@pytest.mark.parametrize("mark", ["tone", "accuracy", "policy"])
@pytest.mark.parametrize("value", [0, 6, 9, -1, None])
def test_each_mark_is_checked_by_itself(replies: Replies, mark: str, value: int | None) -> None:
    replies.asked(QUESTION)
    refused_by(replies, mark, GRADING, MARKS | {mark: value})


def test_a_conversation_has_one_live_draft(replies: Replies) -> None:
    replies.asked(QUESTION)
    columns = [name for (name,) in replies.world.sql(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'cx_drafts' AND column_name NOT IN ('id', 'number')"
    )]  # fmt: skip
    names = ", ".join(columns)
    statement = f"INSERT INTO cx_drafts (id, number, {names}) SELECT %(id)s, number + 1, {names} FROM cx_drafts"
    refused_by(replies, "cx_drafts_one_live", statement, {"id": uuid4()})


def test_flagged_goes_out_only_with_a_reason_that_is_kept(replies: Replies) -> None:
    talk, waiting = replies.asked(QUESTION)
    own = "Hi Dana,\n\nWe guarantee a full refund of 500 euros, see https://evil.example/pay now."
    answer = replies.approve(waiting["id"], reply=own)
    assert (answer.status, answer.json["code"]) == (409, "flagged")
    assert {detail["field"] for detail in answer.json["details"]} >= {"promise", "foreign_link"}
    assert replies.approve(waiting["id"], reply=own, override="no").status == 400
    assert replies.approve(waiting["id"], reply=own, override="Agreed with the head of sales.").status == 200
    replies.send()
    assert talk.sees() == [own]
    kept = replies.world.sql(
        "SELECT metadata ->> 'override', metadata ->> 'overridden_flags' FROM audit_events WHERE event = 'cx.approved'"
    )
    assert kept[0][0] == "Agreed with the head of sales."
    assert "promise" in kept[0][1]

"""From a customer's message to exactly one reply, with every decision a person can take on the way."""

from __future__ import annotations

import pytest

from tests.support.replies import GRADES, Replies

QUESTION = "How long does delivery to Portugal take?"


def test_a_message_becomes_a_note_a_draft_and_one_reply(replies: Replies) -> None:
    talk, waiting = replies.asked(QUESTION)
    draft = replies.detail(waiting["id"])
    assert "three to five working days" in draft["draft"]
    assert [item["source_id"] for item in draft["evidence"]], draft["evidence"]
    assert draft["sources"][0]["title"] == "Delivery times"
    assert {check["group"] for check in draft["validation"]} >= {"tone", "citations", "staleness", "injection"}
    note = replies.notes(talk)
    assert len(note) == 1
    assert "Delivery times" in note[0]
    assert draft["note_posted"] is True
    assert talk.sees() == []  # nothing reaches a customer before a person decides

    answer = replies.approve(draft["id"])
    assert (answer.status, answer.json["status"], answer.json["edit_ratio"]) == (200, "sending", 0)
    replies.send()
    replies.send()
    assert talk.sees() == [draft["draft"]]
    after = replies.detail(draft["id"])
    assert (after["status"], after["decision"]["graded_by"]) == ("sent", "member@northwind.example")
    assert {name: after["decision"][name] for name in GRADES} == GRADES


def test_a_burst_is_one_draft(replies: Replies) -> None:
    talk = replies.customer()
    for text in ("Hi!", "I have a question.", QUESTION, "And what does it cost?", "Thank you!"):
        talk.says(text)
    assert replies.hear() >= 5
    waiting = replies.draft()
    assert len(waiting) == 1
    assert replies.draft() == waiting
    draft = replies.detail(waiting[0]["id"])
    assert "And what does it cost?" in draft["customer_message"]


def test_duplicates_and_disorder_change_nothing(replies: Replies) -> None:
    talk = replies.customer()
    talk.says("Hi!")
    talk.says(QUESTION)
    deliveries = replies.deliveries()
    for headers, body in [*deliveries[::-1], *deliveries]:
        assert replies.deliver(headers, body).status == 200
    assert len(replies.draft()) == 1
    assert replies.world.sql("SELECT count(*) FROM cx_messages WHERE direction = 'incoming'") == [(2,)]


def test_words_of_the_reviewer_go_out_and_are_measured(replies: Replies) -> None:
    talk, waiting = replies.asked(QUESTION)
    own = replies.detail(waiting["id"])["draft"] + " I have checked it for you."
    answer = replies.approve(waiting["id"], reply=own, review_seconds=42)
    assert 0 < answer.json["edit_ratio"] < 0.3
    replies.send()
    assert talk.sees() == [own]
    assert replies.world.sql("SELECT kind, review_seconds FROM cx_learning_signals") == [("approved", 42)]


@pytest.mark.parametrize(
    "grades",
    [None, {}, {"tone": 4, "accuracy": 5}, {"tone": 0, "accuracy": 5, "policy": 5}, {"tone": 6, "accuracy": 5, "policy": 5},
     {"tone": 4.5, "accuracy": 5, "policy": 5}, {"tone": "4", "accuracy": 5, "policy": 5}, {"tone": True, "accuracy": 5, "policy": 5}],
)  # fmt: skip
def test_no_approval_without_three_whole_grades(replies: Replies, grades: object) -> None:
    talk, waiting = replies.asked(QUESTION)
    answer = replies.decide(waiting["id"], "approve", {} if grades is None else {"grades": grades})
    assert answer.status == 400
    replies.send()
    assert talk.sees() == []


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [("evidence", "'[]'", "evidence"), ("validation", "'[]'", "validation"), ("rollback", "''", "the way back")],
)
def test_a_draft_that_lacks_something_cannot_be_approved(replies: Replies, column: str, value: str, named: str) -> None:
    talk, waiting = replies.asked(QUESTION)
    replies.world.sql(f"UPDATE cx_drafts SET unknowns = '[]', {column} = {value}")
    answer = replies.approve(waiting["id"])
    assert (answer.status, answer.json["code"]) == (409, "incomplete_approval")
    assert named in answer.json["error"]
    replies.send()
    assert talk.sees() == []


def test_four_eyes(replies: Replies) -> None:
    replies.world.sql("UPDATE tenants SET options = jsonb_set(options, '{cx,four_eyes}', 'true')")
    talk, waiting = replies.asked(QUESTION)
    replies.decide(waiting["id"], "regenerate", {"instruction": "Keep it short."})
    (second,) = replies.draft()
    own = replies.approve(second["id"])
    assert (own.status, own.json["code"]) == (409, "four_eyes")
    assert replies.approve(second["id"], "admin").status == 200
    replies.send()
    assert len(talk.sees()) == 1


def test_two_people_approve_at_once(replies: Replies) -> None:
    talk, waiting = replies.asked(QUESTION)
    assert replies.approve(waiting["id"], "member").status == 200
    second = replies.approve(waiting["id"], "admin")
    assert (second.status, second.json["code"]) == (409, "already_decided")
    assert "member@northwind.example" in second.json["error"]
    replies.send()
    assert len(talk.sees()) == 1


def test_the_customer_wrote_since(replies: Replies) -> None:
    talk, waiting = replies.asked(QUESTION)
    talk.says("Sorry, I meant Germany.")
    replies.hear()
    answer = replies.approve(waiting["id"])
    assert (answer.status, answer.json["code"]) == (409, "customer_wrote_since")
    assert answer.json["details"][0]["message"] == "Sorry, I meant Germany."
    (second,) = replies.draft()
    assert second["id"] != waiting["id"]
    assert replies.detail(waiting["id"])["status"] == "superseded"
    assert [one["id"] for one in replies.detail(second["id"])["earlier"]] == [waiting["id"]]


def test_the_customer_writes_between_approval_and_sending(replies: Replies) -> None:
    talk, waiting = replies.asked(QUESTION)
    replies.approve(waiting["id"])
    talk.says("Forget it, I have found it.")
    replies.send()
    assert talk.sees() == []
    after = replies.detail(waiting["id"])
    assert (after["status"], after["decision"]) == ("superseded", None)
    assert len(replies.draft()) == 1


def test_an_agent_answers_by_hand(replies: Replies) -> None:
    talk, waiting = replies.asked(QUESTION)
    replies.agent(talk, "Hello Dana, five working days at most.")
    replies.hear()
    answer = replies.approve(waiting["id"])
    assert (answer.status, answer.json["code"]) == (409, "answered_manually")
    signal = replies.world.sql("SELECT kind, human_reply, tone FROM cx_learning_signals")
    assert signal == [("answered_manually", "Hello Dana, five working days at most.", None)]
    assert replies.draft() == []


def test_reject_keeps_the_reason(replies: Replies) -> None:
    talk, waiting = replies.asked(QUESTION)
    assert replies.decide(waiting["id"], "reject", {"grades": GRADES}).status == 400
    answer = replies.decide(waiting["id"], "reject", {"grades": GRADES, "reason": "Ask for the order number first."})
    assert (answer.status, answer.json["status"]) == (200, "rejected")
    assert talk.sees() == []
    assert replies.get("/api/cx/approvals").json["data"] == []
    decided = replies.get("/api/cx/approvals?status=decided").json["data"]
    assert [one["status"] for one in decided] == ["rejected"]


def test_regenerate_keeps_the_old_draft(replies: Replies) -> None:
    talk, waiting = replies.asked(QUESTION)
    answer = replies.decide(waiting["id"], "regenerate", {"instruction": "Keep it short."})
    assert answer.status == 200
    (second,) = replies.draft()
    detail = replies.detail(second["id"])
    assert (detail["number"], detail["instruction"], detail["previous_id"]) == (2, "Keep it short.", waiting["id"])
    assert replies.detail(waiting["id"])["status"] == "regenerated"
    replies.approve(second["id"])
    replies.send()
    assert len(talk.sees()) == 1


def test_escalation_assigns_in_chatwoot(replies: Replies) -> None:
    talk, waiting = replies.asked(QUESTION)
    unknown = replies.decide(waiting["id"], "escalate", {"to": "nobody@northwind.example"})
    assert (unknown.status, unknown.json["code"]) == (409, "assignee_unknown")
    answer = replies.decide(waiting["id"], "escalate", {"to": "tom.becker@northwind.example", "note": "Please look."})
    assert answer.status == 200, answer.text
    found = replies.desk("GET", f"/conversations/{talk.display_id}")
    assert found["meta"]["assignee"]["email"] == "tom.becker@northwind.example"
    told = replies.world.sql("SELECT recipient FROM notifications WHERE kind = 'cx_escalated' ORDER BY 1")
    assert ("tom.becker@northwind.example",) in told


def test_the_switch_stops_drafts_approvals_and_sends(replies: Replies) -> None:
    talk, waiting = replies.asked(QUESTION)
    replies.approve(waiting["id"])
    switch(replies, "false")
    replies.send()
    after = replies.detail(waiting["id"])
    assert (after["status"], talk.sees()) == ("pending", [])
    assert "switched off" in after["send_problem"]
    answer = replies.approve(waiting["id"])
    assert (answer.status, answer.json["code"]) == (409, "ai_replies_disabled")
    other = replies.customer("Leo Marchetti")
    other.says("Hello?")
    replies.hear()
    assert [one["id"] for one in replies.draft()] == [waiting["id"]]
    switch(replies, "true")
    assert replies.approve(waiting["id"]).status == 200
    replies.send()
    assert len(talk.sees()) == 1


def switch(replies: Replies, on: str) -> None:
    replies.world.database.run(
        replies.world.northwind.system,
        "UPDATE tenants SET flags = jsonb_build_object('AI_CUSTOMER_DRAFT_ENABLED', %(on)s::boolean)",
        {"on": on},
    )


def test_nothing_known_is_said_and_is_high_risk(replies: Replies) -> None:
    _, waiting = replies.asked("Which orchestra played at the opening of your company in 1962?")
    draft = replies.detail(waiting["id"])
    assert (draft["risk"], draft["sources"]) == ("high", [])
    assert draft["unknowns"]


def test_the_same_question_costs_no_second_model_call(replies: Replies) -> None:
    first, waiting = replies.asked(QUESTION)
    second, again = replies.asked(QUESTION, "Dana Whitfield")
    assert first.display_id != second.display_id
    one, other = replies.detail(waiting["id"]), replies.detail(again["id"])
    assert (one["from_cache"], other["from_cache"], other["cost_usd"]) == (False, True, 0)
    assert other["draft"] == one["draft"]


def test_another_tenant_sees_nothing(replies: Replies) -> None:
    _, waiting = replies.asked(QUESTION)
    call = replies.call("cx/approvals_api")
    theirs = replies.world.contoso.tokens["admin"]
    assert call("GET", "/api/cx/approvals", token=theirs).json["data"] == []
    answer = call("GET", f"/api/cx/approvals/{waiting['id']}", token=theirs)
    assert (answer.status, answer.json["code"]) == (404, "draft_not_found")
    body = {"grades": GRADES}
    assert call("POST", f"/api/cx/approvals/{waiting['id']}/approve", body=body, token=theirs).status == 404
    viewer = replies.world.northwind.tokens["viewer"]
    assert call("GET", "/api/cx/approvals", token=viewer).status == 403

"""The steps: killed anywhere, repeated, held by others; what fails says truly why, and a re-run goes on from the last good step."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from sidedesk.conversations import service as conversations
from sidedesk.conversations.service import RawPerson, RawTurn
from sidedesk.enrichment import reading, steps
from tests.functional.conversations.conftest import conversation, put
from tests.functional.enrichment.conftest import judged
from tests.functional.platform.conftest import BUCKET, Aws
from tests.sandbox.conftest import Sandbox
from tests.support.enrichment import ORDER, Enrichment
from tests.support.world import World

Stored = Callable[..., list[str]]


class Killed(BaseException):
    """kill -9: nothing of ours runs after it."""


def run_of(enrichment: Enrichment, ids: list[str]) -> dict[str, Any]:
    """A run whose workflow waits for us."""
    enrichment.workflow.runs_at_once = False
    enrichment.call("POST", "/api/conversations/bulk-enrich", {"conversationIds": ids}, prefer="respond-async")
    return enrichment.workflow.started[-1][1]


def look(enrichment: Enrichment, payload: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = enrichment.call("GET", f"/api/conversations/bulk-enrich/{payload['run_id']}").json
    return found


def work(payload: dict[str, Any], conversation_id: str) -> dict[str, Any]:
    return {"tenant_id": payload["tenant_id"], "run_id": payload["run_id"], "conversation_id": conversation_id}


@pytest.mark.parametrize("step", ORDER)
def test_killed_before_a_step_the_run_finishes_it(
    enrichment: Enrichment, stored: Stored, outside: Sandbox, step: str
) -> None:
    ids = stored(2)
    payload = run_of(enrichment, ids)
    deaths = [ids[0]]

    def between(at: str, conversation_id: str) -> None:
        if at == step and conversation_id in deaths:
            deaths.remove(conversation_id)
            raise Killed

    enrichment.workflow.between = between
    with pytest.raises(Killed):
        enrichment.workflow.walk(payload)
    assert look(enrichment, payload)["summary"]["pending"] >= 1
    enrichment.workflow.walk(payload)
    assert look(enrichment, payload)["summary"] == {
        "total": 2,
        "successful": 2,
        "failed": 0,
        "skipped": 0,
        "pending": 0,
    }
    assert judged(outside) == 2


@pytest.mark.parametrize("statement", ["store_enriched", "keep_window", "complete"])
def test_killed_inside_a_step_nobody_pays_twice(
    enrichment: Enrichment, stored: Stored, outside: Sandbox, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    """After the model answered and was paid, after the document was written, before the row pointed to it."""
    ids = stored(1)
    payload = run_of(enrichment, ids)
    owner: Any = steps if statement == "keep_window" else conversations
    name = "_keep" if statement == "keep_window" else statement
    real = getattr(owner, name)

    def killed(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(owner, name, real)
        if statement == "keep_window":
            real(*given, **named)
        raise Killed

    monkeypatch.setattr(owner, name, killed)
    with pytest.raises(Killed):
        enrichment.workflow.walk(payload)
    assert enrichment.status(ids[0])[0] in ("enrichment_in_progress", "normalizing")
    enrichment.workflow.walk(payload)
    assert enrichment.status(ids[0])[0] == "completed" and judged(outside) == 1
    assert enrichment.world.sql("SELECT count(*) FROM enrichment_windows")[0][0] == 0


def test_a_dead_run_loses_its_hold_and_the_next_goes_on_from_the_last_good_step(
    enrichment: Enrichment, stored: Stored, outside: Sandbox
) -> None:
    (one,) = stored(1)
    first = run_of(enrichment, [one])
    for step in ("validate", "enrich"):
        assert enrichment.workflow.call(step, work(first, one)) == {"outcome": "go"}
    assert enrichment.status(one)[0] == "normalizing"
    second = enrichment.bulk([one])
    assert second.json["results"] == [{"conversationId": one, "status": "skipped", "enrichmentStatus": "normalizing"}]
    enrichment.settle_leases()
    enrichment.workflow.runs_at_once = True
    third = enrichment.bulk([one])
    assert third.json["summary"]["successful"] == 1 and judged(outside) == 1
    # The first one wakes up again, late: it has nothing to say any more.
    assert enrichment.workflow.call("normalise", work(first, one)) == {"outcome": "again"}
    enrichment.workflow.walk(first)
    assert look(enrichment, first)["results"][0] == {
        "conversationId": one,
        "status": "skipped",
        "enrichmentStatus": "completed",
    }


def test_two_runs_over_the_same_conversation(enrichment: Enrichment, stored: Stored) -> None:
    """Both were accepted before either began: one works, the other says so."""
    (one,) = stored(1)
    first, second = run_of(enrichment, [one]), run_of(enrichment, [one])
    assert enrichment.workflow.call("validate", work(first, one)) == {"outcome": "go"}
    enrichment.workflow.walk(second)
    assert look(enrichment, second)["results"][0] == {
        "conversationId": one,
        "status": "skipped",
        "enrichmentStatus": "validated",
    }
    enrichment.workflow.walk(first)
    assert look(enrichment, first)["summary"]["successful"] == 1


def test_a_source_that_changes_meanwhile_is_read_anew(enrichment: Enrichment, stored: Stored, world: World) -> None:
    (one,) = stored(1)
    payload = run_of(enrichment, [one])
    assert enrichment.workflow.call("validate", work(payload, one)) == {"outcome": "go"}
    put(world, conversation("c-0", "It came today after all.", "Great!"))
    assert enrichment.workflow.call("enrich", work(payload, one)) == {"outcome": "again"}
    enrichment.workflow.walk(payload)
    found = conversations.enriched(world.database, world.northwind.system, UUID(one))
    assert found["turns"][0]["text"] == "It came today after all."
    put(world, conversation("c-0", "And now it is broken.", "Oh no."))
    enrichment.workflow.runs_at_once = True
    assert enrichment.bulk([one]).json["summary"]["successful"] == 1


def test_a_broken_conversation_is_told_every_finding(enrichment: Enrichment, world: World) -> None:
    turns = [
        RawTurn(id="a", role="boss", text="Do it."),
        RawTurn(id="b", role="customer", text="CafÃ© closed?", at="2026-11-03T10:00:00Z"),
        RawTurn(id="b", role="agent", text="", at="yesterday"),
        RawTurn(id="d", role="manager", text="x\x07y", at="2026-11-03T09:00:00Z"),
    ]
    one = str(put(world, conversation("odd", turns=turns))[0].id)
    answer = enrichment.bulk([one]).json
    assert (
        answer["success"] is False
        and "boss" in answer["results"][0]["error"]
        and "manager" in answer["results"][0]["error"]
    )
    assert enrichment.status(one)[:3] == ("failed", "validate", "invalid_raw")
    told = enrichment.call("GET", f"/api/conversations/{one}/findings").json
    codes = {finding["code"] for finding in told["findings"]}
    assert {"unknown_role", "mojibake_mended", "duplicate_id", "empty_turn", "control_characters"} <= codes
    assert told["outdated"] is False
    fresh = str(put(world, conversation("odd-2"))[0].id)
    assert enrichment.call("GET", f"/api/conversations/{fresh}/findings").json["code"] == "no_report"


def test_a_registered_conversation_without_a_document(enrichment: Enrichment, world: World) -> None:
    (one,) = world.database.values(world.northwind.system, *conversations.register("chatwoot", "1", "77"))
    answer = enrichment.bulk([str(one)]).json
    assert answer["results"][0]["status"] == "failed" and "no document" in answer["results"][0]["error"]


@pytest.mark.parametrize(
    ("fault", "category", "words"),
    [
        ({"effect": "refusal"}, "llm_refused", "declined"),
        ({"effect": "content_filter"}, "llm_refused", "filter"),
        ({"effect": "broken_json"}, "llm_unavailable", "no usable answer"),
        ({"effect": "length"}, "llm_unavailable", "cut off"),
        ({"status": 500, "body": {"error": {"message": "down"}}}, "llm_unavailable", "did not answer"),
        ({"status": 429, "headers": {"retry-after": "0"}, "body": {"error": {"code": "rate_limit_exceeded"}}}, "llm_unavailable", "slow down"),
        ({"status": 429, "body": {"error": {"code": "insufficient_quota", "type": "insufficient_quota"}}}, "llm_unavailable", "credit"),
        ({"status": 400, "body": {"error": {"message": "no", "code": "invalid_prompt"}}}, "llm_refused", "refused"),
    ],
)  # fmt: skip
def test_the_reason_of_a_failure_is_true(
    enrichment: Enrichment, stored: Stored, outside: Sandbox, fault: dict[str, Any], category: str, words: str
) -> None:
    (one,) = stored(1)
    outside.fault("openai", route="*/chat/completions", **fault)
    enrichment.workflow.seconds = 20
    enrichment.bulk([one])
    status, step, found, message = enrichment.status(one)
    assert (status, step, found) == ("failed", "enrich", category) and words in message, message
    outside.reset()
    enrichment.world.sql("DELETE FROM ai_breakers")
    run_id = enrichment.workflow.started[0][0]
    assert enrichment.call("POST", f"/api/conversations/bulk-enrich/{run_id}/retry").json["success"] is True


def test_no_provider_and_a_reached_cap_are_said_at_once(enrichment: Enrichment, stored: Stored, world: World) -> None:
    one, other = stored(2)
    world.sql("UPDATE tenants SET month_cap_usd = 0")
    assert "cap" in enrichment.bulk([one]).json["results"][0]["error"]
    world.sql("DELETE FROM integrations WHERE kind = 'openai'")
    assert "No model provider" in enrichment.bulk([other]).json["results"][0]["error"]
    assert enrichment.status(other)[2] == "llm_unavailable"


def test_a_lost_file_is_a_failure_of_storage(enrichment: Enrichment, stored: Stored, cloud: Aws) -> None:
    (one,) = stored(1)
    for key in cloud.s3.list_objects_v2(Bucket=BUCKET, Prefix="conversations/")["Contents"]:
        cloud.s3.delete_object(Bucket=BUCKET, Key=key["Key"])
    enrichment.bulk([one])
    assert enrichment.status(one)[:3] == ("failed", "validate", "storage")


def test_whoever_dies_each_time_is_given_up(enrichment: Enrichment, stored: Stored) -> None:
    one, well = stored(2)
    payload = run_of(enrichment, [one, well])

    def between(at: str, conversation_id: str) -> None:
        if at == "enrich" and conversation_id == one:
            raise Killed

    enrichment.workflow.between = between
    for _ in range(steps.MOST_TRIES):
        with pytest.raises(Killed):
            enrichment.workflow.walk(payload)
    enrichment.workflow.walk(payload)
    assert enrichment.status(one)[:3] == ("failed", "enrich", "timeout")
    assert look(enrichment, payload)["summary"] == {
        "total": 2,
        "successful": 1,
        "failed": 1,
        "skipped": 0,
        "pending": 0,
    }


def test_what_the_workflow_caught_is_recorded(enrichment: Enrichment, stored: Stored) -> None:
    ids = stored(3)
    payload = run_of(enrichment, ids)
    caught = [("States.Timeout", "timeout"), ("StorageFailed", "storage"), ("ValueError", "timeout")]
    for one, (error, category) in zip(ids, caught, strict=True):
        enrichment.workflow.call("validate", work(payload, one))
        enrichment.workflow.call(
            "record_failure", work(payload, one) | {"step": "enrich", "error": error, "cause": "x"}
        )
        assert enrichment.status(one)[:3] == ("failed", "enrich", category)
    assert look(enrichment, payload)["status"] == "completed"


def test_a_long_run_is_handed_over_to_the_next_execution(
    enrichment: Enrichment, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "CHUNK", 2)
    monkeypatch.setattr(steps, "ROUNDS", 2)
    answer = enrichment.bulk(stored(7))
    assert answer.json["summary"]["successful"] == 7
    run_id = enrichment.workflow.started[0][0]
    assert [name for name, _ in enrichment.workflow.started] == [run_id, f"{run_id}-2"]
    # An older execution that is still there gets nothing to do.
    assert enrichment.workflow.call("next_items", enrichment.workflow.started[0][1])["status"] == "done"


# What leaves, what stays ---------------------------------------------------------------------------------------------


def test_personal_data_neither_leaves_nor_comes_back(enrichment: Enrichment, world: World, outside: Sandbox) -> None:
    secrets = (
        "dana@customer.example",
        "+49 151 2345678",
        "DE89 3704 0044 0532 0130 00",
        "4111 1111 1111 1111",
        "Whitfield",
    )
    turns = [
        RawTurn(role="customer", author="Dana Whitfield", text=f"I am Dana Whitfield, {secrets[0]}, {secrets[1]}."),
        RawTurn(role="agent", author="Ana Petrović", text=f"Thanks Dana! Refund to {secrets[2]} or {secrets[3]}?"),
        RawTurn(
            role="customer", author="Dana Whitfield", text=f"The first, and write to {secrets[0]}. Order NW-10234."
        ),
    ]
    raw = conversation(
        "pii",
        turns=turns,
        title="Refund for Dana Whitfield",
        customer=RawPerson(name="Dana Whitfield", email=secrets[0]),
    )
    one = str(put(world, raw)[0].id)
    assert enrichment.bulk([one]).json["success"] is True
    sent = json.dumps(outside.log(provider="openai", path="/chat/completions"), ensure_ascii=False)
    found = conversations.enriched(world.database, world.northwind.system, UUID(one))
    kept = json.dumps(found, ensure_ascii=False)
    for text in (*secrets, "Dana", "Petrović"):
        assert text not in sent and text not in kept, text
    assert found["turns"][0]["text"] == "I am <NAME_1>, <EMAIL_1>, <PHONE_1>." and "NW-10234" in kept
    assert found["turns"][2]["text"].startswith("The first, and write to <EMAIL_1>.")
    assert found["provenance"]["redactions"] == {"NAME": 2, "EMAIL": 1, "PHONE": 1, "IBAN": 1, "CARD": 1}


def test_a_long_conversation_is_read_in_windows(enrichment: Enrichment, world: World, outside: Sandbox) -> None:
    texts = [
        f"Message {number}: my parcel is late and I am upset." if number % 2 == 0 else f"I'll check number {number}."
        for number in range(95)
    ]
    one = str(put(world, conversation("long", *texts[:59], turns=[
        RawTurn(role="agent" if n % 2 else "customer", text=text) for n, text in enumerate(texts)
    ]))[0].id)  # fmt: skip
    outside.fault("openai", effect="refusal", skip=1, times=1)
    enrichment.bulk([one])
    assert enrichment.status(one)[0] == "failed"
    enrichment.bulk([one])  # the first window was paid for
    found = conversations.enriched(world.database, world.northwind.system, UUID(one))
    windows = -(-95 // reading.WINDOW_TURNS)
    assert found["provenance"]["windows"] == windows and judged(outside) == windows + 1
    assert found["validation"]["labelled_share"] == 1 and [turn["number"] for turn in found["turns"]] == list(
        range(1, 96)
    )


def test_a_conversation_erased_meanwhile(enrichment: Enrichment, stored: Stored, world: World) -> None:
    (one,) = stored(1)
    payload = run_of(enrichment, [one])
    world.sql("DELETE FROM conversations WHERE id = %s", (one,))
    enrichment.workflow.walk(payload)
    assert look(enrichment, payload)["results"][0]["status"] == "failed"
    assert enrichment.workflow.call("enrich", work(payload, str(uuid4()))) == {"outcome": "again"}

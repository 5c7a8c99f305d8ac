"""Bulk enrichment: the first clients' contract, letter by letter, and its fine print."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from sidedesk.conversations import service as conversations
from sidedesk.enrichment import document
from tests.functional.conversations.conftest import conversation, put
from tests.functional.enrichment.conftest import judged
from tests.sandbox.conftest import Sandbox
from tests.support.enrichment import Enrichment
from tests.support.world import World

Stored = Callable[..., list[str]]


def adds_up(summary: dict[str, int]) -> bool:
    parts = ("successful", "failed", "skipped", "pending")
    return sum(summary.get(part, 0) for part in parts) == summary["total"]


# The seed's own list -------------------------------------------------------------------------------------------------


def test_valid_conversation_ids(enrichment: Enrichment, stored: Stored) -> None:
    ids = stored(3)
    answer = enrichment.bulk(ids)
    assert answer.status == 200, answer.text
    assert answer.json == {
        "success": True,
        "summary": {"total": 3, "successful": 3, "failed": 0, "skipped": 0},
        "results": [{"conversationId": one, "status": "enriched", "enrichmentStatus": "completed"} for one in ids],
    }


@pytest.mark.parametrize(
    "body",
    [
        {"conversationIds": ["not-a-uuid"]},
        {"conversationIds": []},
        {},
        {"conversationIds": [str(uuid4()) for _ in range(101)]},
        {"conversationIds": "all"},
        {"conversationIds": [str(uuid4())], "sequential": "maybe"},
        {"conversationIds": [str(uuid4())], "unknown": 1},
    ],
)
def test_invalid_requests(enrichment: Enrichment, body: Any) -> None:
    answer = enrichment.call("POST", "/api/conversations/bulk-enrich", body)
    assert answer.status == 400 and answer.json["success"] is False and answer.json["details"]
    assert enrichment.world.sql("SELECT count(*) FROM enrichment_runs")[0][0] == 0


def test_conversations_that_do_not_exist(enrichment: Enrichment, stored: Stored, outside: Sandbox) -> None:
    ids, missing = stored(2), [str(uuid4()), str(uuid4())]
    answer = enrichment.bulk([*ids, *missing])
    assert answer.status == 404 and answer.json["code"] == "conversations_not_found"
    assert all(one in answer.json["error"] for one in missing) and ids[0] not in answer.json["error"]
    assert judged(outside) == 0 and enrichment.status(ids[0])[0] == "not_started"


def test_already_enriched_conversations(enrichment: Enrichment, stored: Stored, outside: Sandbox) -> None:
    ids = stored(3)
    enrichment.bulk(ids[:2])
    before = judged(outside)
    answer = enrichment.bulk(ids)
    assert answer.json["summary"] == {"total": 3, "successful": 1, "failed": 0, "skipped": 2}
    assert answer.json["results"][0] == {"conversationId": ids[0], "status": "skipped", "enrichmentStatus": "completed"}
    assert judged(outside) == before + 1


def test_the_most_conversations_at_once(enrichment: Enrichment, stored: Stored) -> None:
    ids = stored(100)
    answer = enrichment.bulk(ids, sequential=False)
    assert answer.status == 200 and answer.json["summary"] == {
        "total": 100,
        "successful": 100,
        "failed": 0,
        "skipped": 0,
    }
    assert enrichment.workflow.started[0][1]["concurrency"] == 10


# The fine print ------------------------------------------------------------------------------------------------------


def test_a_repeated_id_and_a_held_one_are_skipped(enrichment: Enrichment, stored: Stored) -> None:
    one, held = stored(2)
    enrichment.world.sql(
        "UPDATE conversations SET leased_by = %s, leased_until = now() + interval '1 minute', enrichment_status = 'validating' WHERE id = %s",
        (uuid4(), held),
    )
    answer = enrichment.bulk([one, one, held])
    assert answer.json["summary"] == {"total": 3, "successful": 1, "failed": 0, "skipped": 2}
    assert [result["status"] for result in answer.json["results"]] == ["enriched", "skipped", "skipped"]
    assert [result["enrichmentStatus"] for result in answer.json["results"]] == ["completed", "completed", "validating"]


def test_who_asks_is_known_from_the_token(enrichment: Enrichment, stored: Stored) -> None:
    ids = stored(1)
    me = enrichment.tenant.users["member"].user_id
    assert enrichment.bulk(ids, userId=str(uuid4())).status == 403
    assert enrichment.bulk(ids, userId=me).status == 200
    refused = enrichment.call("POST", "/api/conversations/bulk-enrich", {"conversationIds": ids}, role="viewer")
    assert refused.status == 403


def test_another_tenants_conversations_do_not_exist(enrichment: Enrichment, world: World) -> None:
    theirs = str(put(world, conversation("c-theirs"), tenant=world.contoso)[0].id)
    assert enrichment.bulk([theirs]).status == 404
    assert enrichment.call("POST", f"/api/conversations/{theirs}/enrich").status == 404
    assert enrichment.call("GET", f"/api/conversations/{theirs}/findings").status == 404


def test_prefer_respond_async_answers_at_once_and_the_run_is_watched(enrichment: Enrichment, stored: Stored) -> None:
    ids = stored(2)
    enrichment.workflow.runs_at_once = False
    body = {"conversationIds": ids}
    answer = enrichment.call("POST", "/api/conversations/bulk-enrich", body, prefer="respond-async")
    assert answer.status == 202 and answer.json["status"] == "running" and answer.json["results"] == []
    assert answer.json["summary"] == {"total": 2, "successful": 0, "failed": 0, "skipped": 0, "pending": 2}
    assert answer.json["status_url"].endswith(f"/api/conversations/bulk-enrich/{answer.json['run_id']}")
    (name, payload), path = enrichment.workflow.started[0], f"/api/conversations/bulk-enrich/{answer.json['run_id']}"
    assert name == answer.json["run_id"] and set(payload) == {"tenant_id", "run_id", "execution_no", "concurrency"}
    seen: list[dict[str, Any]] = []
    enrichment.workflow.between = lambda *_: seen.append(enrichment.call("GET", path).json)
    enrichment.workflow.walk(payload)
    assert all(adds_up(one["summary"]) and one["success"] for one in seen)
    assert sorted({one["progress"]["done"] for one in seen}) == [0, 1]
    over = enrichment.call("GET", path)
    assert over.status == 200 and over.json["status"] == "completed" and over.json["progress"]["percent"] == 100
    assert enrichment.api("GET", path, token=enrichment.world.contoso.tokens["owner"]).status == 404


def test_a_run_that_takes_longer_is_handed_over(
    enrichment: Enrichment, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidedesk.enrichment.service.WAIT_SECONDS", 0.2)
    enrichment.workflow.runs_at_once = False
    answer = enrichment.bulk(stored(1))
    assert answer.status == 202 and answer.json["status"] == "running" and answer.headers["location"]


def test_the_same_wish_twice_is_one_run(enrichment: Enrichment, stored: Stored, outside: Sandbox) -> None:
    body = {"conversationIds": stored(2)}
    answers = [
        enrichment.call("POST", "/api/conversations/bulk-enrich", body, idempotency_key="once") for _ in range(2)
    ]
    assert answers[0].json == answers[1].json and judged(outside) == 2
    assert enrichment.world.sql("SELECT count(*) FROM enrichment_runs")[0][0] == 1


def test_one_conversation(enrichment: Enrichment, stored: Stored) -> None:
    (one,) = stored(1)
    answer = enrichment.call("POST", f"/api/conversations/{one}/enrich")
    assert answer.status == 200 and answer.json["results"][0]["status"] == "enriched"
    again = enrichment.call("POST", f"/api/conversations/{one}/enrich")
    assert again.json["results"][0] == {"conversationId": one, "status": "skipped", "enrichmentStatus": "completed"}


def test_retry_runs_only_what_failed(enrichment: Enrichment, stored: Stored, outside: Sandbox) -> None:
    ids = stored(3)
    outside.fault("openai", effect="refusal", times=1)
    answer = enrichment.bulk(ids)
    assert answer.status == 200 and answer.json["success"] is False
    assert answer.json["results"][0]["status"] == "failed" and "declined" in answer.json["results"][0]["error"]
    assert "error_category" not in answer.json["results"][0]
    run_id = enrichment.workflow.started[0][0]
    run = enrichment.call("GET", f"/api/conversations/bulk-enrich/{run_id}").json
    assert run["results"][0]["error_category"] == "llm_refused" and run["summary"]["failed"] == 1
    before = judged(outside)
    again = enrichment.call("POST", f"/api/conversations/bulk-enrich/{run_id}/retry")
    assert again.status == 200 and again.json["summary"] == {"total": 3, "successful": 3, "failed": 0, "skipped": 0}
    assert judged(outside) == before + 1
    nothing = enrichment.call("POST", f"/api/conversations/bulk-enrich/{run_id}/retry")
    assert nothing.status == 409 and nothing.json["code"] == "nothing_to_retry"


def test_every_document_follows_the_published_schema(enrichment: Enrichment, stored: Stored, world: World) -> None:
    public = enrichment.api("GET", "/schemas/enriched-conversation/v1.json")
    assert public.status == 200 and public.json == document.schema()
    (one,) = stored(1)
    enrichment.bulk([one])
    found = conversations.enriched(world.database, world.northwind.system, one)  # type: ignore[arg-type]
    assert document.problems(json.loads(json.dumps(found))) == []
    assert found["provenance"]["prompt_version"] == "enrich.conversation.v1" and found["provenance"]["windows"] == 1
    assert found["provenance"]["cost_usd"] > 0 and found["overall"]["language"] == "en"
    assert [turn["id"] for turn in found["turns"]] == ["t1", "t2", "t3"]
    assert all(turn["intent"] and turn["sentiment"]["vader"] is not None for turn in found["turns"])
    assert document.problems(found | {"extra": 1}) and document.problems({})

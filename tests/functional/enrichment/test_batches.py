"""Batches of made-up conversations, and the first clients' way through them: make, look, enrich all, look again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from sidedesk.ai import ledger
from sidedesk.capabilities import dead_letter_hooks
from sidedesk.conversations import service as conversations
from sidedesk.enrichment import batches
from tests.functional.enrichment.conftest import judged
from tests.sandbox.conftest import Sandbox
from tests.support.enrichment import Enrichment
from tests.support.lambdas import Context, load_app, sqs_event
from tests.support.world import World

Stored = Callable[..., list[str]]
WISH = {"topics": ["refund of a jacket", "login fails"], "count": 5}


class Queue:
    """What waits for the worker, as the outbox has it."""

    def __init__(self, world: World) -> None:
        self.world, self.app = world, load_app("enrichment/generate_conversation")

    def messages(self) -> list[dict[str, Any]]:
        return [row[0] for row in self.world.sql("SELECT payload FROM outbox WHERE destination = 'queue:generate_conversation' AND sent_at IS NULL ORDER BY created_at, id")]  # fmt: skip

    def take(self) -> list[dict[str, Any]]:
        found = self.messages()
        self.world.sql("UPDATE outbox SET sent_at = now()")
        return found

    def deliver(self, message: dict[str, Any]) -> None:
        answer = self.app.lambda_handler(sqs_event(message), Context(milliseconds=60_000))
        assert answer["batchItemFailures"] == []

    def drain(self) -> None:
        while messages := self.take():
            for message in messages:
                self.deliver(message)


@pytest.fixture
def queue(enrichment: Enrichment) -> Queue:
    return Queue(enrichment.world)


def make(enrichment: Enrichment, **changes: Any) -> str:
    answer = enrichment.call("POST", "/api/conversations/batch", WISH | changes)
    assert answer.status == 202, answer.text
    return str(answer.json["id"])


def test_the_way_of_the_first_clients(enrichment: Enrichment, queue: Queue, world: World) -> None:
    """A batch of five; only raw documents; enrich all; all enriched; again, all skipped."""
    batch = make(enrichment)
    path = f"/api/conversations/batch/{batch}"
    running = enrichment.call("GET", path).json
    assert (running["status"], running["total"], running["completed"]) == ("running", 5, 0)
    assert enrichment.call("POST", f"{path}/enrich").json["code"] == "batch_still_going"
    queue.drain()
    assert enrichment.call("GET", path).json["status"] == "completed"
    items = enrichment.call("GET", f"{path}/items?status=completed").json
    assert set(items) == {"success", "data"} and items["success"] is True
    assert [item["topic"] for item in items["data"]] == ["refund of a jacket", "login fails"] * 2 + [
        "refund of a jacket"
    ]
    ids = [item["conversation_id"] for item in items["data"]]
    for one in ids:
        assert conversations.raw(world.database, world.northwind.system, UUID(one)).turns
        assert enrichment.status(one)[0] == "not_started"
    answer = enrichment.bulk(ids)
    assert answer.json["success"] and answer.json["summary"] == {"total": 5, "successful": 5, "failed": 0, "skipped": 0}
    assert {enrichment.status(one)[0] for one in ids} == {"completed"}
    again = enrichment.bulk(ids)
    assert again.json["summary"] == {"total": 5, "successful": 0, "failed": 0, "skipped": 5}


def test_a_whole_batch_is_one_run(enrichment: Enrichment, queue: Queue) -> None:
    batch = make(enrichment, count=3)
    queue.drain()
    answer = enrichment.call("POST", f"/api/conversations/batch/{batch}/enrich")
    assert answer.status == 200 and answer.json["summary"]["successful"] == 3
    assert enrichment.call("GET", f"/api/conversations/batch/{batch}").json["enrich_run_id"]


def test_auto_enrich_starts_one_run_when_the_last_is_made(enrichment: Enrichment, queue: Queue) -> None:
    make(enrichment, count=3, auto_enrich=True)
    messages = queue.take()
    for message in messages[:2]:
        queue.deliver(message)
    assert enrichment.workflow.started == []
    for message in (messages[2], messages[2], messages[0]):
        queue.deliver(message)
    assert len(enrichment.workflow.started) == 1
    assert enrichment.world.sql("SELECT count(*) FROM conversations WHERE enrichment_status = 'completed'") == [(3,)]


def test_delivered_twice_makes_one(enrichment: Enrichment, queue: Queue, outside: Sandbox) -> None:
    make(enrichment, count=1)
    (message,) = queue.take()
    queue.deliver(message)
    queue.deliver(message)
    assert judged(outside) == 1 and enrichment.world.sql("SELECT count(*) FROM conversations") == [(1,)]


def test_killed_after_the_model_was_paid(
    enrichment: Enrichment, queue: Queue, outside: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(enrichment, count=1)
    (message,) = queue.take()
    real = batches.settle

    def killed(*_: Any, **__: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(batches, "settle", killed)
    with pytest.raises(SystemExit):
        queue.deliver(message)
    monkeypatch.setattr(batches, "settle", real)
    queue.deliver(message)
    assert enrichment.world.sql("SELECT status FROM batch_items") == [("pending",)]  # its lease still runs
    enrichment.world.sql("UPDATE batch_items SET leased_until = now() - interval '1 second'")
    queue.deliver(message)
    assert enrichment.world.sql("SELECT status FROM batch_items") == [("completed",)] and judged(outside) == 1


def test_a_failing_model_is_asked_later_and_then_given_up(
    enrichment: Enrichment, queue: Queue, outside: Sandbox
) -> None:
    batch = make(enrichment, count=1)
    outside.fault("openai", route="*/chat/completions", status=500, body={"error": {"message": "oops"}})
    for attempt in range(batches.ATTEMPTS):
        assert enrichment.world.sql("SELECT status, attempts FROM batch_items") == [("pending", attempt)]
        (message,) = queue.take()
        assert (attempt == 0) == ("not_before" not in message)
        queue.deliver(message)
    assert queue.messages() == []
    found = enrichment.call("GET", f"/api/conversations/batch/{batch}").json
    assert (found["status"], found["failed"]) == ("failed", 1)
    (item,) = enrichment.call("GET", f"/api/conversations/batch/{batch}/items").json["data"]
    assert item["status"] == "failed" and "does not answer" in item["error"] and item["conversation_id"] is None
    assert enrichment.call("POST", f"/api/conversations/batch/{batch}/enrich").json["code"] == "batch_empty"


def test_a_batch_stays_below_its_cap(enrichment: Enrichment, queue: Queue) -> None:
    batch = make(enrichment, count=4, max_cost_usd=0.0041)
    queue.drain()
    found = enrichment.call("GET", f"/api/conversations/batch/{batch}").json
    assert found["completed"] + found["failed"] == 4 and found["failed"] > 0
    budget = ledger.job_budget(enrichment.world.database, enrichment.tenant.system, UUID(batch))
    assert budget.cap_usd is not None and budget.settled_usd + budget.reserved_usd <= budget.cap_usd
    failed = enrichment.call("GET", f"/api/conversations/batch/{batch}/items?status=failed").json["data"]
    assert all("cap" in item["error"] for item in failed)


def test_a_dead_message_fails_its_item_so_that_the_batch_ends(enrichment: Enrichment, queue: Queue) -> None:
    batch = make(enrichment, count=2)
    dead, alive = queue.take()
    queue.deliver(alive)
    for _ in range(2):
        dead_letter_hooks()["generate_conversation"](enrichment.world.database, enrichment.tenant.system, dead)
    found = enrichment.call("GET", f"/api/conversations/batch/{batch}").json
    assert (found["status"], found["completed"], found["failed"]) == ("completed", 1, 1)


def test_one_conversation_at_once(enrichment: Enrichment, outside: Sandbox, world: World) -> None:
    body = {"topic": "a broken kettle", "style": "technical", "language": "de", "turns": 6}
    made = [enrichment.call("POST", "/api/conversations/generate", body, idempotency_key="one") for _ in range(2)]
    assert made[0].status == 201 and made[0].json == made[1].json and judged(outside) == 1
    raw = conversations.raw(world.database, world.northwind.system, UUID(made[0].json["id"]))
    assert raw.source == "generated" and raw.metadata["topic"] == "a broken kettle" and raw.metadata["prompt_version"]
    assert {turn.role for turn in raw.turns} == {"customer", "agent"}
    outside.fault("openai", effect="refusal")
    refused = enrichment.call("POST", "/api/conversations/generate", body)
    assert refused.status == 502 and refused.json["code"] == "model_refused"


@pytest.mark.parametrize(
    "change",
    [
        {"topics": []},
        {"topics": ["x"]},
        {"count": 0},
        {"count": 501},
        {"style": "rude"},
        {"max_cost_usd": 0},
        {"more": 1},
    ],
)
def test_bad_batches(enrichment: Enrichment, change: dict[str, Any]) -> None:
    assert enrichment.call("POST", "/api/conversations/batch", WISH | change).status == 400


def test_lists_and_other_tenants(enrichment: Enrichment, queue: Queue, world: World) -> None:
    made = [make(enrichment, count=1) for _ in range(3)]
    first = enrichment.call("GET", "/api/conversations/batch?limit=2").json
    rest = enrichment.call("GET", f"/api/conversations/batch?limit=2&cursor={first['next_cursor']}").json
    assert [batch["id"] for batch in [*first["data"], *rest["data"]]] == made[::-1] and rest["next_cursor"] is None
    theirs = world.contoso.tokens["owner"]
    for path in (made[0], f"{made[0]}/items"):
        assert enrichment.api("GET", f"/api/conversations/batch/{path}", token=theirs).status == 404
    assert enrichment.api("POST", f"/api/conversations/batch/{made[0]}/enrich", token=theirs).status == 404
    assert enrichment.api("GET", "/api/conversations/batch", token=theirs).json["data"] == []
    assert enrichment.call("GET", f"/api/conversations/batch/{uuid4()}/items").status == 404
    assert enrichment.call("POST", "/api/conversations/batch", WISH, role="viewer").status == 403

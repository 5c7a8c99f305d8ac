"""The watchdog: no run and no batch stays open because something died."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sidedesk.capabilities import ALL
from sidedesk.clients import workflows
from sidedesk.enrichment import watch
from tests.functional.conversations.conftest import EMAIL
from tests.functional.enrichment.test_batches import make
from tests.functional.enrichment.test_steps import look, run_of, work
from tests.support.enrichment import Enrichment
from tests.support.lambdas import Context, load_app
from tests.support.world import World

Stored = Callable[..., list[str]]


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the workflow service says of executions."""
    told: dict[str, str] = {}
    monkeypatch.setattr(workflows, "status", lambda _, name: told.get(name, "MISSING"))
    return told


def tick(world: World) -> Any:
    world.sql(
        "UPDATE enrichment_runs SET created_at = created_at - interval '1 minute', started_at = started_at - interval '1 minute'"
    )
    return load_app("enrichment/watch_runs").lambda_handler({}, Context())


def test_a_run_whose_start_was_lost_is_started(enrichment: Enrichment, stored: Stored, states: dict[str, str]) -> None:
    payload = run_of(enrichment, stored(2))
    enrichment.workflow.started.clear()
    enrichment.workflow.runs_at_once = True
    assert tick(enrichment.world) == {"restarted": 1, "failed": 0}
    assert enrichment.workflow.started[0][0] == payload["run_id"]
    assert look(enrichment, payload)["summary"]["successful"] == 2
    assert tick(enrichment.world) == {"restarted": 0, "failed": 0}


def test_a_dead_execution_is_followed_by_another(
    enrichment: Enrichment, stored: Stored, states: dict[str, str]
) -> None:
    ids = stored(2)
    payload = run_of(enrichment, ids)
    enrichment.workflow.call("validate", work(payload, ids[0]))
    states[payload["run_id"]] = "RUNNING"
    assert tick(enrichment.world)["restarted"] == 0
    states[payload["run_id"]] = "FAILED"
    enrichment.workflow.runs_at_once = True
    assert tick(enrichment.world)["restarted"] == 1
    assert [name for name, _ in enrichment.workflow.started] == [payload["run_id"], f"{payload['run_id']}-2"]
    assert look(enrichment, payload)["summary"]["successful"] == 2
    # The dead one wakes up: it is not the newest any more.
    assert enrichment.workflow.walk(payload) == "done"


def test_an_execution_that_dies_each_time_is_given_up(
    enrichment: Enrichment, stored: Stored, states: dict[str, str]
) -> None:
    payload = run_of(enrichment, stored(2))
    for number in range(1, 7):
        states[f"{payload['run_id']}-{number}" if number > 1 else payload["run_id"]] = "FAILED"
    seen = [tick(enrichment.world) for _ in range(7)]
    assert sum(one["restarted"] for one in seen) == 5 and sum(one["failed"] for one in seen) == 2
    told = look(enrichment, payload)
    assert told["status"] == "completed" and {result["error_category"] for result in told["results"]} == {"timeout"}


def test_past_its_deadline_a_run_ends(enrichment: Enrichment, stored: Stored, states: dict[str, str]) -> None:
    ids = stored(3)
    payload = run_of(enrichment, ids)
    states[payload["run_id"]] = "RUNNING"
    for step in ("validate", "enrich", "normalise"):
        enrichment.workflow.call(step, work(payload, ids[0]))
    enrichment.workflow.call("validate", work(payload, ids[1]))
    enrichment.world.sql("UPDATE enrichment_runs SET deadline_at = now() - interval '1 second'")
    assert tick(enrichment.world)["failed"] == 2
    assert look(enrichment, payload)["summary"] == {
        "total": 3,
        "successful": 1,
        "failed": 2,
        "skipped": 0,
        "pending": 0,
    }
    assert enrichment.status(ids[1])[:3] == ("failed", "enrich", "timeout")
    assert enrichment.status(ids[2])[:3] == ("failed", "validate", "timeout")
    # Steps that still run have lost their hold.
    assert enrichment.workflow.call("enrich", work(payload, ids[1]))["outcome"] in ("again", "go")
    enrichment.workflow.runs_at_once = True


def test_batches_end_too(enrichment: Enrichment, states: dict[str, str]) -> None:
    batch = make(enrichment, count=2)
    enrichment.world.sql("UPDATE batch_jobs SET deadline_at = now() - interval '1 second'")
    tick(enrichment.world)
    found = enrichment.call("GET", f"/api/conversations/batch/{batch}").json
    assert (found["status"], found["failed"]) == ("failed", 2)


def test_one_tenants_trouble_is_not_the_others(
    enrichment: Enrichment, stored: Stored, states: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_of(enrichment, stored(1))
    monkeypatch.setattr(watch, "watch", lambda *_: 1 / 0)
    assert tick(enrichment.world) == {"restarted": 0, "failed": 0}


def test_export_and_erasure(enrichment: Enrichment, stored: Stored, world: World) -> None:
    enrichment.bulk(stored(1))
    make(enrichment, topics=[f"letters to {EMAIL}"], count=1)
    capability = next(one for one in ALL if one.name == "enrichment")
    assert capability.export and capability.forget
    tables = {table for table, _ in capability.export(world.database, world.northwind.system)}
    assert {"enrichment_runs", "enrichment_run_items", "enrichment_reports", "batch_jobs", "batch_items"} <= tables
    touched = capability.forget(world.database, world.northwind.system, EMAIL)
    assert touched["batch_jobs"] == 1 and touched["batch_items"] == 1
    assert world.sql("SELECT topic FROM batch_items") == [("erased",)]

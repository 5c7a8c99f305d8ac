"""The way through enrichment: step by step, one run at a time, on from the last good step."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from sidedesk.conversations import service, states
from sidedesk.platform.db import Database
from tests.functional.conversations.conftest import Files, conversation, put
from tests.support.world import World

RUN = uuid4()


@pytest.fixture
def one(world: World, files: Files) -> UUID:
    return put(world, conversation())[0].id


def ask(world: World, statement: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return world.database.dicts(world.northwind.system, *statement)


def claim(world: World, ids: list[UUID], run: UUID = RUN, seconds: float = 60) -> dict[UUID, tuple[bool, str]]:
    rows = ask(world, service.claim(ids, run, seconds))
    return {row["id"]: (row["claimed"], row["enrichment_status"]) for row in rows}


def go(world: World, one: UUID, *steps: str, run: UUID = RUN) -> list[bool]:
    return [bool(ask(world, service.move(one, run, to))) for to in steps]  # type: ignore[arg-type]


def status(world: World, one: UUID) -> str:
    return service.statuses(world.database, world.northwind.system, [one])[one].enrichment_status


def finish(world: World, one: UUID, run: UUID = RUN) -> bool:
    pointer = service.store_enriched(world.northwind.system, one, {"turns": []})
    digest = service.statuses(world.database, world.northwind.system, [one])[one].raw_digest
    assert digest is not None
    return bool(ask(world, service.complete(one, run, pointer, enriched_from=digest, predicted_csat=4.25)))


def test_only_along_the_way(world: World, one: UUID) -> None:
    for to in states.STATUSES[1:5]:
        assert go(world, one, to) == [False], "nobody holds it"
    assert claim(world, [one, uuid4()]) == {one: (True, "not_started")}
    assert go(world, one, "validated", "normalizing") == [False, False]
    assert not finish(world, one)
    assert go(world, one, "validating", "validating", "validated", "validated") == [True, True, True, False]
    assert go(world, one, "enrichment_in_progress", "normalizing", "normalizing") == [True] * 3
    assert go(world, one, "validating") == [False]
    assert finish(world, one)
    assert claim(world, [one]) == {one: (False, "completed")}
    assert ask(world, service.fail([one], RUN, "enrich", "timeout", "late")) == []


@pytest.mark.parametrize(
    ("path", "step", "resumes"),
    [
        ([], "validate", "not_started"),
        (["validating"], "validate", "not_started"),
        (["validating", "validated", "enrichment_in_progress"], "enrich", "validated"),
        (["validating", "validated", "enrichment_in_progress", "normalizing"], "normalise", "normalizing"),
    ],
)
def test_a_failure_says_why_and_the_next_run_goes_on(
    world: World, one: UUID, path: list[str], step: Any, resumes: str
) -> None:
    claim(world, [one])
    go(world, one, *path)
    assert ask(world, service.fail([one], RUN, step, "llm_unavailable", "The model \x00 did not answer."))
    [kept] = world.sql("SELECT failed_step, error_category, error_message, leased_by FROM conversations")
    assert kept == (step, "llm_unavailable", "The model  did not answer.", None)
    assert claim(world, [one], uuid4()) == {one: (True, resumes)}
    assert world.sql("SELECT failed_step, error_category, error_message FROM conversations") == [(None, None, None)]


def test_what_died_on_its_way_goes_on_from_there(world: World, one: UUID) -> None:
    claim(world, [one], seconds=0)
    go(world, one, "validating", "validated", "enrichment_in_progress")
    other = uuid4()
    assert claim(world, [one], other) == {one: (True, "enrichment_in_progress")}
    assert go(world, one, "normalizing") == [False], "the first run has lost its hold"
    assert ask(world, service.fail([one], RUN, "enrich", "timeout", "late")) == []
    assert go(world, one, "enrichment_in_progress", "normalizing", run=other) == [True, True]


def test_two_runs_over_the_same_conversations_share_them(world: World, files: Files) -> None:
    ids = [stored.id for stored in put(world, *(conversation(f"c-{n}") for n in range(40)))]

    def run(_: int) -> set[UUID]:
        database = Database(lambda: world.app_url)
        rows = database.dicts(world.northwind.system, *service.claim(ids, uuid4(), 60))
        database.close()
        assert len(rows) == len(ids)
        return {row["id"] for row in rows if row["claimed"]}

    with ThreadPoolExecutor(4) as pool:
        held = list(pool.map(run, range(4)))
    assert sum(map(len, held)) == len(ids) == len(set().union(*held))


def test_a_changed_source_takes_the_hold_away(world: World, one: UUID) -> None:
    claim(world, [one])
    go(world, one, "validating", "validated")
    put(world, conversation("c-1", "It has changed."))
    assert go(world, one, "enrichment_in_progress") == [False]
    assert status(world, one) == "not_started"
    assert claim(world, [one], uuid4()) == {one: (True, "not_started")}


def test_letting_go_leaves_it_where_it_is(world: World, one: UUID) -> None:
    claim(world, [one])
    go(world, one, "validating", "validated")
    assert claim(world, [one], uuid4()) == {one: (False, "validated")}
    assert ask(world, service.release([one], RUN))
    assert claim(world, [one], uuid4()) == {one: (True, "validated")}


def test_the_schema_and_the_code_name_the_same_states(world: World) -> None:
    for name, words in (
        ("enrichment_status", states.STATUSES),
        ("failed_step", tuple(states.RESUMES)),
    ):
        [(text,)] = world.sql(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s",
            (f"conversations_{name}_check",),
        )
        assert all(f"'{word}'" in text for word in words)
    assert states.may_move("validated", "enrichment_in_progress")
    assert not states.may_move("completed", "failed")

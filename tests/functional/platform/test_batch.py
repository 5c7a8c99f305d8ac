"""Statements that travel together, in one transaction or in two."""

import psycopg
import pytest

from sidedesk.platform.db import Pending
from sidedesk.platform.errors import Unauthenticated
from sidedesk.platform.scope import AnyScope, ServiceScope
from tests.support.world import World

ADD = "INSERT INTO scorecards (tenant_id, name) VALUES (current_tenant(), %(name)s)"
NAMES = "SELECT name FROM scorecards ORDER BY name"


def add(world: World, scope: AnyScope, *parts: str, seen: list[Pending[str]] | None = None) -> None:
    """A scorecard for each letter; a commit between the parts; what the later parts see goes to `seen`."""
    with world.database.batch(scope) as batch:
        for number, letters in enumerate(parts):
            if number:
                batch.commit()
            if number and seen is not None:
                seen.append(batch.values(NAMES))
            for letter in letters:
                batch.run(ADD, {"name": letter})


def kept(world: World) -> list[str]:
    return world.database.values(world.northwind.system, NAMES)


def test_all_of_a_batch_or_nothing(world: World) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        add(world, world.northwind.system, "aa")
    assert kept(world) == []


def test_a_commit_inside_keeps_the_first_part_and_shows_it_to_the_second(world: World) -> None:
    seen: list[Pending[str]] = []
    add(world, world.northwind.system, "a", "b", seen=seen)
    assert seen[0].all() == ["a"]
    with pytest.raises(psycopg.errors.UniqueViolation):
        add(world, world.northwind.system, "c", "dd")
    assert kept(world) == ["a", "b", "c"]


def test_a_first_part_that_fails_is_heard_of_though_nobody_waited(world: World) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        add(world, world.northwind.system, "aa", "b")
    assert kept(world) == ["b"]


def test_a_stranger_enters_neither_part(world: World) -> None:
    assert world.northwind.service_key_id is not None
    stranger = ServiceScope(world.northwind.service_key_id, "0" * 64, "audits.callback", "test")
    with pytest.raises(Unauthenticated):
        add(world, stranger, "a", "b")
    assert kept(world) == []


def test_an_exception_inside_a_batch_undoes_what_was_queued(world: World) -> None:
    scope = world.northwind.system

    def stumble() -> None:
        with world.database.batch(scope) as batch:
            batch.run("UPDATE tenants SET name = 'Half done'")
            raise KeyError("while the next statement was put together")

    with pytest.raises(KeyError):
        stumble()
    assert world.database.value(scope, "SELECT name FROM tenants") == "Northwind"

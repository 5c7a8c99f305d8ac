"""Tenancy, proven by data: every table is filled for one tenant, and the other one sees and changes nothing of it.

The rows are made from the catalogue, so a table added tomorrow is part of this tomorrow.
"""

from __future__ import annotations

import itertools
import json
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from sidedesk.platform.scope import Scope
from tests.support.world import World

TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
 ORDER BY 1
"""
COLUMNS = """
SELECT a.attname, format_type(a.atttypid, NULL), a.attnotnull, a.atthasdef, a.attgenerated <> '' OR a.attidentity <> ''
  FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
SAMPLES: dict[str, list[Any]] = {
    "uuid": [],
    "text": ["a", "0" * 64, "owner@tenant.example", "2026-11", "month:2026-11", "2", "kb"],
    "integer": [1, 5, 0],
    "smallint": [1],
    "bigint": [1],
    "numeric": [1],
    "double precision": [0.5],
    "real": [0.5],
    "boolean": [True],
    "jsonb": [json.dumps({}), json.dumps([])],
    "date": ["2026-11-20"],
    "timestamp with time zone": ["2026-11-20T00:00:00Z"],
    "text[]": [["audits.callback"]],
    "bigint[]": [[1]],
    "uuid[]": [[]],
    "interval": ["1 day"],
    "bit": ["0" * 1536],
    "halfvec": ["[" + ",".join(["1"] * 1536) + "]"],
    "tsvector": ["a"],
}

# What a child row's check asks of its parent.
GIVEN: dict[str, dict[str, Any]] = {"customer_reply_grading": {"approved": True}}


# Not permitted, a generated column, a missing value, a column that cannot be written: all of them are refusals.
REFUSALS = ("42501", "428C9", "23502", "42601")


class Filler:
    """Writes one row into each table, parents first, past every policy (as the superuser)."""

    def __init__(self, world: World, tenant: UUID) -> None:
        self.world, self.tenant = world, tenant
        self.connection = psycopg.connect(world.owner_url, autocommit=True)
        self.rows: dict[str, dict[str, Any]] = {}

    def fill(self, table: str) -> dict[str, Any]:
        if table not in self.rows:
            self.rows[table] = {}
            self.rows[table] = self._insert(table)
        return self.rows[table]

    def _insert(self, table: str) -> dict[str, Any]:
        values, open_columns = self._parents(table) | GIVEN.get(table, {}), []
        allowed = self._allowed(table)
        for name, kind, required, default, generated in self.connection.execute(COLUMNS, (table,)).fetchall():
            if name in values or generated or default or not required:
                continue
            choices = [uuid4()] if kind == "uuid" else allowed.get(name) or SAMPLES[kind]
            if name in allowed:
                choices = allowed[name]
            open_columns.append((name, choices))
        errors = []
        for combination in itertools.islice(itertools.product(*(choices for _, choices in open_columns)), 20_000):
            row = values | dict(zip((name for name, _ in open_columns), combination, strict=True))
            statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING to_jsonb({})").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join(sql.Placeholder() * len(row)),
                sql.Identifier(table),
            )
            try:
                return self.connection.execute(statement, list(row.values())).fetchone()[0]  # type: ignore[index]
            except (
                psycopg.errors.CheckViolation,
                psycopg.errors.InvalidTextRepresentation,
                psycopg.errors.NotNullViolation,
            ) as error:
                errors.append(str(error).splitlines()[0])
        raise AssertionError(f"no row could be made for {table}; teach SAMPLES about it: {set(errors)}")

    def _parents(self, table: str) -> dict[str, Any]:
        """Values of foreign keys, from rows made for them."""
        values: dict[str, Any] = {"tenant_id": self.tenant}
        for target, own, theirs in self.connection.execute(
            "SELECT confrelid::regclass::text, array(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY k (n, i) JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = n ORDER BY i), "
            "array(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY k (n, i) JOIN pg_attribute a ON a.attrelid = confrelid AND a.attnum = n ORDER BY i) "
            "FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass",
            (table,),
        ).fetchall():
            if target in ("tenants", table):
                continue
            parent = self.fill(target)
            values |= {
                mine: parent[other]
                for mine, other in zip(own, theirs, strict=True)
                if mine != "tenant_id" and other in parent
            }
        return values

    def _allowed(self, table: str) -> dict[str, list[str]]:
        """Literals that CHECK constraints name for a column."""
        found: dict[str, list[str]] = {}
        for columns, text in self.connection.execute(
            "SELECT array(SELECT attname::text FROM unnest(conkey) n JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = n), pg_get_constraintdef(oid) "
            "FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass AND cardinality(conkey) = 1",
            (table,),
        ).fetchall():
            if "ANY (ARRAY[" in text:
                inside = text.partition("ARRAY[")[2].partition("]")[0]
                found[columns[0]] = [part.partition("'")[2].partition("'")[0] for part in inside.split(",")]
        return found


@pytest.fixture
def filled(world: World) -> list[str]:
    tables = [name for (name,) in world.sql(TABLES)]
    filler = Filler(world, world.northwind.id)
    for table in tables:
        filler.fill(table)
    filler.connection.close()
    for table in tables:
        [(many,)] = world.sql(f"SELECT count(*) FROM {table} WHERE tenant_id = %s", (world.northwind.id,))
        assert many >= 1, table
    return tables


def test_another_tenant_sees_and_changes_nothing(world: World, filled: list[str]) -> None:
    prove(world, filled)


@pytest.mark.parametrize(
    "hole",
    [
        "ALTER TABLE notifications DISABLE ROW LEVEL SECURITY",
        "CREATE POLICY wide ON uploads TO sidedesk_app USING (true)",
        "DROP POLICY tenant_isolation ON members; CREATE POLICY half ON members TO sidedesk_app USING (tenant_id = current_tenant()) WITH CHECK (true)",
    ],
)
def test_the_proof_notices_a_hole(world: World, filled: list[str], hole: str) -> None:
    for statement in hole.split("; "):
        world.sql(statement)
    with pytest.raises((AssertionError, psycopg.Error)):
        prove(world, filled)


def prove(world: World, filled: list[str]) -> None:
    mine, theirs = world.northwind, world.contoso.system
    before = {
        table: world.sql(f"SELECT to_jsonb(t)::text FROM {table} t WHERE tenant_id = %s ORDER BY 1", (mine.id,))
        for table in filled
    }
    attempts = refusals = 0
    for table in filled:
        own = world.sql("SELECT has_table_privilege('sidedesk_app', %s, 'SELECT')", (table,))[0][0]
        if own:
            assert world.database.value(mine.system, f"SELECT count(*) FROM {table}") >= 1, (
                f"{table}: its own tenant cannot see it"
            )
            assert (
                world.database.value(theirs, f"SELECT count(*) FROM {table} WHERE tenant_id = %(t)s", {"t": mine.id})
                == 0
            ), table
            assert (
                world.database.value(
                    theirs, f"SELECT count(*) FROM {table} t WHERE t::text LIKE %(t)s", {"t": f"%{mine.id}%"}
                )
                == 0
            ), table
        for statement in (
            f"UPDATE {table} SET tenant_id = current_tenant() WHERE tenant_id = %(t)s",
            f"UPDATE {table} SET tenant_id = tenant_id",
            f"DELETE FROM {table} WHERE tenant_id = %(t)s",
            f"INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, %(row)s::jsonb)).*",
            f"UPDATE {table} SET tenant_id = %(t)s",
        ):
            attempts += 1
            row = json.loads(before[table][0][0])
            if "id" in row and isinstance(row["id"], str) and len(row["id"]) == 36:
                row["id"] = str(uuid4())
            try:
                touched = world.database.run(theirs, statement, {"t": mine.id, "row": json.dumps(row)})
                if "tenant_id = tenant_id" not in statement and "SET tenant_id = %(t)s" not in statement:
                    assert touched == 0, (table, statement)
            except psycopg.Error as error:
                refusals += 1
                if error.sqlstate not in REFUSALS:
                    raise
    after = {
        table: world.sql(f"SELECT to_jsonb(t)::text FROM {table} t WHERE tenant_id = %s ORDER BY 1", (mine.id,))
        for table in filled
    }
    assert after == before
    assert attempts > 100
    assert refusals > len(filled)


def test_without_a_tenant_there_is_nothing(world: World, filled: list[str]) -> None:
    """A statement outside any unit of work, and one for a tenant that does not exist."""
    nobody = Scope.system(uuid4(), "test")
    with psycopg.connect(world.app_url, autocommit=True) as raw:
        for table in filled:
            if not world.sql("SELECT has_table_privilege('sidedesk_app', %s, 'SELECT')", (table,))[0][0]:
                continue
            assert raw.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
            assert world.database.value(nobody, f"SELECT count(*) FROM {table}") == 0, table


def test_the_tenant_of_one_unit_of_work_does_not_stay_for_the_next(world: World, filled: list[str]) -> None:
    connection = world.database._ready()
    assert world.database.value(world.northwind.system, "SELECT count(*) FROM members") > 0
    assert connection.execute("SELECT count(*) FROM members").fetchone() == (0,)
    assert connection.execute("SELECT current_setting('app.tenant', true)").fetchone()[0] in (None, "")  # type: ignore[index]
    with world.database.transaction(world.northwind.system) as transaction:
        assert transaction.value("SELECT count(*) FROM members") > 0
    assert connection.execute("SELECT count(*) FROM members").fetchone() == (0,)

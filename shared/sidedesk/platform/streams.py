"""Reading a whole table in flat memory, page by page along its key, without holding a transaction open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope

PAGE = 1_000


def rows_of(
    database: Database,
    scope: AnyScope,
    table: str,
    key: Sequence[str],
    *,
    without: Sequence[str] = (),
    page: int = PAGE,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(table, row) for every row of the tenant. `key` names the columns of a unique order."""
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in key)
    base = sql.SQL("SELECT {key}, (to_jsonb(t) - %(without)s::text[]) AS row FROM {table} t").format(
        key=sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(sql.Identifier(name), sql.Identifier(f"key_{position}"))
            for position, name in enumerate(key)
        ),
        table=sql.Identifier(table),
    )
    after = sql.SQL(" WHERE ({}) > ({})").format(
        columns, sql.SQL(", ").join(sql.Placeholder(f"after_{position}") for position in range(len(key)))
    )
    order = sql.SQL(" ORDER BY {} LIMIT %(page)s").format(columns)
    first, following = (base + order).as_string(), (base + after + order).as_string()
    values: dict[str, Any] = {"without": list(without), "page": page}
    statement = first
    while found := database.dicts(scope, statement, values):
        for row in found:
            yield table, row["row"]
        last = [found[-1][f"key_{position}"] for position in range(len(key))]
        values |= {f"after_{i}": Jsonb(value) if isinstance(value, dict) else value for i, value in enumerate(last)}
        statement = following

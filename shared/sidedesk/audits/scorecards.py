"""Scorecards: what is judged. A change makes a new version, and an audit keeps the one it was judged by."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from sidedesk.audits.errors import ScorecardInUse, ScorecardNotFound
from sidedesk.audits.models import Scorecard, ScorecardWrite
from sidedesk.audits.repository import SQL
from sidedesk.platform import audit_log
from sidedesk.platform.db import Database, constraint_of
from sidedesk.platform.errors import Conflict
from sidedesk.platform.models import Page, decode_cursor, part_of
from sidedesk.platform.scope import AnyScope


def list_scorecards(database: Database, scope: AnyScope, *, limit: int, cursor: str | None) -> Page[Scorecard]:
    name, after = decode_cursor(cursor, str, UUID) or (None, None)
    values = {"after_name": name, "after": after, "limit": limit + 1}
    rows = database.rows(scope, Scorecard, SQL["list_scorecards"], values)
    kept, following = part_of(rows, limit, lambda row: (row.name, row.id))
    return Page(data=kept, next_cursor=following)


def get_scorecard(database: Database, scope: AnyScope, scorecard_id: UUID, *, version: int | None = None) -> Scorecard:
    found = database.row(scope, Scorecard, SQL["find_scorecard"], {"id": scorecard_id, "version": version})
    if found is None:
        raise ScorecardNotFound()
    return found


def create(database: Database, scope: AnyScope, scorecard_id: UUID, wish: ScorecardWrite) -> Scorecard:
    try:
        return _write(database, scope, "create_scorecard", "scorecard.created", scorecard_id, wish)
    except psycopg.errors.UniqueViolation as error:
        if constraint_of(error) == "scorecards_pkey":  # the same wish, carried out before
            return get_scorecard(database, scope, scorecard_id)
        raise _name_taken(error, wish) from error


def change(database: Database, scope: AnyScope, scorecard_id: UUID, wish: ScorecardWrite) -> Scorecard:
    try:
        return _write(database, scope, "change_scorecard", "scorecard.changed", scorecard_id, wish)
    except psycopg.errors.UniqueViolation as error:
        raise _name_taken(error, wish) from error


def _write(
    database: Database, scope: AnyScope, query: str, event: str, scorecard_id: UUID, wish: ScorecardWrite
) -> Scorecard:
    values: dict[str, Any] = {
        "id": scorecard_id,
        "name": wish.name,
        "version": wish.version,
        "criteria": Jsonb([criterion.model_dump() for criterion in wish.criteria]),
        "pass_threshold": wish.pass_threshold,
    }
    with database.transaction(scope) as transaction:
        written = transaction.row(Scorecard, SQL[query], values)
        if written is None:
            exists = transaction.row(Scorecard, SQL["find_scorecard"], {"id": scorecard_id, "version": None})
            raise ScorecardInUse() if exists else ScorecardNotFound()
        transaction.run(*audit_log.record(event, scorecard_id=scorecard_id, version=written.version))
    return written


def _name_taken(error: psycopg.errors.UniqueViolation, wish: ScorecardWrite) -> Exception:
    if constraint_of(error) == "scorecards_name_unique":
        return Conflict(f"There is already a scorecard called {wish.name}. Choose another name.", code="name_taken")
    return error

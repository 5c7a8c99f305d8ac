"""Storing conversations: documents first, then all their rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from sidedesk.conversations import documents
from sidedesk.conversations.raw import RawConversation, RawTurn, column, conversation_id, encode
from sidedesk.conversations.repository import SQL
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope

Outcome = Literal["created", "changed", "unchanged"]


class Stored(BaseModel):
    """What became of one conversation."""

    model_config = ConfigDict(defer_build=True)

    id: UUID
    external_id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Ready:
    """Documents that lie in the store, and the statement that makes rows of what is new or different."""

    items: list[tuple[UUID, str]]
    statement: tuple[str, dict[str, Any]] | None

    def settled(self, rows: Sequence[dict[str, Any]]) -> list[Stored]:
        """What became of each, from the rows that the statement answered. The same one twice counts once."""
        told: dict[UUID, Outcome] = {row["id"]: "created" if row["created"] else "changed" for row in rows}
        return [
            Stored(id=own, external_id=external_id, outcome=told.pop(own, "unchanged"))
            for own, external_id in self.items
        ]


def put_many(database: Database, scope: AnyScope, raws: Sequence[RawConversation]) -> list[Stored]:
    ready = prepare(database, scope, [raw.completed() for raw in raws])
    rows = database.dicts(scope, *ready.statement) if ready.statement else []
    return ready.settled(rows)


def prepare(
    database: Database, scope: AnyScope, raws: Sequence[RawConversation], *, import_id: UUID | None = None
) -> Ready:
    """Look which are known, and put what is new or different into the store. The last one of several with one id counts."""
    before = known(database, scope, raws)
    items: list[tuple[UUID, str]] = []
    fresh: dict[UUID, tuple[RawConversation, bytes]] = {}
    for raw in raws:
        found = before.get((raw.source, raw.source_account, raw.external_id))
        own = (
            found["id"] if found else conversation_id(scope.tenant_id, raw.source, raw.source_account, raw.external_id)
        )
        items.append((own, raw.external_id))
        content = encode(raw)
        fresh.pop(own, None)
        if found is None or found["raw_digest"] != documents.digest_of(content):
            fresh[own] = (raw, content)
    if not fresh:
        return Ready(items, None)

    def store(one: tuple[UUID, tuple[RawConversation, bytes]]) -> dict[str, Any]:
        own, (raw, content) = one
        return _row(own, raw, documents.store(scope.tenant_id, own, "raw", content))

    rows = list(documents.side_by_side(store, list(fresh.items())))
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
    return Ready(items, (SQL["store"], columns | {"import_id": import_id}))


def known(
    database: Database, scope: AnyScope, raws: Sequence[RawConversation]
) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Rows there already, by source, account and external id."""
    values = {
        "sources": [raw.source for raw in raws],
        "source_accounts": [raw.source_account for raw in raws],
        "external_ids": [raw.external_id for raw in raws],
    }
    rows = database.dicts(scope, SQL["known"], values)
    return {(row["source"], row["source_account"], row["external_id"]): row for row in rows}


def _row(own: UUID, raw: RawConversation, pointer: documents.Pointer) -> dict[str, Any]:
    moments = sorted(moment for turn in raw.turns if (moment := moment_of(turn)) is not None)
    return {
        "id": own,
        "source": raw.source,
        "source_account": raw.source_account,
        "external_id": raw.external_id,
        "title": column(raw.title, 500),
        "channel": column(raw.channel, 200),
        "customer": column(raw.customer.name or raw.customer.email or raw.customer.id, 300),
        "customer_email": column(raw.customer.email, 320).lower(),
        "started_at": moments[0] if moments else None,
        "last_message_at": moments[-1] if moments else None,
        "message_count": len(raw.turns),
        "raw_storage_path": pointer.path,
        "raw_digest": pointer.digest,
        "raw_bytes": pointer.size,
    }


def moment_of(turn: RawTurn) -> datetime | None:
    """When it was said, if that can be told; a time without a zone is taken as UTC."""
    try:
        moment = datetime.fromisoformat((turn.at or "").strip())
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None

"""Conversations as people look at them: the list with its counts, one of them, its documents, and their removal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from sidedesk.conversations import documents, storing
from sidedesk.conversations.errors import BeingEnriched, ConversationNotFound, NoDocument
from sidedesk.conversations.models import (
    Conversation,
    ConversationDetail,
    ConversationPage,
    DocumentLink,
    NewConversation,
    StoreAnswer,
    StoreRequest,
)
from sidedesk.conversations.raw import RawConversation
from sidedesk.conversations.repository import SQL
from sidedesk.conversations.shapes import clean, role_of
from sidedesk.conversations.states import STATUSES, Status
from sidedesk.platform import audit_log
from sidedesk.platform.db import Database
from sidedesk.platform.models import decode_cursor, part_of
from sidedesk.platform.scope import AnyScope

Kind = Literal["raw", "enriched"]
# A function answers six megabytes at most, and quotes of a document are escaped on the way.
INLINE_BYTES = 4 * 1024 * 1024
ANSWER_BYTES = 5_800_000


class Filters(BaseModel):
    """What a list and an export have in common. Days are those of the organisation."""

    model_config = ConfigDict(defer_build=True)

    status: Status | None = None
    source: str | None = None
    topic: str | None = None
    language: str | None = None
    q: str | None = None
    start: date | None = None
    end: date | None = None
    import_id: UUID | None = None

    def values(self) -> dict[str, Any]:
        """For the statements, which search by pattern."""
        escaped = (self.q or "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return self.model_dump() | {"q": f"%{escaped}%" if self.q else None}


def store(database: Database, scope: AnyScope, ask: StoreRequest) -> StoreAnswer:
    """Store what a person sends."""
    given: Sequence[Any] = ask.conversations if ask.conversations is not None else [ask]
    stored = storing.put_many(database, scope, [_raw(one) for one in given])
    counts = {name: sum(one.outcome == name for one in stored) for name in ("created", "changed", "unchanged")}
    if counts["created"] or counts["changed"]:
        database.run(scope, *audit_log.record("conversations.stored", **counts))
    return StoreAnswer(**counts, data=stored)


def _raw(said: NewConversation | StoreRequest) -> RawConversation:
    raw = RawConversation.model_validate(said.model_dump(exclude={"conversations"}))
    turns = [turn.model_copy(update={"role": role_of(turn.role)}) for turn in raw.turns]
    return raw.model_copy(update={"turns": turns, "metadata": clean(raw.metadata)})


def list_page(
    database: Database, scope: AnyScope, filters: Filters, *, limit: int, cursor: str | None
) -> ConversationPage:
    """Newest first. The counts say how many there are of each status; they come with the first page."""
    at, after = decode_cursor(cursor, datetime, UUID) or (None, None)
    values = filters.values() | {"at": at, "after": after, "limit": limit + 1}
    with database.batch(scope) as batch:
        pending = batch.dicts(SQL["list_conversations"], values)
        counted = batch.dicts(SQL["count_statuses"], values) if cursor is None else None
    kept, following = part_of(pending.all(), limit, lambda row: (row["created_at"], row["id"]))
    counts: dict[Status, int] | None = None
    if counted is not None:
        found = {row["enrichment_status"]: row["conversations"] for row in counted.all()}
        counts = {status: found.get(status, 0) for status in STATUSES}
    return ConversationPage(
        data=[Conversation.model_validate(row) for row in kept], next_cursor=following, counts=counts
    )


def get(database: Database, scope: AnyScope, conversation_id: UUID) -> ConversationDetail:
    row = _row(database, scope, conversation_id)
    stale = row["enriched_storage_path"] is not None and row["enriched_from"] != row["raw_digest"]
    return ConversationDetail.model_validate(
        row
        | {
            "has_raw": row["raw_storage_path"] is not None,
            "has_enriched": row["enriched_storage_path"] is not None,
            "stale": stale,
            "leased": bool(row["leased"]),
        }
    )


def document(
    database: Database, scope: AnyScope, conversation_id: UUID, kind: Kind, *, link: bool
) -> str | DocumentLink:
    """The document as it was written; an address of it when it is asked for or too large for an answer."""
    row = _row(database, scope, conversation_id)
    path = row[f"{kind}_storage_path"]
    if path is None:
        if kind == "raw":
            raise NoDocument("Nobody has stored this conversation's messages yet. Import it from where it lives.")
        raise NoDocument("This conversation has not been enriched yet.")
    too_large = kind == "raw" and (row["raw_bytes"] or 0) > INLINE_BYTES
    if not link and not too_large:
        text = documents.read(path).decode("utf-8")
        if len(text) <= INLINE_BYTES and len(json.dumps(text, ensure_ascii=False).encode()) <= ANSWER_BYTES:
            return text
    url = documents.link(path, f"{kind}-{conversation_id}.json")
    return DocumentLink(url=url, expires_in=documents.LINK_SECONDS)


def remove(database: Database, scope: AnyScope, conversation_id: UUID) -> None:
    """Documents first: what a crash leaves behind is a row that can be removed again, not a text nobody knows of."""
    if _row(database, scope, conversation_id)["leased"]:
        raise BeingEnriched()
    documents.erase(scope.tenant_id, conversation_id)
    with database.batch(scope) as batch:
        batch.run(SQL["remove"], {"ids": [conversation_id]})
        batch.run(*audit_log.record("conversation.removed", conversation_id=conversation_id))
    documents.erase(scope.tenant_id, conversation_id)  # what a run wrote meanwhile


def _row(database: Database, scope: AnyScope, conversation_id: UUID) -> dict[str, Any]:
    rows = database.dicts(scope, SQL["find"], {"id": conversation_id})
    if not rows:
        raise ConversationNotFound()
    return rows[0]

"""What other capabilities may do with conversations: register and store them, read documents, move them through enrichment.

The moves are statements for the caller's own unit of work. Each names the run that holds the conversation and the statuses
it may leave; no row answered means that the run has lost its hold, or that somebody was faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict

from sidedesk.conversations import documents, storing
from sidedesk.conversations.documents import Pointer
from sidedesk.conversations.errors import ConversationNotFound, NoDocument
from sidedesk.conversations.raw import (
    FORMAT,
    RawAttachment,
    RawConversation,
    RawPerson,
    RawTurn,
    Source,
    column,
    conversation_id,
)
from sidedesk.conversations.repository import SQL
from sidedesk.conversations.states import LEAVES, RESUMES, STATUSES, Category, Status, Step
from sidedesk.conversations.storing import Stored
from sidedesk.platform.db import Database
from sidedesk.platform.files import StorageFailed
from sidedesk.platform.scope import AnyScope

__all__ = [
    "FORMAT", "LEAVES", "RESUMES", "STATUSES", "Category", "Claimed", "ConversationNotFound", "NoDocument", "Pointer",
    "RawAttachment", "RawConversation", "RawPerson", "RawTurn", "Source", "Standing", "Status", "Step", "StorageFailed", "Stored",
    "claim", "complete", "conversation_id", "enriched", "fail", "load", "move", "put_many", "put_raw", "raw", "register",
    "release", "statuses", "store_enriched", "store_work",
]  # fmt: skip

Statement = tuple[str, dict[str, Any]]


class Claimed(BaseModel):
    """One row that `claim` answers for each conversation that exists. `raw_digest` is what the run works on."""

    model_config = ConfigDict(defer_build=True)

    id: UUID
    claimed: bool
    enrichment_status: Status
    raw_storage_path: str | None
    raw_digest: str | None


class Standing(BaseModel):
    model_config = ConfigDict(defer_build=True)

    id: UUID
    enrichment_status: Status
    leased: bool | None
    raw_digest: str | None
    enriched_from: str | None


# Rows and documents -----------------------------------------------------------------------------------------------------


def register(
    source: Source,
    source_account: str,
    external_id: str,
    *,
    title: str | None = None,
    channel: str | None = None,
    customer: str | None = None,
    customer_email: str | None = None,
    started_at: datetime | None = None,
    last_message_at: datetime | None = None,
    message_count: int | None = None,
) -> Statement:
    """The row of a conversation that lives elsewhere, made or brought up to date; answers its id. Holds no document."""
    return SQL["register"], {
        "source": source,
        "source_account": source_account,
        "external_id": external_id,
        "title": None if title is None else column(title, 500),
        "channel": None if channel is None else column(channel, 200),
        "customer": None if customer is None else column(customer, 300),
        "customer_email": None if customer_email is None else column(customer_email, 320).lower(),
        "started_at": started_at,
        "last_message_at": last_message_at,
        "message_count": message_count,
    }


def put_raw(database: Database, scope: AnyScope, raw: RawConversation) -> Stored:
    """Store one conversation with its document: created, changed or unchanged."""
    return storing.put_many(database, scope, [raw])[0]


def put_many(database: Database, scope: AnyScope, raws: Sequence[RawConversation]) -> list[Stored]:
    """The same for several: two round trips to the database, documents side by side."""
    return storing.put_many(database, scope, raws)


def raw(database: Database, scope: AnyScope, conversation_id: UUID) -> RawConversation:
    """The raw document of a conversation."""
    return RawConversation.model_validate(documents.load(_path(database, scope, conversation_id, "raw_storage_path")))


def enriched(database: Database, scope: AnyScope, conversation_id: UUID) -> dict[str, Any]:
    """The enriched document of a conversation, even if its source has changed since."""
    return documents.load(_path(database, scope, conversation_id, "enriched_storage_path"))


def load(path: str) -> dict[str, Any]:
    """A document by a pointer's path, such as `Claimed.raw_storage_path`."""
    return documents.load(path)


def store_enriched(scope: AnyScope, conversation_id: UUID, document: dict[str, Any]) -> Pointer:
    """Put the enriched document into the store. `complete` makes it visible."""
    return documents.store(scope.tenant_id, conversation_id, "enriched", document)


def store_work(scope: AnyScope, conversation_id: UUID, document: dict[str, Any]) -> Pointer:
    """What one step leaves for the next; keep its path. It goes with the conversation."""
    return documents.store(scope.tenant_id, conversation_id, "work", document)


def statuses(database: Database, scope: AnyScope, ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """Those of these conversations that this tenant has."""
    found = database.rows(scope, Standing, SQL["statuses"], {"ids": list(ids)})
    return {one.id: one for one in found}


def _path(database: Database, scope: AnyScope, conversation_id: UUID, column_name: str) -> str:
    rows = database.dicts(scope, SQL["find"], {"id": conversation_id})
    if not rows:
        raise ConversationNotFound()
    path: str | None = rows[0][column_name]
    if path is None:
        raise NoDocument()
    return path


# Moves of enrichment ----------------------------------------------------------------------------------------------------


def claim(ids: Sequence[UUID], run_id: UUID, lease_seconds: float) -> Statement:
    """Take hold of what is free and not completed; a row for each conversation that exists (`Claimed`)."""
    return SQL["claim"], {
        "ids": list(ids),
        "run_id": run_id,
        "lease_seconds": lease_seconds,
        "resumes": Jsonb(RESUMES),
    }


def move(conversation_id: UUID, run_id: UUID, to: Status, *, lease_seconds: float | None = None) -> Statement:
    """To `validating`, `validated`, `enrichment_in_progress` or `normalizing`; renews the lease if given seconds.

    Answers id, enrichment_status, raw_storage_path and raw_digest.
    """
    if to in ("completed", "failed", "not_started"):
        raise ValueError(f"nothing simply moves to {to}")
    values = {"id": conversation_id, "run_id": run_id, "to": to, "leaves": list(LEAVES[to])}
    return SQL["move"], values | {"lease_seconds": lease_seconds}


def fail(ids: Sequence[UUID], run_id: UUID, step: Step, category: Category, message: str) -> Statement:
    """End these with a reason; the next run goes on at this step. Answers their ids."""
    values = {"ids": list(ids), "run_id": run_id, "step": step, "category": category}
    return SQL["fail"], values | {"message": column(message, 2_000) or category, "leaves": list(LEAVES["failed"])}


def complete(
    conversation_id: UUID,
    run_id: UUID,
    pointer: Pointer,
    *,
    enriched_from: str,
    topic: str | None = None,
    language: str | None = None,
    sentiment: str | None = None,
    resolution: str | None = None,
    predicted_csat: float | Decimal | None = None,
) -> Statement:
    """Make the stored document visible and end here. `enriched_from` is the digest of the raw document it was made from."""
    return SQL["complete"], {
        "id": conversation_id,
        "run_id": run_id,
        "path": pointer.path,
        "enriched_from": enriched_from,
        "topic": None if topic is None else column(topic, 200),
        "language": language,
        "sentiment": sentiment,
        "resolution": resolution,
        "predicted_csat": predicted_csat,
        "leaves": list(LEAVES["completed"]),
    }


def release(ids: Sequence[UUID], run_id: UUID) -> Statement:
    """Let go without a verdict. Answers their ids."""
    return SQL["release"], {"ids": list(ids), "run_id": run_id}

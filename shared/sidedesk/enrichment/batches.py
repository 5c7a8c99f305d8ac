"""Batches: made-up conversations by topics, one queue message each, and one run that enriches them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

from pydantic import BaseModel

from sidedesk.ai.errors import CapReached
from sidedesk.conversations import service as conversations
from sidedesk.enrichment import runs
from sidedesk.enrichment.errors import (
    BatchEmpty,
    BatchNotFound,
    BatchStillGoing,
    ConversationsMissing,
    worth_another_try,
)
from sidedesk.enrichment.models import Batch, BatchItem, BatchItems, BatchRequest, Generated, GenerateRequest
from sidedesk.enrichment.repository import SQL
from sidedesk.platform import audit_log, outbox
from sidedesk.platform.db import Database
from sidedesk.platform.errors import DomainError
from sidedesk.platform.models import Page, decode_cursor, part_of
from sidedesk.platform.observability import count, logger
from sidedesk.platform.outbox import Message
from sidedesk.platform.scope import AnyScope, Scope

if TYPE_CHECKING:
    from sidedesk.ai.deadline import Deadline
    from sidedesk.ai.gateway import Gateway

QUEUE: Final = "generate_conversation"
ATTEMPTS: Final = 5
FIRST_WAIT_SECONDS: Final = 5
# A worker that died keeps its item this much longer than its own time.
LEASE_MARGIN_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 3_600.0
PATIENCE_EACH: Final = 60.0
TURNS: Final = 8
_ALL: Final = 2**31 - 1


class Wanted(BaseModel):
    """A message of the queue: one conversation of a batch."""

    tenant_id: UUID
    item_id: UUID

    @property
    def scope(self) -> Scope:
        return Scope.system(self.tenant_id, "generate_conversation")


@dataclass(frozen=True, slots=True)
class Tools:
    """What making conversations needs from outside."""

    database: Callable[[], Database]
    gateway: Callable[..., Gateway]
    machine_arn: str


# People's wishes ------------------------------------------------------------------------------------------------------


def generate_one(
    database: Database, scope: AnyScope, wish: GenerateRequest, *, conversation_name: UUID, gateway: Gateway
) -> Generated:
    """One conversation while the caller waits."""
    from sidedesk.enrichment import generation

    made = generation.make(
        gateway,
        topic=wish.topic,
        style=wish.style,
        language=wish.language,
        turns=wish.turns,
        number=1,
        external_id=str(conversation_name),
    )
    stored = conversations.put_raw(database, scope, made.raw)
    database.run(scope, *audit_log.record("conversation.generated", conversation_id=stored.id, topic=wish.topic))
    return Generated(
        id=stored.id,
        conversation_id=stored.id,
        title=made.raw.title,
        topic=wish.topic,
        turns=len(made.raw.turns),
        enrichment_status="not_started",
        cost_usd=float(made.cost_usd),
    )


def create(database: Database, scope: AnyScope, wish: BatchRequest, *, batch_id: UUID) -> Batch:
    """Rows and messages at once; made before by the same wish, nothing is made twice."""
    topics = list(islice(cycle(wish.topics), wish.count))
    ids = [uuid5(batch_id, str(position)) for position in range(1, wish.count + 1)]
    values = {
        "id": batch_id,
        "topics": wish.topics,
        "style": wish.style,
        "language": wish.language,
        "auto_enrich": wish.auto_enrich,
        "max_cost_usd": wish.max_cost_usd,
        "patience": PATIENCE_SECONDS + PATIENCE_EACH * wish.count,
    }
    messages: list[Message] = []
    with database.transaction(scope) as transaction:
        if transaction.values(SQL["create_batch"], values):
            transaction.run(SQL["create_batch_items"], {"batch_id": batch_id, "ids": ids, "topics": topics})
            if wish.max_cost_usd is not None:
                from sidedesk.ai import ledger  # only batches with a cap of their own need it

                transaction.run(*ledger.set_job_cap(batch_id, Decimal(str(wish.max_cost_usd))))
            messages = [_message(scope.tenant_id, one) for one in ids]
            transaction.run(*outbox.add(scope, messages))
            transaction.run(*audit_log.record("batch.created", batch_id=batch_id, conversations=wish.count))
    if messages:
        outbox.send_now(database, scope, messages)
    return get(database, scope, batch_id)


def get(database: Database, scope: AnyScope, batch_id: UUID) -> Batch:
    rows = database.rows(scope, Batch, SQL["batches"], {"id": batch_id, "at": None, "after": None, "limit": 1})
    if not rows:
        raise BatchNotFound()
    return rows[0]


def list_page(database: Database, scope: AnyScope, *, limit: int, cursor: str | None) -> Page[Batch]:
    at, after = decode_cursor(cursor, datetime, UUID) or (None, None)
    rows = database.rows(scope, Batch, SQL["batches"], {"id": None, "at": at, "after": after, "limit": limit + 1})
    kept, following = part_of(rows, limit, lambda row: (row.created_at, row.id))
    return Page(data=kept, next_cursor=following)


def items(database: Database, scope: AnyScope, batch_id: UUID, *, status: str | None, limit: int | None) -> BatchItems:
    """All of them unless a limit is given, in the order they were asked for."""
    values = {"batch_id": batch_id, "status": status, "limit": limit or _ALL}
    with database.batch(scope) as batch:
        exists = batch.values(SQL["batch_exists"], {"id": batch_id})
        found = batch.dicts(SQL["batch_items"], values)
    if not exists.first():
        raise BatchNotFound()
    return BatchItems(data=[BatchItem.model_validate(row) for row in found.all()])


def enrich(
    database: Database, scope: AnyScope, batch_id: UUID, *, run_id: UUID, sequential: bool, machine_arn: str
) -> None:
    """All that was made, as one run."""
    found = get(database, scope, batch_id)
    if found.status == "running":
        raise BatchStillGoing()
    ids: list[UUID] = database.values(scope, SQL["batch_conversations"], {"batch_id": batch_id})
    there = conversations.statuses(database, scope, ids)
    ids = [one for one in ids if one in there]  # what was erased since is no part of it
    if not ids:
        raise BatchEmpty()
    runs.create(database, scope, ids, run_id=run_id, sequential=sequential, batch_id=batch_id, machine_arn=machine_arn)


# The worker -----------------------------------------------------------------------------------------------------------


def generate(tools: Tools, wanted: Wanted, deadline: Deadline) -> str:
    """One item of a batch. Returns what became of it."""
    database, scope = tools.database(), wanted.scope
    lease = {"item_id": wanted.item_id, "lease": max(0.0, deadline.left()) + LEASE_MARGIN_SECONDS}
    rows = database.dicts(scope, SQL["take_batch_item"], lease)
    if not rows:
        return "nothing to do"
    item = rows[0]
    batch_id: UUID = item["batch_job_id"]
    name = f"{batch_id}-{item['position']}"
    own = conversations.conversation_id(scope.tenant_id, "generated", "", name)
    try:
        # Made by a worker that died before it could say so: it is paid for.
        if own not in conversations.statuses(database, scope, [own]):
            from sidedesk.enrichment import generation

            made = generation.make(
                tools.gateway(scope, batch_id, deadline, None),
                topic=item["topic"],
                style=item["style"],
                language=item["language"],
                turns=TURNS,
                number=item["position"],
                external_id=name,
            )
            own = conversations.put_raw(database, scope, made.raw).id
    except DomainError as error:
        return _not_made(tools, wanted, batch_id, item["attempts"], error)
    settle(tools.database(), scope, wanted.item_id, conversation_id=own)
    close(tools.database(), scope, batch_id, machine_arn=tools.machine_arn)
    count("ConversationsGenerated")
    return "made"


def _not_made(tools: Tools, wanted: Wanted, batch_id: UUID, attempts: int, error: DomainError) -> str:
    """Again later when that may help, by a message of our own; otherwise the item fails with the reason."""
    database, scope = tools.database(), wanted.scope
    if worth_another_try(error) and not isinstance(error, CapReached) and attempts < ATTEMPTS:
        wait = max(error.retry_after or 0, FIRST_WAIT_SECONDS * 2 ** (attempts - 1))
        again = _message(wanted.tenant_id, wanted.item_id, datetime.now(UTC) + timedelta(seconds=min(300, wait)))
        with database.batch(scope) as batch:
            batch.run(SQL["free_batch_item"], {"item_id": wanted.item_id})
            batch.run(*outbox.add(scope, [again]))
        outbox.send_now(database, scope, [again])
        logger.warning("conversation not made yet", extra={"batch": str(batch_id), "code": error.code})
        return "again later"
    settle(database, scope, wanted.item_id, error=error.message)
    close(database, scope, batch_id, machine_arn=tools.machine_arn)
    return "failed"


def settle(
    database: Database, scope: Scope, item_id: UUID, *, conversation_id: UUID | None = None, error: str | None = None
) -> UUID | None:
    """The item's end; answers its batch, or nothing when it had ended before."""
    status = "completed" if error is None else "failed"
    values = {"item_id": item_id, "status": status, "conversation_id": conversation_id, "error": error}
    with database.batch(scope) as batch:
        settled = batch.values(SQL["settle_batch_item"], values)
        if conversation_id is not None:
            batch.run(*audit_log.record("conversation.generated", conversation_id=conversation_id, item_id=item_id))
    found: UUID | None = settled.first()
    return found


def close(database: Database, scope: Scope, batch_id: UUID, *, machine_arn: str) -> None:
    """Asked after the commit of the last item, so that neighbours are seen. Who closes it starts what it asked for."""
    closed = database.values(scope, SQL["close_batch"], {"batch_id": batch_id})
    if closed and closed[0]:
        enrich_made(database, scope, batch_id, machine_arn=machine_arn)


def enrich_made(database: Database, scope: Scope, batch_id: UUID, *, machine_arn: str) -> None:
    """`auto_enrich`: one run, however often this is called."""
    try:
        enrich(
            database, scope, batch_id, run_id=uuid5(batch_id, "auto_enrich"), sequential=False, machine_arn=machine_arn
        )
    except (BatchEmpty, ConversationsMissing):
        logger.info("a batch was erased before it was enriched", extra={"batch": str(batch_id)})


def _message(tenant_id: UUID, item_id: UUID, due: datetime | None = None) -> Message:
    payload: dict[str, Any] = {"tenant_id": str(tenant_id), "item_id": str(item_id)}
    return Message.to_queue(QUEUE, payload, due)

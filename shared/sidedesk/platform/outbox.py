"""Effects outside the database: first a row beside their cause, sent at once by the writer, and by the sweeper if it died.

A destination is `queue:<name>`, `mail` or `event:<name>` (a domain event, fanned out to the queues of its consumers).
At least once: consumers claim what they receive.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from sidedesk.platform import mail
from sidedesk.platform.aws import client
from sidedesk.platform.db import Database
from sidedesk.platform.observability import count, logger
from sidedesk.platform.scope import AnyScope, Scope
from sidedesk.platform.settings import QueueSettings, cached

SQS_MAX_DELAY = 900
LEASE_SECONDS = 60
MAX_ATTEMPTS = 12
SEND_THREADS = 4
# What a writer sends itself before it answers; the rest is the sender's, woken by one message.
WRITER_SENDS_AT_MOST = 20
SENDER_QUEUE = "send_outbox"

_ADD: Final = """
INSERT INTO outbox (id, tenant_id, destination, payload, due_at)
SELECT * FROM unnest(%(ids)s::uuid[], %(tenants)s::uuid[], %(destinations)s::text[], %(payloads)s::jsonb[], %(dues)s::timestamptz[])
"""
_CLAIM: Final = """
WITH picked AS (
  SELECT id FROM outbox
   WHERE id = ANY(%(ids)s) AND sent_at IS NULL AND failed_at IS NULL AND (leased_until IS NULL OR leased_until < now())
   FOR UPDATE SKIP LOCKED)
UPDATE outbox o SET leased_until = now() + make_interval(secs => %(lease)s), attempts = o.attempts + 1
  FROM picked WHERE o.id = picked.id
RETURNING o.id, o.destination, o.payload, o.due_at, o.attempts
"""
_DUE: Final = """
SELECT id FROM outbox WHERE sent_at IS NULL AND failed_at IS NULL AND due_at <= now()
   AND (leased_until IS NULL OR leased_until < now()) ORDER BY due_at LIMIT %(limit)s
"""
_SENT: Final = "UPDATE outbox SET sent_at = now(), leased_until = NULL WHERE id = ANY(%(ids)s)"
_FAILED: Final = """
UPDATE outbox SET last_error = left(%(error)s, 500),
  leased_until = now() + make_interval(secs => least(600, 5 * 2 ^ least(attempts, 8)) * (0.5 + random())),
  failed_at = CASE WHEN attempts >= %(most)s THEN now() END
 WHERE id = ANY(%(ids)s)
"""
_DUE_EVERYWHERE: Final = "SELECT tenant_id, id FROM sweep.due_outbox(%(limit)s)"


@dataclass(frozen=True, slots=True)
class Message:
    """Something to happen outside. `due` may lie in the future; SQS then holds it as long as it can."""

    destination: str
    payload: dict[str, Any]
    due: datetime | None = None
    id: UUID = field(default_factory=uuid4)

    @classmethod
    def to_queue(cls, name: str, payload: dict[str, Any], due: datetime | None = None) -> Message:
        return cls(f"queue:{name}", payload, due)

    @classmethod
    def event(cls, name: str, payload: dict[str, Any]) -> Message:
        return cls(f"event:{name}", payload)


def add(scope: AnyScope, messages: Sequence[Message]) -> tuple[str, dict[str, Any]]:
    """The statement to run in the transaction of the cause: all rows at once."""
    # Rows are handed over as early as their destination can hold them back itself.
    horizon = timedelta(seconds=SQS_MAX_DELAY)
    now = datetime.now(UTC)
    return _ADD, {
        "ids": [message.id for message in messages],
        "tenants": [scope.tenant_id] * len(messages),
        "destinations": [message.destination for message in messages],
        "payloads": [Jsonb(_stamped(message)) for message in messages],
        "dues": [
            max(now, message.due - horizon)
            if message.due and message.destination.startswith("queue:")
            else message.due or now
            for message in messages
        ],
    }


def _stamped(message: Message) -> dict[str, Any]:
    """A queue message carries its own time, because SQS cannot hold it longer than fifteen minutes."""
    if message.due is None:
        return message.payload
    return message.payload | {"not_before": message.due.isoformat()}


def send_now(database: Database, scope: AnyScope, messages: Sequence[Message]) -> None:
    """The writer's own attempt, after its commit. It must never fail the request: the sweeper comes anyway."""
    ready = [
        message
        for message in messages
        if message.due is None or message.due <= datetime.now(UTC) + timedelta(seconds=SQS_MAX_DELAY)
    ]
    try:
        if len(ready) <= WRITER_SENDS_AT_MOST:
            send(database, scope, [message.id for message in ready])
        else:
            _wake_sender(scope)
    except Exception:
        logger.warning("outbox left to the sweeper", exc_info=True)


def send(database: Database, scope: AnyScope, ids: Sequence[UUID]) -> int:
    """Claim, send, mark. Returns how many went out."""
    if not ids:
        return 0
    rows = database.dicts(scope, _CLAIM, {"ids": list(ids), "lease": LEASE_SECONDS})
    sent, failed = _deliver(scope, rows)
    with database.batch(scope) as batch:
        if sent:
            batch.run(_SENT, {"ids": sent})
        for error, failed_ids in failed.items():
            batch.run(_FAILED, {"ids": failed_ids, "error": error, "most": MAX_ATTEMPTS})
    if failed:
        count("OutboxFailed", sum(map(len, failed.values())))
    return len(sent)


def send_due(database: Database, scope: AnyScope, limit: int = 500) -> int:
    """Everything of one tenant whose time has come."""
    total = 0
    while ids := database.values(scope, _DUE, {"limit": limit}):
        sent = send(database, scope, ids)
        total += sent
        if sent < len(ids):
            break
    return total


def sweep(database: Database, limit: int = 2_000) -> int:
    """Send what writers left behind, tenant by tenant."""
    by_tenant: dict[UUID, list[UUID]] = defaultdict(list)
    for row in database.dicts(None, _DUE_EVERYWHERE, {"limit": limit}):
        by_tenant[row["tenant_id"]].append(row["id"])
    return sum(send(database, Scope.system(tenant, "outbox"), ids) for tenant, ids in by_tenant.items())


# Delivery -----------------------------------------------------------------------------------------------------------


def _deliver(scope: AnyScope, rows: Iterable[dict[str, Any]]) -> tuple[list[UUID], dict[str, list[UUID]]]:
    queues: dict[str, list[dict[str, Any]]] = defaultdict(list)
    sent: list[UUID] = []
    failed: dict[str, list[UUID]] = defaultdict(list)
    for row in rows:
        kind, _, name = row["destination"].partition(":")
        if kind == "queue":
            queues[name].append(row)
        elif kind == "event":
            for consumer in CONSUMERS.get(name, ()):
                queues[consumer].append(row)
            if name not in CONSUMERS:
                sent.append(row["id"])
        elif kind == "mail":
            try:
                mail.send(row["payload"], message_id=row["id"])
                sent.append(row["id"])
            except Exception as error:
                failed[f"{type(error).__name__}: {error}"].append(row["id"])
        else:
            failed[f"unknown destination {row['destination']}"].append(row["id"])
    for name, waiting in queues.items():
        _to_queue(name, scope, waiting, sent, failed)
    refused = {row_id for ids in failed.values() for row_id in ids}
    return [row_id for row_id in dict.fromkeys(sent) if row_id not in refused], dict(failed)


def _to_queue(
    name: str, scope: AnyScope, rows: list[dict[str, Any]], sent: list[UUID], failed: dict[str, list[UUID]]
) -> None:
    url = cached(QueueSettings).queue_urls.get(name)
    if url is None:
        failed[f"queue {name} is not configured for this function"].extend(row["id"] for row in rows)
        return
    batches = [rows[start : start + 10] for start in range(0, len(rows), 10)]
    sqs = client("sqs")

    def push(batch: list[dict[str, Any]]) -> tuple[list[UUID], str]:
        entries = [
            {
                "Id": str(position),
                "MessageBody": json.dumps(
                    row["payload"] | {"tenant_id": str(scope.tenant_id), "outbox_id": str(row["id"])}
                ),
                "DelaySeconds": delay_until(row["payload"].get("not_before")),
                "MessageGroupId": str(scope.tenant_id),  # fair queues: a busy tenant does not starve the others
            }
            for position, row in enumerate(batch)
        ]
        try:
            answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
        except Exception as error:
            return [], f"{type(error).__name__}: {error}"
        refused = "; ".join(entry.get("Message", "refused") for entry in answer.get("Failed", []))
        return [batch[int(entry["Id"])]["id"] for entry in answer.get("Successful", [])], refused

    if len(batches) == 1:
        results = [push(batches[0])]
    else:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(SEND_THREADS) as pool:
            results = list(pool.map(push, batches))
    for batch, (done, error) in zip(batches, results, strict=True):
        sent.extend(done)
        if missing := [row["id"] for row in batch if row["id"] not in done]:
            failed[error or "refused by the queue"].extend(missing)


def delay_until(not_before: str | None) -> int:
    """Whole seconds SQS should hold a message, rounded up, at most its limit."""
    if not not_before:
        return 0
    wait = (datetime.fromisoformat(not_before) - datetime.now(UTC)).total_seconds()
    return max(0, min(SQS_MAX_DELAY, int(wait) + (wait > int(wait))))


def _wake_sender(scope: AnyScope) -> None:
    url = cached(QueueSettings).queue_urls[SENDER_QUEUE]
    client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps({"tenant_id": str(scope.tenant_id)}))


# Domain events and the queues that listen; a capability adds its own line.
CONSUMERS: dict[str, tuple[str, ...]] = {}

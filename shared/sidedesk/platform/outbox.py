"""Effects outside the database: first a row beside their cause, sent at once by the writer, and by the sweeper if it died.

A destination is `queue:<name>` or `mail`. A domain event becomes one row per queue that listens, so that one consumer's
trouble is not repeated to the others. At least once: consumers claim what they receive by `outbox_id`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

from psycopg.types.json import Jsonb

from sidedesk.platform import delivery
from sidedesk.platform.db import Database
from sidedesk.platform.observability import count, logger
from sidedesk.platform.scope import AnyScope, Scope

LEASE_SECONDS = 60
MAX_ATTEMPTS = 20  # with the waits below: more than two hours
AT_A_TIME = 500
# What a writer sends itself before it answers; the rest is the sender's, woken by one message.
WRITER_SENDS_AT_MOST = 20
SENDER_QUEUE = "send_outbox"

# Domain events and the queues that listen; a capability adds its own line.
CONSUMERS: dict[str, tuple[str, ...]] = {}

_ADD: Final = """
INSERT INTO outbox (id, tenant_id, destination, payload, due_at)
SELECT m.id, current_tenant(), m.destination, m.payload, coalesce(m.due, now())
  FROM unnest(%(ids)s::uuid[], %(destinations)s::text[], %(payloads)s::jsonb[], %(dues)s::timestamptz[])
       AS m (id, destination, payload, due)
"""
# A row that used up its attempts without ever reporting back killed its senders: it is given up, not tried again.
_CLAIM: Final = """
WITH picked AS (
  SELECT id FROM outbox
   WHERE id = ANY(%(ids)s) AND sent_at IS NULL AND failed_at IS NULL AND due_at <= now() AND attempts < %(most)s
     AND (leased_until IS NULL OR leased_until < now())
   FOR UPDATE SKIP LOCKED)
UPDATE outbox o SET leased_until = now() + make_interval(secs => %(lease)s), attempts = o.attempts + 1
  FROM picked WHERE o.id = picked.id
RETURNING o.id, o.destination, o.payload
"""
_DUE: Final = """
SELECT id FROM outbox WHERE sent_at IS NULL AND failed_at IS NULL AND due_at <= now()
   AND (leased_until IS NULL OR leased_until < now()) ORDER BY due_at LIMIT %(limit)s
"""
_SENT: Final = "UPDATE outbox SET sent_at = now(), leased_until = NULL WHERE id = ANY(%(ids)s) AND sent_at IS NULL"
_RETRY: Final = """
UPDATE outbox SET last_error = left(%(error)s, 500),
  leased_until = now() + make_interval(secs => least(600, 5 * 2 ^ least(attempts, 8)) * (0.5 + random()))
 WHERE id = ANY(%(ids)s) AND sent_at IS NULL AND failed_at IS NULL
"""
_RELEASE: Final = """
UPDATE outbox SET leased_until = NULL, attempts = attempts - 1 WHERE id = ANY(%(ids)s) AND sent_at IS NULL
"""
# What cannot go out is as visible as what a queue gave up on.
_GIVE_UP: Final = """
WITH dead AS (
  UPDATE outbox SET failed_at = now(), leased_until = NULL, last_error = left(coalesce(%(error)s, last_error, 'its senders died'), 500)
   WHERE sent_at IS NULL AND failed_at IS NULL
     AND (id = ANY(%(refused)s)
       OR (id = ANY(%(tried)s) AND attempts >= %(most)s AND (%(own)s OR leased_until IS NULL OR leased_until < now())))
  RETURNING id, destination, payload, last_error)
INSERT INTO dead_letters (tenant_id, queue, message_id, payload, reason, destination)
SELECT current_tenant(), regexp_replace(destination, '^queue:', ''), id::text, payload, 'It could not be sent: ' || last_error, destination
  FROM dead
ON CONFLICT ON CONSTRAINT dead_letters_message_unique DO NOTHING
"""
_TENANTS_WITH_WORK: Final = "SELECT sweep.tenants_with_outbox()"


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
        """A domain event: whoever is listed in CONSUMERS gets it, each on a queue and a row of its own."""
        return cls(f"event:{name}", payload)

    def rows(self) -> list[Message]:
        """This message, or an event's copy for each consumer, with ids that are the same each time they are asked for."""
        kind, _, name = self.destination.partition(":")
        if kind != "event":
            return [self]
        return [
            Message(f"queue:{consumer}", {"event": name} | self.payload, self.due, uuid5(self.id, consumer))
            for consumer in CONSUMERS.get(name, ())
        ]

    @property
    def handed_over(self) -> datetime | None:
        """When to give it to its destination: as early as that can hold it back itself. None is at once."""
        if self.due is None or not self.destination.startswith("queue:"):
            return self.due
        early = self.due - timedelta(seconds=delivery.SQS_MAX_DELAY)
        return early if early > datetime.now(UTC) else None

    @property
    def stamped(self) -> dict[str, Any]:
        """A queue message carries its own time, because SQS cannot hold it longer than fifteen minutes."""
        return self.payload if self.due is None else self.payload | {"not_before": self.due.isoformat()}


def _rows(messages: Sequence[Message]) -> list[Message]:
    return [row for message in messages for row in message.rows()]


def add(scope: AnyScope, messages: Sequence[Message]) -> tuple[str, dict[str, Any]]:  # noqa: ARG001
    """The statement to run in the transaction of the cause: all rows at once, for the tenant of that transaction."""
    rows = _rows(messages)
    return _ADD, {
        "ids": [row.id for row in rows],
        "destinations": [row.destination for row in rows],
        "payloads": [Jsonb(row.stamped) for row in rows],
        "dues": [row.handed_over for row in rows],
    }


def send_now(database: Database, scope: AnyScope, messages: Sequence[Message]) -> None:
    """The writer's own attempt, after its commit."""
    send_soon(database, scope, [row.id for row in _rows(messages) if row.handed_over is None])


def send_soon(database: Database, scope: AnyScope, ids: Sequence[UUID]) -> None:
    """The same for rows that a statement wrote itself. It must never fail the request: the sweeper comes anyway."""
    try:
        if len(ids) <= WRITER_SENDS_AT_MOST:
            send(database, scope, ids)
        else:
            delivery.wake(SENDER_QUEUE, scope.tenant_id)
    except Exception:
        logger.warning("outbox left to the sweeper", exc_info=True)


def send(database: Database, scope: AnyScope, ids: Sequence[UUID]) -> int:
    """Claim, send, mark. Returns how many went out.

    Killed before the claim: nothing happened. After it: the lease runs out and the rows are due again. After the send
    and before the mark: sent again, and the consumer finds its claim.
    """
    if not ids:
        return 0
    claim = {"ids": list(ids), "lease": LEASE_SECONDS, "most": MAX_ATTEMPTS}
    with database.batch(scope) as batch:
        batch.run(_GIVE_UP, {"refused": [], "tried": list(ids), "most": MAX_ATTEMPTS, "error": None, "own": False})
        claimed = batch.dicts(_CLAIM, claim)
    rows = claimed.all()
    if not rows:
        return 0
    # Mails are slow and reach people: what does not fit well inside the lease is given back instead of sent late.
    report = delivery.deliver(scope.tenant_id, rows, until=time.monotonic() + LEASE_SECONDS / 2)
    with database.batch(scope) as batch:
        if report.sent:
            batch.run(_SENT, {"ids": report.sent})
        if report.untouched:
            batch.run(_RELEASE, {"ids": report.untouched})
        for error, failed in report.failed.items():
            batch.run(
                _GIVE_UP,
                {"refused": [], "tried": failed, "most": MAX_ATTEMPTS, "error": error, "own": True},
            )
            batch.run(_RETRY, {"ids": failed, "error": error})
        for error, refused in report.refused.items():
            batch.run(_GIVE_UP, {"refused": refused, "tried": [], "most": MAX_ATTEMPTS, "error": error, "own": True})
    if lost := sum(map(len, report.failed.values())) + sum(map(len, report.refused.values())):
        count("OutboxFailed", lost)
        logger.warning("outbox rows not sent", extra={"errors": [*report.failed, *report.refused], "rows": lost})
    return len(report.sent)


def send_due(database: Database, scope: AnyScope, *, until: float | None = None) -> int:
    """Everything of one tenant whose time has come, as far as the time allows."""
    total = 0
    while until is None or time.monotonic() < until:
        ids = database.values(scope, _DUE, {"limit": AT_A_TIME})
        sent = send(database, scope, ids)
        total += sent
        if sent < AT_A_TIME:
            break
    return total


def sweep(database: Database, *, until: float | None = None) -> int:
    """Send what writers left behind: each tenant gets a turn before any gets a second one."""
    total = 0
    tenants = list(database.values(None, _TENANTS_WITH_WORK))
    while tenants and (until is None or time.monotonic() < until):
        again = []
        for tenant in tenants:
            if until is not None and time.monotonic() >= until:
                break
            scope = Scope.system(tenant, "outbox")
            try:
                sent = send(database, scope, database.values(scope, _DUE, {"limit": AT_A_TIME}))
            except Exception:  # one tenant's trouble is not the others'
                logger.exception("outbox of one tenant not swept", extra={"tenant": str(tenant)})
                continue
            total += sent
            if sent == AT_A_TIME:
                again.append(tenant)
        tenants = again
    return total

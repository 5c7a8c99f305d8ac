"""Dead letters: what a queue gave up on becomes a row people see, a count, and a failure of the thing it belonged to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID, uuid4

import psycopg
from psycopg.types.json import Jsonb

from sidedesk.platform import audit_log, durable_metrics, outbox
from sidedesk.platform.db import Database, constraint_of
from sidedesk.platform.errors import Conflict, NotFound
from sidedesk.platform.models import Answer, Page, decode_cursor, part_of
from sidedesk.platform.observability import count, logger
from sidedesk.platform.scope import AnyScope, Scope

# Tells a capability that this message of its queue is dead. It may be told twice, and must not mind.
Hook = Callable[[Database, Scope, dict[str, Any]], None]

HOOK_ATTEMPTS = 5
GAVE_UP: Final = "Its worker failed each time it was delivered."


class DeadLetter(Answer):
    id: UUID
    queue: str
    message_id: str
    payload: dict[str, Any]
    reason: str
    received_at: datetime
    redriven_at: datetime | None
    redriven_by: str | None


_RECORD: Final = """
INSERT INTO dead_letters (tenant_id, queue, message_id, payload, reason)
VALUES (current_tenant(), %(queue)s, %(message_id)s, %(payload)s, %(reason)s)
ON CONFLICT ON CONSTRAINT dead_letters_message_unique DO NOTHING RETURNING true
"""
_ORPHAN: Final = """
INSERT INTO orphan_letters (queue, message_id, body, reason) VALUES (%(queue)s, %(message_id)s, left(%(body)s, 10000), %(reason)s)
ON CONFLICT DO NOTHING
"""
# Mails hold what somebody wrote to somebody; queue messages hold ids.
_LIST: Final = """
SELECT id, queue, message_id, CASE WHEN destination = 'mail' THEN '{}'::jsonb ELSE payload END AS payload, reason, received_at,
       redriven_at, redriven_by
  FROM dead_letters
 WHERE (%(queue)s::text IS NULL OR queue = %(queue)s)
   AND (%(state)s::text IS NULL OR (redriven_at IS NULL) = (%(state)s = 'open'))
   AND (%(at)s::timestamptz IS NULL OR (received_at, id) < (%(at)s::timestamptz, %(id)s::uuid))
 ORDER BY received_at DESC, id DESC LIMIT %(limit)s
"""
# One person wins; the message gets a new identity, or its consumer would take it for one it has seen.
_REDRIVE: Final = """
WITH chosen AS (
  UPDATE dead_letters SET redriven_at = now(), redriven_by = current_setting('app.actor')
   WHERE id = %(id)s AND redriven_at IS NULL RETURNING queue, payload, destination)
INSERT INTO outbox (id, tenant_id, destination, payload)
SELECT %(outbox_id)s, current_tenant(), coalesce(destination, 'queue:' || queue), payload - 'outbox_id' - 'not_before' FROM chosen
RETURNING true
"""
_EXISTS: Final = "SELECT true FROM dead_letters WHERE id = %(id)s"


def bury(
    database: Database, hooks: Mapping[str, Hook], *, queue: str, message_id: str, body: str, deliveries: int
) -> None:
    """Record one dead message and tell its owner. Raises only when another delivery of it may help."""
    payload = _parsed(body)
    tenant = _tenant(payload)
    if payload is None or tenant is None:
        _orphan(database, queue, message_id, body, "It names no tenant.")
        return
    scope = Scope.system(tenant, "drain_dead_letters")
    try:
        _record(database, scope, queue, message_id, payload)
    except psycopg.errors.ForeignKeyViolation as error:
        if constraint_of(error) != "dead_letters_tenant_id_fkey":
            raise
        _orphan(database, queue, message_id, body, "Its tenant does not exist.")
        return
    hook = hooks.get(queue)
    if hook is None:
        return
    try:
        hook(database, scope, payload)
    except Exception:
        # The row above stays either way: a hook that never succeeds must not keep the message turning.
        logger.exception("a dead letter's owner could not be told", extra={"queue": queue, "deliveries": deliveries})
        if deliveries < HOOK_ATTEMPTS:
            raise


def _record(database: Database, scope: Scope, queue: str, message_id: str, payload: dict[str, Any]) -> None:
    with database.transaction(scope) as transaction:
        values = {"queue": queue, "message_id": message_id, "payload": Jsonb(payload), "reason": GAVE_UP}
        if transaction.value(_RECORD, values):
            transaction.run(*durable_metrics.add("dead_letters_total", queue=queue))
            count("DeadLetter")


def _orphan(database: Database, queue: str, message_id: str, body: str, reason: str) -> None:
    body = body.replace("\x00", "�").encode("utf-8", "replace").decode()
    values = {"queue": queue, "message_id": message_id, "body": body, "reason": reason}
    database.run(None, _ORPHAN, values)
    count("OrphanLetter")
    logger.error("dead letter without an owner", extra={"queue": queue, "message_id": message_id, "reason": reason})


def _parsed(body: str) -> dict[str, Any] | None:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) and "\\u0000" not in body else None


def _tenant(payload: dict[str, Any] | None) -> UUID | None:
    try:
        return UUID(str((payload or {})["tenant_id"]))
    except (KeyError, ValueError):
        return None


def list_page(
    database: Database,
    scope: AnyScope,
    *,
    limit: int,
    cursor: str | None,
    queue: str | None,
    state: Literal["open", "redriven"] | None,
) -> Page[DeadLetter]:
    at, row_id = decode_cursor(cursor, datetime, UUID) or (None, None)
    values = {"at": at, "id": row_id, "limit": limit + 1, "queue": queue, "state": state}
    rows = database.rows(scope, DeadLetter, _LIST, values)
    kept, following = part_of(rows, limit, lambda row: (row.received_at, row.id))
    return Page(data=kept, next_cursor=following)


def redrive(database: Database, scope: AnyScope, letter_id: UUID) -> None:
    """Send it again, once, to where it was meant to go."""
    outbox_id = uuid4()
    with database.transaction(scope) as transaction:
        if transaction.value(_REDRIVE, {"id": letter_id, "outbox_id": outbox_id}) is None:
            if transaction.value(_EXISTS, {"id": letter_id}) is None:
                raise NotFound("There is no such dead letter.")
            raise Conflict("This message was sent again already.", code="already_redriven")
        transaction.run(*audit_log.record("dead_letter.redriven", dead_letter_id=letter_id))
    outbox.send_soon(database, scope, [outbox_id])

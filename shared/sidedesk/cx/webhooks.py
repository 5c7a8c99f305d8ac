"""Deliveries of Chatwoot: whose they are, whether they are genuine, and one round trip to store them.

What a warm function knows of an integration is read again every minute, and at once when a signature does not hold.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal
from uuid import UUID

from sidedesk.clients import chatwoot_signature
from sidedesk.clients.chatwoot_errors import MalformedWebhook
from sidedesk.clients.chatwoot_shapes import from_webhook
from sidedesk.clients.chatwoot_signature import BadSignature
from sidedesk.cx import signals
from sidedesk.cx.wishes import nudge_drafter
from sidedesk.platform import integrations
from sidedesk.platform.db import Database
from sidedesk.platform.errors import DomainError
from sidedesk.platform.models import Answer
from sidedesk.platform.observability import count
from sidedesk.platform.scope import Scope
from sidedesk.platform.tenant_options import TenantOptions, tenant_options

KEEP_SECONDS: Final = 60.0
STRANGERS_AT_MOST: Final = 1_000
_TENANT: Final = "SELECT sweep.tenant_of_chatwoot(%(id)s)"
_OF_ACCOUNT: Final = "SELECT id FROM sweep.chatwoots_of_account(%(account)s)"


class Taken(Answer):
    """What became of a delivery."""

    success: bool = True
    outcome: Literal["stored", "ignored"]


@dataclass(frozen=True, slots=True)
class Known:
    """An integration as a delivery needs it."""

    scope: Scope
    integration_id: UUID
    secret: str
    signed: bool
    options: TenantOptions
    read_at: float


_known: dict[UUID, Known] = {}


def take(
    database: Database, integration_id: UUID, body: str, timestamp: str | None, signature: str | None, *, now: datetime
) -> Taken:
    """One delivery for the integration that its address names."""
    known = _verified(database, integration_id, body, timestamp, signature, now)
    return _store(database, known, body, now)


def take_for_account(
    database: Database, body: str, timestamp: str | None, signature: str | None, *, now: datetime
) -> Taken:
    """The same where only the payload says whose it is: the integration of that account whose secret made the signature."""
    account = _account(body)
    candidates = database.values(None, _OF_ACCOUNT, {"account": account}) if account else []
    for candidate in candidates:
        try:
            known = _verified(database, candidate, body, timestamp, signature, now)
        except BadSignature:
            continue
        if known.signed:  # without a signature an account's number proves nothing
            return _store(database, known, body, now)
    raise BadSignature()


def _verified(
    database: Database, integration_id: UUID, body: str, timestamp: str | None, signature: str | None, now: datetime
) -> Known:
    raw = body.encode("utf-8", "surrogatepass")
    known = _look_up(database, integration_id)
    if not known.signed:
        return known
    try:
        chatwoot_signature.verify(known.secret, timestamp, signature, raw, now.timestamp())
    except BadSignature:
        if time.monotonic() - known.read_at < 2:
            raise
        # The secret may have been renewed a moment ago.
        known = _look_up(database, integration_id, fresh=True)
        chatwoot_signature.verify(known.secret, timestamp, signature, raw, now.timestamp())
    return known


def _store(database: Database, known: Known, body: str, now: datetime) -> Taken:
    try:
        payload: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedWebhook("This is not JSON, so it is no webhook of Chatwoot.") from error
    delivery = from_webhook(payload)
    if delivery.event not in signals.HANDLED or delivery.conversation is None:
        return Taken(outcome="ignored")
    wish = signals.take(database, known.scope, known.integration_id, delivery, known.options, now)
    if wish is not None:
        wait = (wish.due_at - datetime.now(UTC)).total_seconds()
        nudge_drafter(known.scope, wish.conversation_id, seconds=wait)
    count("CxWebhookStored")
    return Taken(outcome="stored")


def _look_up(database: Database, integration_id: UUID, *, fresh: bool = False) -> Known:
    kept = _known.get(integration_id)
    if kept is not None and not fresh and time.monotonic() - kept.read_at < KEEP_SECONDS:
        return kept
    tenant = database.value(None, _TENANT, {"id": integration_id})
    if tenant is None:
        raise BadSignature()  # an unknown address hears the same as a wrong signature
    scope = Scope.system(tenant, "chatwoot")
    try:
        found = integrations.connection_of(database, scope, integration_id, fresh=fresh)
    except DomainError as error:
        raise BadSignature() from error
    if found is None:
        raise BadSignature()
    if len(_known) >= STRANGERS_AT_MOST:
        _known.clear()
    _known[integration_id] = Known(
        scope=scope,
        integration_id=integration_id,
        secret=found.secrets.get("webhook_secret", ""),
        signed=bool(found.config.get("signed", True)),
        options=tenant_options(database, scope),
        read_at=time.monotonic(),
    )
    return _known[integration_id]


def forget() -> None:
    """Drop what is remembered, for tests."""
    _known.clear()


def _account(body: str) -> int | None:
    try:
        payload: Any = json.loads(body)
        account = payload["account"]["id"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    return account if isinstance(account, int) and 0 < account < 2**31 else None

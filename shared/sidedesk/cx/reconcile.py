"""Looking for what no webhook told us. Chatwoot sends each event once: a lost delivery would be a lost customer."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sidedesk.clients.chatwoot_shapes import Conversation, Message
from sidedesk.cx import signals
from sidedesk.cx.errors import first_sentence
from sidedesk.cx.repository import SQL
from sidedesk.cx.tools import Tools
from sidedesk.cx.wishes import nudge_drafter
from sidedesk.platform import durable_metrics, integrations
from sidedesk.platform.db import Database
from sidedesk.platform.errors import DomainError
from sidedesk.platform.observability import count, logger
from sidedesk.platform.scope import Scope
from sidedesk.platform.tenant_options import TenantOptions, tenant_options

_TENANTS: Final = "SELECT sweep.tenants_with_chatwoot()"
# Each visit looks back over the last one, and a little further: clocks differ, and deliveries take their time.
OVERLAP: Final = timedelta(minutes=10)
FIRST_LOOK: Final = timedelta(hours=24)
LONGEST_LOOK: Final = timedelta(days=7)


def visit_all(database: Database, tools: Tools, *, until: float) -> int:
    """Every tenant's Chatwoots. Answers how many customer messages nobody had told us of."""
    missed = 0
    for tenant in database.values(None, _TENANTS):
        scope = Scope.system(tenant, "reconcile_chatwoot")
        try:
            for one in integrations.connections(database, scope, "chatwoot"):
                if time.monotonic() < until:
                    missed += visit(database, scope, one.id, tools, until=until)
        except Exception:  # one tenant's trouble is not the others'
            logger.exception("one tenant not reconciled", extra={"tenant": str(tenant)})
            count("CxReconcileFailed")
    return missed


def visit(database: Database, scope: Scope, integration_id: UUID, tools: Tools, *, until: float) -> int:
    """One Chatwoot: conversations active since the last complete visit, message by message."""
    now = tools.now()
    sweep_id = uuid4()
    since = _since(database, scope, integration_id, now)
    database.run(scope, SQL["begin_sweep"], {"id": sweep_id, "integration_id": integration_id, "since": since})
    seen = {"conversations": 0, "messages": 0, "missed": 0}
    problem = ""
    try:
        options = tenant_options(database, scope)
        chatwoot = tools.chatwoot(scope, integration_id)
        for about in chatwoot.conversations(since, "all"):
            if time.monotonic() >= until:
                problem = "There was no time left for all conversations; the next visit goes on."
                break
            found = list(
                chatwoot.messages(
                    about.display_id, after=_known_before(database, scope, integration_id, about.display_id, since)
                )
            )
            seen["conversations"] += 1
            seen["messages"] += len(found)
            seen["missed"] += _take(database, scope, integration_id, about, found, options, tools, since)
    except DomainError as error:
        problem = first_sentence(error)
        logger.warning("visit of Chatwoot ended early", extra={"code": error.code})
        count("CxReconcileFailed")
    with database.batch(scope) as batch:
        batch.run(SQL["end_sweep"], {"id": sweep_id, "problem": problem, **seen})
        if seen["missed"]:
            batch.run(*durable_metrics.add("cx_missed_messages_total", seen["missed"]))
    return seen["missed"]


def _take(
    database: Database,
    scope: Scope,
    integration_id: UUID,
    about: Conversation,
    found: list[Message],
    options: TenantOptions,
    tools: Tools,
    since: datetime,
) -> int:
    """Store what is new, and see to it that an open question has a wish."""
    known = {"integration_id": integration_id, "ids": [message.id for message in found]}
    conversation_id = signals.conversation_id_of(scope, integration_id, about.display_id)
    with database.batch(scope) as batch:
        before = batch.values(SQL["known_messages"], known)
        signals.know(batch, scope, integration_id, about, tools.now())
        signals.take_thread(batch, scope, integration_id, about, found, "sweep", options)
        signals.take_status(batch, scope, integration_id, about, options, tools.now())
        wish = batch.values(
            SQL["owed_wish"],
            {"conversation_id": conversation_id, "wanted": options.flags.AI_CUSTOMER_DRAFT_ENABLED},
        )
    old = set(before.all())
    if wish.first() is not None:
        nudge_drafter(scope, conversation_id, seconds=options.options.cx.debounce_seconds)
    return sum(
        1
        for message in found
        if message.id not in old
        and message.direction == "incoming"
        and not message.private
        and message.created_at >= since
    )


def _since(database: Database, scope: Scope, integration_id: UUID, now: datetime) -> datetime:
    last: datetime | None = database.value(scope, SQL["last_sweep"], {"integration_id": integration_id})
    if last is None:
        return now - FIRST_LOOK
    return max(last - OVERLAP, now - LONGEST_LOOK)


def _known_before(database: Database, scope: Scope, integration_id: UUID, display_id: int, since: datetime) -> int:
    """A message that certainly lies before what this visit is about: what follows it is asked for."""
    values: dict[str, Any] = {"integration_id": integration_id, "display_id": display_id, "since": since}
    return int(database.value(scope, SQL["message_before"], values) or 0)

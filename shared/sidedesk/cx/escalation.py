"""Handing a conversation to somebody else: assigned in Chatwoot, noted here, and the person is told."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sidedesk.clients.chatwoot_errors import AssigneeUnknown
from sidedesk.cx.errors import AlreadyDecided, NoSuchDraft
from sidedesk.cx.models import Decided, Escalate
from sidedesk.cx.repository import SQL
from sidedesk.cx.tools import chatwoot as chatwoot_of
from sidedesk.platform import audit_log, durable_metrics, notifications, outbox
from sidedesk.platform.db import Database
from sidedesk.platform.errors import InvalidRequest
from sidedesk.platform.notifications import Notice
from sidedesk.platform.scope import Scope

if TYPE_CHECKING:
    from sidedesk.clients.chatwoot import Chatwoot


def escalate(database: Database, scope: Scope, draft_id: UUID, wish: Escalate, *, public_url: str) -> Decided:
    """Assign first: assigning twice is assigning once, so a crash in between costs nothing."""
    found = database.dicts(scope, SQL["draft"], {"id": draft_id})
    if not found:
        raise NoSuchDraft()
    row = found[0]
    if row["status"] != "pending":
        raise AlreadyDecided(row["status"], row["decided_by"])
    told = _assign(chatwoot_of(database, scope, row["integration_id"]), row["display_id"], wish.to)
    who = scope.email or scope.actor
    with database.transaction(scope) as transaction:
        if not transaction.run(SQL["escalated"], {"id": draft_id, "to": wish.to}):
            raise AlreadyDecided("superseded", "")
        recipients = {told} if told else set()
        recipients |= set(transaction.values(SQL["whom_to_tell"], {"roles": ["admin", "owner"]}))
        body = f"{who} asks {wish.to} to take conversation {row['display_id']}." + (
            f"\n\n{wish.note}" if wish.note else ""
        )
        notices = [
            Notice(
                email,
                "cx_escalated",
                "A conversation was escalated",
                body,
                f"#/approvals/{draft_id}",
                f"cx_escalated:{draft_id}:{wish.to}",
            )
            for email in sorted(recipients)
        ]
        messages = notifications.tell(transaction, scope, notices, public_url=public_url)
        transaction.run(*audit_log.record("cx.escalated", draft_id=draft_id, to=wish.to, note=wish.note))
        transaction.run(*durable_metrics.add("cx_decisions_total", decision="escalated"))
    outbox.send_now(database, scope, messages)
    return Decided(id=draft_id, status="pending")


def _assign(chatwoot: Chatwoot, display_id: int, to: str) -> str | None:
    """To an agent by e-mail, or to a team by its number. Answers whom to tell."""
    if to.startswith("team:"):
        number = to.removeprefix("team:")
        if not number.isdigit():
            raise InvalidRequest.of("to", "Name a team as team:<its number in Chatwoot>.")
        chatwoot.assign(display_id, team_id=int(number))
        return None
    agent = next((one for one in chatwoot.agents() if one.email.casefold() == to.strip().casefold()), None)
    if agent is None:
        raise AssigneeUnknown(f"Chatwoot knows no agent with the address {to}.")
    chatwoot.assign(display_id, assignee_id=agent.id)
    return agent.email.lower()

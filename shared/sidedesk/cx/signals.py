"""Signals: what Chatwoot tells us, stored in one round trip. A message is a row once, in whatever order it comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from sidedesk.clients.chatwoot_machines import is_machine, text_of
from sidedesk.clients.chatwoot_shapes import Conversation, Delivery, Message
from sidedesk.conversations import service as conversations
from sidedesk.cx.models import Channel
from sidedesk.cx.repository import SQL
from sidedesk.platform.db import Batch, Database, Pending
from sidedesk.platform.scope import AnyScope
from sidedesk.platform.tenant_options import TenantOptions

FoundBy = Literal["webhook", "sweep", "thread"]
STATUSES: Final = ("open", "resolved", "pending", "snoozed")
CHANNELS: Final[dict[str, Channel]] = {
    "Channel::Email": "email",
    "Channel::WebWidget": "live_chat",
    "Channel::Api": "live_chat",
    "Channel::Sms": "sms",
    "Channel::TwilioSms": "sms",
    "Channel::Whatsapp": "live_chat",
}
HANDLED: Final = (
    "message_created",
    "message_updated",
    "conversation_created",
    "conversation_status_changed",
    "conversation_updated",
)


@dataclass(frozen=True, slots=True)
class Wish:
    """A draft is wanted, when the burst is over."""

    conversation_id: UUID
    due_at: datetime


def conversation_id_of(scope: AnyScope, integration_id: UUID, display_id: int) -> UUID:
    """The same conversation has the same id, whoever hears of it first."""
    return conversations.conversation_id(scope.tenant_id, "chatwoot", str(integration_id), str(display_id))


def take(
    database: Database, scope: AnyScope, integration_id: UUID, delivery: Delivery, options: TenantOptions, now: datetime
) -> Wish | None:
    """One delivery: one round trip. Answers the wish it left, if any."""
    about = delivery.conversation
    if delivery.event not in HANDLED or about is None:
        return None
    with database.batch(scope) as batch:
        know(batch, scope, integration_id, about, now)
        if delivery.message is not None:
            left = take_message(batch, scope, integration_id, about, delivery.message, "webhook", options)
        else:
            left = take_status(batch, scope, integration_id, about, options, now)
    return wish_in(left)


def know(batch: Batch, scope: AnyScope, integration_id: UUID, about: Conversation, now: datetime) -> None:
    """The conversation's rows, before anything that belongs to it."""
    conversation_id = conversation_id_of(scope, integration_id, about.display_id)
    contact = about.contact
    batch.run(
        *conversations.register(
            "chatwoot",
            str(integration_id),
            str(about.display_id),
            channel=channel_of(about),
            customer=contact.name or contact.email or "",
            customer_email=contact.email,
            started_at=about.created_at,
            last_message_at=about.last_activity_at,
        )
    )
    known = {"name": contact.name, "email": contact.email or "", "phone": contact.phone or "", "id": contact.id}
    batch.run(
        SQL["know_conversation"],
        {
            "conversation_id": conversation_id,
            "integration_id": integration_id,
            "display_id": about.display_id,
            "status": status_of(about),
            "status_at": about.last_activity_at or now,
            "channel": channel_of(about),
            "contact": Jsonb(known if any(known.values()) else {}),
            "plan": (about.plan or "")[:100],
        },
    )


def take_message(
    batch: Batch,
    scope: AnyScope,
    integration_id: UUID,
    about: Conversation,
    message: Message,
    found_by: FoundBy,
    options: TenantOptions,
) -> Pending[dict[str, Any]] | None:
    """The statements for one message."""
    conversation_id = conversation_id_of(scope, integration_id, about.display_id)
    values = _values(integration_id, conversation_id, about, message, found_by)
    if message.deleted:
        batch.run(SQL["forget_message"], values)
        return None
    if message.direction == "incoming" and not message.private:
        cx = options.options.cx
        values |= {
            # Whether drafts are switched on is the drafter's question, asked when it counts.
            "wanted": found_by == "webhook" or options.flags.AI_CUSTOMER_DRAFT_ENABLED,
            "debounce": cx.debounce_seconds,
            "sla_due_at": sla_due(options, message.created_at),
        }
        return batch.dicts(SQL["take_incoming"], values)
    batch.run(SQL["take_other"], values)
    ours = values["post_id"] is not None
    if ours and message.private:
        batch.run(SQL["saw_note"], values)
    elif values["direction"] == "outgoing":
        if ours:
            batch.run(SQL["saw_reply"], values)
        if ours or message.sender.kind == "user":
            batch.run(SQL["answered"], values)
        if not ours and message.sender.kind == "user":
            batch.run(SQL["close_as_manual"], values)
    return None


def take_status(
    batch: Batch, scope: AnyScope, integration_id: UUID, about: Conversation, options: TenantOptions, now: datetime
) -> Pending[dict[str, Any]]:
    values = {
        "conversation_id": conversation_id_of(scope, integration_id, about.display_id),
        "status": status_of(about),
        "status_at": about.last_activity_at or now,
        "wanted": options.flags.AI_CUSTOMER_DRAFT_ENABLED,
    }
    left = batch.dicts(SQL["set_status"], values)
    batch.run(SQL["close_resolved"], values)
    return left


def wish_in(left: Pending[dict[str, Any]] | None) -> Wish | None:
    row = left.first() if left is not None else None
    if row is None or row["draft_due_at"] is None:
        return None
    return Wish(row["conversation_id"], row["draft_due_at"])


def sla_due(options: TenantOptions, written_at: datetime) -> datetime:
    """When the promise to the customer runs out, in the tenant's own hours."""
    cx = options.options.cx
    calendar = cx.business_hours.calendar(options.zone)
    return calendar.add(written_at, timedelta(minutes=cx.sla_minutes).total_seconds())


def status_of(about: Conversation) -> str:
    return about.status if about.status in STATUSES else "open"


def channel_of(about: Conversation) -> Channel:
    return CHANNELS.get(about.channel, "other")


def _values(
    integration_id: UUID, conversation_id: UUID, about: Conversation, message: Message, found_by: FoundBy
) -> dict[str, Any]:
    direction = "note" if message.private else message.direction
    return {
        "integration_id": integration_id,
        "conversation_id": conversation_id,
        "message_id": message.id,
        "direction": "activity" if direction == "template" else direction,
        "author": (message.sender.name or message.sender.email or "")[:300],
        "content": text_of(message)[:150_000],
        "content_type": message.content_type[:50],
        "attachments": len(message.attachments),
        "written_at": message.created_at.astimezone(UTC),
        "machine": _machine(message, about),
        "post_id": _uuid(message.post_id),
        "deleted": message.deleted,
        "found_by": found_by,
    }


def _machine(message: Message, about: Conversation) -> str:
    """Why nobody needs to answer a customer's message, or why an outgoing one is nobody's answer."""
    if message.direction == "incoming":
        return (is_machine(message, about) or "")[:300]
    return "A bot wrote it." if message.sender.kind == "agent_bot" else ""


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def take_thread(
    batch: Batch,
    scope: AnyScope,
    integration_id: UUID,
    about: Conversation,
    messages: Sequence[Message],
    found_by: FoundBy,
    options: TenantOptions,
) -> list[Pending[dict[str, Any]] | None]:
    """A whole thread as Chatwoot has it: what was known stays as it is."""
    return [take_message(batch, scope, integration_id, about, message, found_by, options) for message in messages]

"""Chatwoot's conversations and messages as we see them, whichever way they came.

The same message says "incoming" and a written time at the top of a webhook, and 0 and unix seconds everywhere else.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sidedesk.clients.chatwoot_errors import MalformedWebhook

Direction = Literal["incoming", "outgoing", "activity", "template"]
SenderKind = Literal["contact", "user", "agent_bot", "system"]

# Our own keys among a message's attributes: how a message of ours is recognised after a crash.
POST_ID = "sidedesk_post_id"
DRAFT_ID = "sidedesk_draft_id"

_DIRECTIONS: tuple[Direction, ...] = ("incoming", "outgoing", "activity", "template")
_LARGEST_ID = 2**63 - 1
_DEEPEST = 20
# Neither fits into a text of Postgres.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Malformed(ValueError):
    """A shape that Chatwoot does not send."""


@dataclass(frozen=True, slots=True)
class Contact:
    id: int | None
    name: str
    email: str | None
    phone: str | None
    custom_attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sender:
    kind: SenderKind
    id: int | None
    name: str
    email: str | None


@dataclass(frozen=True, slots=True)
class Attachment:
    kind: str
    url: str | None
    content_type: str | None
    size: int | None
    transcript: str | None  # of a voice message, when Chatwoot made one


@dataclass(frozen=True, slots=True)
class Message:
    id: int
    conversation_id: int  # the display id, as every path wants it
    direction: Direction
    private: bool
    content: str
    content_type: str
    content_attributes: dict[str, Any]
    created_at: datetime
    sender: Sender
    attachments: tuple[Attachment, ...]
    status: str | None  # delivery; webhooks do not say

    @property
    def deleted(self) -> bool:
        return self.content_attributes.get("deleted") is True

    @property
    def post_id(self) -> str | None:
        return _mark(self.content_attributes, POST_ID)

    @property
    def draft_id(self) -> str | None:
        return _mark(self.content_attributes, DRAFT_ID)

    @property
    def failure(self) -> str | None:
        """Why the channel did not deliver it."""
        said = self.content_attributes.get("external_error")
        return (str(said) if said else "Chatwoot could not deliver it.") if self.status == "failed" else None


@dataclass(frozen=True, slots=True)
class Assignee:
    id: int | None
    name: str
    email: str | None
    kind: Literal["user", "agent_bot"]


@dataclass(frozen=True, slots=True)
class Conversation:
    display_id: int
    account_id: int | None  # before 4.14.2 some webhooks do not say
    inbox_id: int | None
    channel: str  # such as Channel::Email
    status: str
    can_reply: bool
    priority: str | None
    labels: tuple[str, ...]
    contact: Contact
    assignee: Assignee | None
    team_id: int | None
    custom_attributes: dict[str, Any]
    waiting_since: datetime | None
    last_activity_at: datetime | None
    created_at: datetime | None
    latest: Message | None  # the newest message Chatwoot shows along; notes and activities may be it

    @property
    def plan(self) -> str | None:
        """The customer's plan, where the team keeps one as a custom attribute."""
        for attributes in (self.custom_attributes, self.contact.custom_attributes):
            for name, value in attributes.items():
                if name.lower() == "plan" and isinstance(value, str | int | float) and str(value).strip():
                    return str(value).strip()
        return None

    @property
    def by_mail(self) -> bool:
        return self.channel == "Channel::Email"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook. Events about contacts, inboxes and typing carry neither conversation nor message here."""

    event: str
    account_id: int | None
    conversation: Conversation | None
    message: Message | None


def from_webhook(payload: Any) -> Delivery:
    """What a webhook says, or why it is none."""
    if not isinstance(payload, dict) or not isinstance(payload.get("event"), str) or not payload["event"]:
        raise MalformedWebhook("This is not a webhook of Chatwoot: it names no event.")
    event = _text(payload["event"])
    try:
        account_id = _id(_dict(payload.get("account")).get("id"))
        if event in ("message_created", "message_updated"):
            about = payload.get("conversation")
            if not isinstance(about, dict):
                raise Malformed("the message belongs to no conversation")
            conversation = read_conversation(about)
            return Delivery(event, account_id or conversation.account_id, conversation, read_message(payload))
        if event.startswith("conversation_") and not event.startswith("conversation_typing"):
            return Delivery(event, account_id, read_conversation(payload), None)
    except Malformed as error:
        raise MalformedWebhook(f"This {event[:60]} of Chatwoot cannot be read: {error}.") from error
    return Delivery(event, account_id, None, None)


def read_message(raw: Any) -> Message:
    """From REST, from the top of a webhook, or from inside a conversation."""
    if not isinstance(raw, dict):
        raise Malformed("a message is not an object")
    about = raw.get("conversation")
    direction = _direction(raw.get("message_type"))
    created_at = _time(raw.get("created_at"))
    if created_at is None:
        raise Malformed("the message has no time")
    attachments = raw.get("attachments")
    return Message(
        id=_known_id(raw.get("id"), "the message"),
        conversation_id=_known_id(
            about.get("id") if isinstance(about, dict) else raw.get("conversation_id"), "the message's conversation"
        ),
        direction=direction,
        private=raw.get("private") is True,
        content=_text(raw.get("content")),
        content_type=_text(raw.get("content_type")) or "text",
        content_attributes=_attributes(raw.get("content_attributes")),
        created_at=created_at,
        sender=_sender(raw.get("sender"), direction),
        attachments=tuple(
            _attachment(one) for one in (attachments if isinstance(attachments, list) else []) if isinstance(one, dict)
        ),
        status=_text(raw.get("status")) or None if isinstance(raw.get("status"), str) else None,
    )


def read_conversation(raw: Any) -> Conversation:
    if not isinstance(raw, dict):
        raise Malformed("a conversation is not an object")
    meta = _dict(raw.get("meta"))
    contact = _dict(meta.get("sender"))
    status = raw.get("status")
    if not isinstance(status, str) or not status:
        raise Malformed("the conversation has no status")
    return Conversation(
        display_id=_known_id(raw.get("id"), "the conversation"),
        account_id=_id(raw.get("account_id")) or _id(_dict(raw.get("account")).get("id")),
        inbox_id=_id(raw.get("inbox_id")),
        channel=_text(raw.get("channel")) or _text(meta.get("channel")),
        status=_text(status),
        can_reply=raw.get("can_reply") is not False,
        priority=_text(raw.get("priority")) or None,
        labels=tuple(_text(label) for label in _list(raw.get("labels")) if isinstance(label, str)),
        contact=Contact(
            id=_id(contact.get("id")),
            name=_text(contact.get("name")),
            email=_text(contact.get("email")) or None,
            phone=_text(contact.get("phone_number")) or None,
            custom_attributes=_dict(storable(contact.get("custom_attributes"))),
        ),
        assignee=_assignee(meta),
        team_id=_id(_dict(meta.get("team")).get("id")),
        custom_attributes=_dict(storable(raw.get("custom_attributes"))),
        waiting_since=_time(raw.get("waiting_since") or None),
        last_activity_at=_time(raw.get("last_activity_at") or raw.get("timestamp")),
        created_at=_time(raw.get("created_at")),
        latest=_latest(raw),
    )


def storable(value: Any, depth: int = 0) -> Any:
    """Another system's JSON without what a jsonb column refuses."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("", value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_text(key): storable(inner, depth + 1) for key, inner in value.items()} if depth < _DEEPEST else None
    if isinstance(value, list):
        return [storable(inner, depth + 1) for inner in value] if depth < _DEEPEST else None
    return value


def _latest(raw: Mapping[str, Any]) -> Message | None:
    shown = [raw.get("last_non_activity_message"), *_list(raw.get("messages"))[-1:]]
    for one in shown:
        if isinstance(one, dict):
            try:
                return read_message({"conversation_id": raw.get("id"), **one})
            except Malformed:
                continue
    return None


def _assignee(meta: Mapping[str, Any]) -> Assignee | None:
    who = meta.get("assignee")
    if not isinstance(who, dict):
        return None
    bot = "bot" in _text(meta.get("assignee_type") or who.get("type")).lower()
    return Assignee(
        id=_id(who.get("id")),
        name=_text(who.get("available_name")) or _text(who.get("name")),
        email=_text(who.get("email")) or None,
        kind="agent_bot" if bot else "user",
    )


def _sender(raw: Any, direction: Direction) -> Sender:
    """A webhook's contact has no type, so who speaks is told by the direction."""
    if not isinstance(raw, dict):
        return Sender("contact" if direction == "incoming" else "system", None, "", None)
    named = _text(raw.get("type")).lower()
    kind: SenderKind = "contact" if direction == "incoming" else "user"
    if named in ("agent_bot", "agentbot"):
        kind = "agent_bot"
    elif named == "user":
        kind = "user"
    elif named == "contact":
        kind = "contact"
    return Sender(kind, _id(raw.get("id")), _text(raw.get("name")), _text(raw.get("email")) or None)


def _attachment(raw: Mapping[str, Any]) -> Attachment:
    return Attachment(
        kind=_text(raw.get("file_type")) or "file",
        url=_text(raw.get("data_url")) or None,
        content_type=_text(raw.get("content_type")) or None,
        size=_id(raw.get("file_size")),
        transcript=_text(raw.get("transcribed_text")) or None,
    )


def _direction(raw: Any) -> Direction:
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < len(_DIRECTIONS):
        return _DIRECTIONS[raw]
    for known in _DIRECTIONS:
        if raw == known:
            return known
    raise Malformed("the message's type is unknown")


def _time(raw: Any) -> datetime | None:
    try:
        if isinstance(raw, str) and raw:
            read = datetime.fromisoformat(raw)
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        if isinstance(raw, int | float) and not isinstance(raw, bool):
            return datetime.fromtimestamp(raw, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Malformed("a time cannot be read") from error
    return None


def _attributes(raw: Any) -> dict[str, Any]:
    """An object, or the same as text."""
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except (ValueError, RecursionError):
            return {}
    return _dict(storable(raw))


def _mark(attributes: Mapping[str, Any], name: str) -> str | None:
    value = attributes.get(name)
    return value if isinstance(value, str) and value else None


def _known_id(raw: Any, whose: str) -> int:
    found = _id(raw)
    if found is None:
        raise Malformed(f"{whose} has no id")
    return found


def _id(raw: Any) -> int | None:
    return raw if isinstance(raw, int) and not isinstance(raw, bool) and 0 < raw <= _LARGEST_ID else None


def _text(raw: Any) -> str:
    return _UNSTORABLE.sub("", raw) if isinstance(raw, str) else ""


def _dict(raw: Any) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else {}


def _list(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else []

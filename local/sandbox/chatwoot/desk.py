"""The state of the help desk and everything that may happen to it. Each change names the events it causes."""

import itertools
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from local.sandbox import errors
from local.sandbox.chatwoot import liquid
from local.sandbox.chatwoot.people import ACCOUNTS, CONVERSATIONS, CUSTOMERS, INBOXES, TEAMS, USERS, User
from local.sandbox.store import Store

Doc = dict[str, Any]
KINDS = ("cw_contact", "cw_conversation", "cw_message", "cw_webhook")
STATUSES = ("open", "resolved", "pending", "snoozed")
PRIORITIES = (None, "low", "medium", "high", "urgent")
MAX_LENGTH = 150_000
MAX_PER_MINUTE = 200
INCOMING, OUTGOING, ACTIVITY = 0, 1, 2


@dataclass(frozen=True)
class Event:
    name: str
    conversation: Doc
    message: Doc | None = None
    changed: tuple[str, ...] = ()
    before: Doc = field(default_factory=dict)


class Desk:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.load()

    def load(self) -> None:
        self.contacts: dict[int, Doc] = {d["id"]: d for d in self.store.all("cw_contact")}
        self.conversations: dict[str, Doc] = {d["id"]: d for d in self.store.all("cw_conversation")}
        self.webhooks: dict[int, Doc] = {d["id"]: d for d in self.store.all("cw_webhook")}
        self.messages: dict[str, list[Doc]] = {key: [] for key in self.conversations}
        last = 9000
        for message in self.store.all("cw_message"):
            self.messages.setdefault(_key(message["account_id"], message["conversation_id"]), []).append(message)
            last = max(last, message["id"])
        self._message_ids = itertools.count(last + 1)
        if not self.contacts:
            self._fill()

    def renew(self) -> None:
        for kind in KINDS:
            for doc in self.store.all(kind):
                self.store.delete(kind, doc["id"])
        self.load()

    # --- contacts and conversations -------------------------------------------------

    def new_contact(self, account_id: int, inbox_id: int, given: Doc) -> Doc:
        source = str(given.get("source_id") or uuid.uuid4())
        contact: Doc = {
            "id": max(self.contacts, default=70) + 1,
            "account_id": account_id,
            "name": given.get("name") or "visitor",
            "email": given.get("email"),
            "phone_number": given.get("phone_number"),
            "identifier": given.get("identifier"),
            "custom_attributes": given.get("custom_attributes") or {},
            "sources": {str(inbox_id): source},
            "created_at": time.time(),
        }
        self.contacts[contact["id"]] = contact
        self.store.put("cw_contact", contact)
        return contact

    def save_contact(self, contact: Doc) -> None:
        self.store.put("cw_contact", contact)

    def contact_by_source(self, inbox_id: int, source: str) -> Doc | None:
        return next((c for c in self.contacts.values() if c["sources"].get(str(inbox_id)) == source), None)

    def new_conversation(
        self, contact: Doc, inbox_id: int, given: Doc, at: float | None = None
    ) -> tuple[Doc, list[Event]]:
        account, now = contact["account_id"], at or time.time()
        display = (
            max((c["display_id"] for c in self.conversations.values() if c["account_id"] == account), default=400) + 1
        )
        conversation: Doc = {
            "id": _key(account, display),
            "account_id": account,
            "display_id": display,
            "uuid": str(uuid.uuid4()),
            "inbox_id": inbox_id,
            "contact_id": contact["id"],
            "source_id": contact["sources"][str(inbox_id)],
            "status": given.get("status") or "open",
            "priority": None,
            "assignee_id": None,
            "assignee_type": None,
            "team_id": None,
            "labels": [],
            "custom_attributes": given.get("custom_attributes") or {},
            "additional_attributes": given.get("additional_attributes") or {},
            "snoozed_until": None,
            "created_at": now,
            "updated_at": now,
            "last_activity_at": now,
            "waiting_since": now,
            "first_reply_created_at": None,
            "agent_last_seen_at": 0,
            "contact_last_seen_at": 0,
        }
        self.conversations[conversation["id"]] = conversation
        self.messages[conversation["id"]] = []
        self.store.put("cw_conversation", conversation)
        return conversation, [Event("conversation_created", conversation)]

    def conversation(self, account_id: int, display_id: int) -> Doc:
        found = self.conversations.get(_key(account_id, display_id))
        if found is None:
            raise errors.chatwoot(404, "Resource could not be found")
        return found

    def thread(self, conversation: Doc) -> list[Doc]:
        return self.messages[conversation["id"]]

    def change(self, conversation: Doc, **values: Any) -> list[Event]:
        """Set fields, tell the watchers once, and twice when the status moved."""
        before = {k: conversation[k] for k in values}
        changed = tuple(k for k, v in values.items() if before[k] != v)
        if not changed:
            return []
        conversation.update(values, updated_at=time.time())
        self.store.put("cw_conversation", conversation)
        events = [Event("conversation_updated", conversation, changed=changed, before=before)]
        if "status" in changed:
            events.append(Event("conversation_status_changed", conversation))
        return events

    # --- messages -------------------------------------------------------------------

    def add_message(
        self, conversation: Doc, given: Doc, sender: Doc | User | None, kind: int, at: float | None = None
    ) -> tuple[Doc, list[Event]]:
        content = given.get("content")
        if content is not None and not isinstance(content, str):
            content = str(content)
        if len(content or "") > MAX_LENGTH:
            raise errors.chatwoot(422, f"Content is too long (maximum is {MAX_LENGTH} characters)", ["content"])
        now = at or time.time()
        if at is None and sum(m["created_at"] > now - 60 for m in self.thread(conversation)) >= MAX_PER_MINUTE:
            raise errors.chatwoot(422, "Too many messages", ["base"])
        if kind == OUTGOING and content:
            content = liquid.render(content, self._variables(conversation, sender))
        private = bool(given.get("private"))
        message: Doc = {
            "id": next(self._message_ids),
            "account_id": conversation["account_id"],
            "conversation_id": conversation["display_id"],
            "inbox_id": conversation["inbox_id"],
            "content": content,
            "message_type": kind,
            "content_type": given.get("content_type") or _content_type(conversation, kind),
            "private": private,
            "content_attributes": _attributes(given.get("content_attributes")),
            "source_id": given.get("source_id"),
            "status": "sent",
            "sender": _sender(sender),
            "created_at": now,
        }
        self.thread(conversation).append(message)
        events = self._after(conversation, message)
        self.store.put_many([("cw_message", message), ("cw_conversation", conversation)])
        if kind != ACTIVITY:
            events.insert(0, Event("message_created", conversation, message))
        return message, events

    def note_activity(self, conversation: Doc, text: str) -> None:
        self.add_message(conversation, {"content": text}, None, ACTIVITY)

    def delete_message(self, conversation: Doc, message_id: int) -> list[Event]:
        message = next((m for m in self.thread(conversation) if m["id"] == message_id), None)
        if message is None:
            raise errors.chatwoot(404, "Resource could not be found")
        message.update(content="This message was deleted", content_type="text", content_attributes={"deleted": True})
        self.store.put("cw_message", message)
        return [Event("message_updated", conversation, message)]

    def _after(self, conversation: Doc, message: Doc) -> list[Event]:
        """What a message does to its conversation: activity time, waiting time, reopening."""
        events: list[Event] = []
        at = message["created_at"]
        conversation["last_activity_at"] = at
        if message["message_type"] == INCOMING:
            conversation["contact_last_seen_at"] = int(at)
            conversation["waiting_since"] = conversation["waiting_since"] or at
            if conversation["status"] in ("resolved", "snoozed"):
                events += self.change(conversation, status="open", snoozed_until=None)
        elif message["message_type"] == OUTGOING and not message["private"]:
            conversation["waiting_since"] = None
            conversation["first_reply_created_at"] = conversation["first_reply_created_at"] or at
        return events

    def _variables(self, conversation: Doc, sender: Doc | User | None) -> dict[str, Any]:
        contact = self.contacts[conversation["contact_id"]]
        first, _, last = contact["name"].partition(" ")
        agent = (
            {"name": sender.name, "first_name": sender.name.split()[0], "email": sender.email}
            if isinstance(sender, User)
            else {}
        )
        return {
            "contact": {
                **contact,
                "first_name": first,
                "last_name": last,
                "custom_attribute": contact["custom_attributes"],
            },
            "agent": agent,
            "conversation": {
                "display_id": conversation["display_id"],
                "custom_attribute": conversation["custom_attributes"],
            },
            "inbox": {"name": INBOXES[conversation["inbox_id"]].name},
            "account": {"name": ACCOUNTS[conversation["account_id"]].name},
        }

    def _fill(self) -> None:
        """A desk that has lived a little. Ids are the same after every renewal."""
        first = time.time() - 9 * 3600
        for name, email, phone in CUSTOMERS:
            self.new_contact(1, 1, {"name": name, "email": email, "phone_number": phone})
        for contact in self.contacts.values():
            contact["sources"] |= {"2": str(uuid.uuid4()), "3": str(uuid.uuid4())}
        known = list(self.contacts.values())
        for number, (who, inbox, status, said) in enumerate(CONVERSATIONS):
            at = first + number * 3600
            conversation, _ = self.new_conversation(known[who], inbox, {}, at=at)
            for step, (voice, text) in enumerate(said, 1):
                sender: Doc | User = known[who] if voice == "c" else USERS[2]
                kind = INCOMING if voice == "c" else OUTGOING
                self.add_message(
                    conversation, {"content": text, "private": voice == "n"}, sender, kind, at=at + step * 240
                )
            conversation.update(
                status=status, assignee_id=2 if len(said) > 1 else None, assignee_type="User" if len(said) > 1 else None
            )
            self.store.put("cw_conversation", conversation)
        other = self.new_contact(2, 4, {"name": "Rui Tavares", "email": "rui.tavares@correio.example"})
        conversation, _ = self.new_conversation(other, 4, {}, at=first)
        self.add_message(conversation, {"content": "Where can I download my invoice?"}, other, INCOMING, at=first + 60)
        self.store.put("cw_contact", *self.contacts.values())


def team(team_id: int | None) -> Doc | None:
    return TEAMS.get(team_id) if team_id else None


def _key(account_id: int, display_id: int) -> str:
    return f"{account_id}:{display_id}"


def _content_type(conversation: Doc, kind: int) -> str:
    mail = INBOXES[conversation["inbox_id"]].channel == "Channel::Email"
    return "incoming_email" if mail and kind == INCOMING else "text"


def _attributes(given: Any) -> Doc:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            given = None
    return given if isinstance(given, dict) else {}


def _sender(sender: Doc | User | None) -> Doc | None:
    if sender is None:
        return None
    if isinstance(sender, User):
        return {"type": "agent_bot" if sender.role == "bot" else "user", "id": sender.id}
    return {"type": "contact", "id": sender["id"]}

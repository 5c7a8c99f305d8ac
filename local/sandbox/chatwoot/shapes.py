"""Chatwoot's JSON: words at the top of a message webhook, integers everywhere else."""

import datetime
from typing import Any

from local.sandbox.chatwoot.desk import ACTIVITY, Desk, Doc, Event, team
from local.sandbox.chatwoot.people import ACCOUNTS, INBOXES, TEAMS, USERS, agent_shape

_WORDS = {0: "incoming", 1: "outgoing", 2: "activity", 3: "template"}


def iso(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def contact(doc: Doc, *, kind: bool = False, account: bool = False) -> Doc:
    shape: Doc = {"account": {"id": doc["account_id"], "name": ACCOUNTS[doc["account_id"]].name}} if account else {}
    shape |= {
        "id": doc["id"],
        "name": doc["name"],
        "email": doc["email"],
        "phone_number": doc["phone_number"],
        "identifier": doc["identifier"],
        "thumbnail": "",
        "blocked": False,
        "additional_attributes": {},
        "custom_attributes": doc["custom_attributes"],
    }
    if account:
        shape["avatar"] = ""
    if kind:
        shape["type"] = "contact"
    return shape


def sender(desk: Desk, message: Doc, *, webhook: bool) -> Doc | None:
    who = message["sender"]
    if who is None:
        return None
    if who["type"] == "contact":
        return contact(desk.contacts[who["id"]], kind=not webhook, account=webhook)
    user = USERS[who["id"]]
    shape: Doc = {"id": user.id, "name": user.name, "type": who["type"]}
    if who["type"] == "user":
        shape["email"] = user.email
        if not webhook:
            shape |= {"available_name": user.name, "avatar_url": "", "availability_status": "online", "thumbnail": ""}
    return shape


def message(desk: Desk, doc: Doc) -> Doc:
    shape = {
        k: doc[k]
        for k in (
            "id",
            "content",
            "inbox_id",
            "conversation_id",
            "message_type",
            "content_type",
            "status",
            "content_attributes",
        )
    }
    shape |= {"created_at": int(doc["created_at"]), "private": doc["private"], "source_id": doc["source_id"]}
    if who := sender(desk, doc, webhook=False):
        shape["sender"] = who
    return shape


def conversation(desk: Desk, doc: Doc, *, webhook: bool) -> Doc:
    inbox = INBOXES[doc["inbox_id"]]
    person = desk.contacts[doc["contact_id"]]
    thread = desk.thread(doc)
    visible = [m for m in thread if not webhook or (m["message_type"] != ACTIVITY and not m["private"])]
    spoken = [m for m in thread if m["message_type"] != ACTIVITY]
    meta: Doc = {"sender": contact(person, kind=True), "channel": inbox.channel, "hmac_verified": False}
    if doc["assignee_id"] and doc["assignee_id"] in USERS:
        user = USERS[doc["assignee_id"]]
        short = {
            "id": user.id,
            "name": user.name,
            "available_name": user.name,
            "avatar_url": "",
            "thumbnail": "",
            "type": "user",
            "availability_status": "online",
        }
        meta |= {"assignee": short if webhook else agent_shape(user), "assignee_type": doc["assignee_type"]}
    elif webhook:
        meta |= {"assignee": None, "assignee_type": None}
    meta["team"] = team(doc["team_id"])
    shape: Doc = {
        "id": doc["display_id"],
        "inbox_id": doc["inbox_id"],
        "status": doc["status"],
        "channel": inbox.channel,
        "can_reply": True,
        "labels": doc["labels"],
        "priority": doc["priority"],
        "snoozed_until": doc["snoozed_until"],
        "unread_count": sum(m["message_type"] == 0 and m["created_at"] > doc["agent_last_seen_at"] for m in thread),
        "waiting_since": int(doc["waiting_since"] or 0),
        "first_reply_created_at": int(doc["first_reply_created_at"]) if doc["first_reply_created_at"] else None,
        "custom_attributes": doc["custom_attributes"],
        "additional_attributes": doc["additional_attributes"],
        "meta": meta,
        "messages": [message(desk, visible[-1])] if visible else [],
        "agent_last_seen_at": doc["agent_last_seen_at"],
        "contact_last_seen_at": doc["contact_last_seen_at"],
        "last_activity_at": int(doc["last_activity_at"]),
        "timestamp": int(doc["last_activity_at"]),
        "created_at": int(doc["created_at"]),
        "updated_at": round(doc["updated_at"], 3),
    }
    if webhook:
        shape["contact_inbox"] = {
            "id": doc["contact_id"] * 10 + doc["inbox_id"],
            "contact_id": doc["contact_id"],
            "inbox_id": doc["inbox_id"],
            "source_id": doc["source_id"],
            "hmac_verified": False,
            "pubsub_token": "sandbox",
            "created_at": iso(doc["created_at"]),
            "updated_at": iso(doc["created_at"]),
        }
        shape["account"] = {"id": doc["account_id"], "name": ACCOUNTS[doc["account_id"]].name}
        return shape
    shape |= {
        "account_id": doc["account_id"],
        "uuid": doc["uuid"],
        "muted": False,
        "assignee_last_seen_at": 0,
        "sla_policy_id": None,
    }
    shape["last_non_activity_message"] = message(desk, spoken[-1]) if spoken else None
    return shape


def payload(desk: Desk, event: Event) -> Doc:
    """Built when the delivery runs, so it may already show a later state of the conversation."""
    doc = event.conversation
    if event.message is None:
        body = {**conversation(desk, doc, webhook=True), "event": event.name}
        if event.name == "conversation_updated":
            moved = [{k: {"previous_value": event.before[k], "current_value": doc[k]}} for k in event.changed]
            body["changed_attributes"] = [
                *moved,
                {"updated_at": {"previous_value": None, "current_value": iso(doc["updated_at"])}},
            ]
        elif event.name == "conversation_status_changed":
            body["changed_attributes"] = None
        return body
    said = event.message
    inbox = INBOXES[doc["inbox_id"]]
    return {
        "event": event.name,
        "id": said["id"],
        "content": (said["content"] or "").replace("\\\n", "\n").rstrip("\n"),
        "content_type": said["content_type"],
        "content_attributes": _content_attributes(said),
        "additional_attributes": {},
        "message_type": _WORDS[said["message_type"]],
        "private": said["private"],
        "source_id": said["source_id"],
        "created_at": iso(said["created_at"]),
        "account": {"id": doc["account_id"], "name": ACCOUNTS[doc["account_id"]].name},
        "inbox": {"id": inbox.id, "name": inbox.name},
        "sender": sender(desk, said, webhook=True),
        "conversation": conversation(desk, doc, webhook=True),
    }


def _content_attributes(said: Doc) -> Doc:
    kept: Doc = said["content_attributes"]
    if said["content_type"] != "incoming_email" or "email" in said["content_attributes"]:
        return kept
    text = said["content"] or ""
    body = {"full": text, "reply": text, "quoted": text}
    return {**kept, "email": {"subject": text[:60], "text_content": body, "html_content": {}}}


def teams(account_id: int) -> list[dict[str, Any]]:
    return [t for t in TEAMS.values() if t["account_id"] == account_id]

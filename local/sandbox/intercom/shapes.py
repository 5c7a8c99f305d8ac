"""Intercom's JSON for a chat; what is asked for as plain text has no markup left."""

import copy
from typing import Any

from local.sandbox.intercom import people
from local.sandbox.intercom.generate import Doc
from local.sandbox.text import plain

MOST_PARTS = 500


def admin(agent: people.Agent) -> Doc:
    return {
        "type": "admin",
        "id": str(agent.id),
        "name": agent.name,
        "email": agent.email,
        "away_mode_enabled": False,
        "away_mode_reassign": False,
        "has_inbox_seat": True,
        "team_ids": [people.TEAM["id"]],
    }


def conversation(chat: Doc, version: str, *, parts: bool, plaintext: bool = False) -> Doc:
    shape: Doc = {
        "type": "conversation",
        "id": chat["id"],
        "title": None,
        "state": chat["state"],
        "open": chat["state"] == "open",
        "read": True,
        "created_at": chat["created_at"],
        "updated_at": chat["updated_at"],
        "waiting_since": chat["updated_at"] if chat["state"] == "open" else None,
        "snoozed_until": None,
        "admin_assignee_id": chat["assignee"],
        "team_assignee_id": people.TEAM["id"],
        "priority": "none" if newest(version) else "not_priority",
        "source": _source(chat, plaintext),
        "contacts": {
            "type": "contact.list",
            "contacts": [{"type": "contact", "id": chat["customer"]["id"], "external_id": None}],
        },
        "teammates": {"type": "admin.list", "teammates": [{"type": "admin", "id": t} for t in chat["teammates"]]}
        if chat["teammates"]
        else None,
        "tags": {"type": "tag.list", "tags": _tags(chat)},
        "conversation_rating": _rating(chat),
        "statistics": _statistics(chat),
        "first_contact_reply": {"created_at": chat["created_at"], "type": "conversation", "url": None},
        "sla_applied": None,
        "custom_attributes": {},
        "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
        "ai_agent_participated": False,
        "ai_agent": None,
    }
    if parts:
        shown = [_part(p, plaintext, version) for p in chat["parts"][-MOST_PARTS:]]
        shape["conversation_parts"] = {
            "type": "conversation_part.list",
            "total_count": len(chat["parts"]),
            "conversation_parts": shown,
        }
    return shape


def newest(version: str) -> bool:
    return tuple(map(int, version.split("."))) >= (2, 16)


def _body(body: str | None, plaintext: bool) -> str | None:
    return plain(body) if body and plaintext else body


def _source(chat: Doc, plaintext: bool) -> Doc:
    source = copy.copy(chat["source"])
    source["body"] = _body(source["body"], plaintext)
    return {**source, "url": None, "redacted": False, "attachments": []}


def _part(part: Doc, plaintext: bool, version: str) -> Doc:
    author: dict[str, Any] = dict(part["author"])
    if newest(version):
        author |= {"from_ai_agent": False, "is_ai_answer": False}
    at = part["created_at"]
    return {
        "type": "conversation_part",
        "id": part["id"],
        "part_type": part["part_type"],
        "body": _body(part["body"], plaintext),
        "created_at": at,
        "updated_at": at,
        "notified_at": at,
        "assigned_to": part["assigned_to"],
        "author": author,
        "attachments": [],
        "external_id": None,
        "redacted": False,
        "state": "open",
        "tags": [],
        "email_message_metadata": None,
        "metadata": None,
        "event_details": None,
        "app_package_code": None,
    }


def _tags(chat: Doc) -> list[Doc]:
    if not chat["tag"]:
        return []
    by = {"type": "admin", "id": str(chat["assignee"])}
    return [
        {
            "type": "tag",
            "id": str(len(chat["tag"])),
            "name": chat["tag"],
            "applied_at": chat["updated_at"],
            "applied_by": by,
        }
    ]


def _rating(chat: Doc) -> Doc | None:
    if chat["rating"] is None:
        return None
    at = chat["updated_at"] + 60
    who = {"type": "contact", "id": chat["customer"]["id"]}
    return {
        "rating": chat["rating"],
        "remark": None,
        "created_at": at,
        "updated_at": at,
        "contact": who,
        "teammate": {"type": "admin", "id": str(chat["assignee"])},
    }


def _statistics(chat: Doc) -> Doc | None:
    """Null for some, as in life: nothing may count on it."""
    if int(chat["id"]) % 5 == 0:
        return None
    spoken = [p for p in chat["parts"] if p["author"]["type"] == "admin" and p["part_type"] == "comment"]
    return {
        "type": "conversation_statistics",
        "time_to_admin_reply": spoken[0]["created_at"] - chat["created_at"] if spoken else None,
        "last_admin_reply_at": spoken[-1]["created_at"] if spoken else None,
        "last_close_at": chat["updated_at"] if chat["state"] == "closed" else None,
        "last_closed_by_id": chat["teammates"][-1] if chat["teammates"] and chat["state"] == "closed" else None,
        "count_conversation_parts": len(chat["parts"]),
    }

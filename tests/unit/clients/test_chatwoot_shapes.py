"""Chatwoot's shapes: one message is the same message whichever way it came."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from sidedesk.clients.chatwoot import Chatwoot
from sidedesk.clients.chatwoot_errors import MalformedWebhook
from sidedesk.clients.chatwoot_shapes import from_webhook, read_message

CONVERSATION: dict[str, Any] = {
    "id": 412, "inbox_id": 12, "status": "open", "channel": "Channel::WebWidget", "can_reply": True,
    "labels": ["billing"], "priority": "high", "waiting_since": 1782292502, "custom_attributes": {"plan": "gold"},
    "meta": {
        "sender": {"id": 77, "name": "Dana", "email": "dana@example.com", "phone_number": None, "custom_attributes": {}, "type": "contact"},
        "assignee": {"id": 6, "name": "Ana", "available_name": "Ana B", "type": "user"}, "assignee_type": "User",
        "team": {"id": 2, "name": "Tier 1"},
    },
    "messages": [], "account": {"id": 3, "name": "Acme"}, "last_activity_at": 1782292502, "created_at": 1782290000,
}  # fmt: skip
WEBHOOK: dict[str, Any] = {
    "event": "message_created", "id": 9001, "content": "My order never came", "content_type": "text", "content_attributes": {},
    "message_type": "incoming", "private": False, "source_id": None, "created_at": "2026-06-20T09:15:02.481Z",
    "account": {"id": 3, "name": "Acme"}, "inbox": {"id": 12, "name": "Web chat"},
    "sender": {"account": {"id": 3}, "id": 77, "name": "Dana", "email": "dana@example.com"},
    "conversation": CONVERSATION,
}  # fmt: skip
REST: dict[str, Any] = {
    "id": 9001, "content": "My order never came", "inbox_id": 12, "conversation_id": 412, "message_type": 0, "content_type": "text",
    "status": "sent", "content_attributes": {}, "created_at": 1781946902, "private": False, "source_id": None,
    "sender": {"id": 77, "name": "Dana", "email": "dana@example.com", "type": "contact"},
}  # fmt: skip


def without(path: str, value: Any = ...) -> dict[str, Any]:
    """The webhook, with one place taken out or set."""
    changed = copy.deepcopy(WEBHOOK)
    *way, last = path.split(".")
    place = changed
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return changed


def test_a_webhook_and_rest_say_the_same() -> None:
    delivery = from_webhook(WEBHOOK)
    told, asked = delivery.message, read_message(REST)
    assert told is not None
    assert (told.id, told.conversation_id, told.direction, told.private) == (9001, 412, "incoming", False)
    assert (told.sender, told.content, told.attachments) == (asked.sender, asked.content, ())
    assert told.created_at == datetime(2026, 6, 20, 9, 15, 2, 481_000, tzinfo=UTC)
    assert asked.created_at == told.created_at.replace(microsecond=0)
    assert (told.status, asked.status) == (None, "sent")
    assert (delivery.event, delivery.account_id) == ("message_created", 3)


def test_the_conversation_of_a_webhook() -> None:
    found = from_webhook(WEBHOOK).conversation
    assert found is not None
    assert (found.display_id, found.account_id, found.inbox_id, found.plan) == (412, 3, 12, "gold")
    assert found.assignee is not None and (found.assignee.id, found.assignee.name) == (6, "Ana B")
    assert (found.team_id, found.priority, found.labels) == (2, "high", ("billing",))
    assert found.waiting_since == datetime.fromtimestamp(1782292502, UTC)


def test_events_of_conversations_and_others() -> None:
    moved = from_webhook({**CONVERSATION, "event": "conversation_status_changed", "changed_attributes": None})
    assert moved.conversation is not None and moved.conversation.status == "open"
    assert (moved.account_id, moved.message) == (3, None)
    old = {key: value for key, value in CONVERSATION.items() if key != "account"}
    assert from_webhook({**old, "event": "conversation_updated"}).account_id is None
    typing = from_webhook({"event": "conversation_typing_on", "user": {}, "conversation": {}, "is_private": False})
    assert (typing.conversation, typing.message) == (None, None)
    assert from_webhook({"event": "contact_updated", "id": 77, "account": {"id": 3}}).account_id == 3


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (None, "names no event"),
        ([], "names no event"),
        ("message_created", "names no event"),
        ({}, "names no event"),
        ({"event": 5}, "names no event"),
        (without("conversation"), "no conversation"),
        (without("conversation", []), "no conversation"),
        (without("conversation.id"), "conversation has no id"),
        (without("conversation.id", True), "conversation has no id"),
        (without("conversation.id", 2**70), "conversation has no id"),
        (without("conversation.status", None), "no status"),
        (without("conversation.waiting_since", 1e300), "time cannot be read"),
        (without("id"), "message has no id"),
        (without("id", "9001; drop"), "message has no id"),
        (without("message_type"), "type is unknown"),
        (without("message_type", 7), "type is unknown"),
        (without("message_type", True), "type is unknown"),
        (without("created_at"), "no time"),
        (without("created_at", "yesterday"), "time cannot be read"),
        (without("created_at", float("nan")), "time cannot be read"),
        ({"event": "conversation_updated"}, "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named(payload: Any, words: str) -> None:
    with pytest.raises(MalformedWebhook, match=words):
        from_webhook(payload)


@pytest.mark.parametrize(
    "payload",
    [
        without("sender", None),
        without("sender", "Dana"),
        without("private", None),
        without("content", None),
        without("content", {"a": 1}),
        without("content_attributes", None),
        without("content_attributes", "{not json"),
        without("content_attributes", "[" * 100_000),
        without("conversation.meta", None),
        without("conversation.labels", "billing"),
        without("conversation.custom_attributes", []),
        without("conversation.messages", [{"id": None}]),
        without("account", None),
    ],
)
def test_what_is_only_odd_is_read(payload: dict[str, Any]) -> None:
    message = from_webhook(payload).message
    assert message is not None and message.id == 9001


def test_nothing_that_postgres_refuses_comes_through() -> None:
    nasty: dict[str, Any] = {"a\x00": "b\x00\ud800", "n": float("inf"), "deep": []}
    inner = nasty["deep"]
    for _ in range(500):
        inner.append([])
        inner = inner[0]
    payload = without("content", "a\x00b\ud800")
    payload["content_attributes"] = nasty
    message = from_webhook(payload).message
    assert message is not None
    assert message.content == "ab"
    assert message.content_attributes["a"] == "b" and message.content_attributes["n"] is None
    text = json.dumps(message.content_attributes, allow_nan=False)
    assert "\\u0000" not in text and len(text) < 500


def test_attachments_and_what_was_spoken() -> None:
    payload = {**WEBHOOK, "content": None, "attachments": [{"file_type": "audio", "data_url": "https://x.example/a", "transcribed_text": "call me", "file_size": 10}, 5]}  # fmt: skip
    message = from_webhook(payload).message
    assert message is not None and [one.transcript for one in message.attachments] == ["call me"]


def test_a_failed_delivery_says_why() -> None:
    failed = read_message({**REST, "status": "failed", "content_attributes": {"external_error": "blocked"}})
    assert (failed.failure, read_message(REST).failure) == ("blocked", None)
    assert read_message({**REST, "content_attributes": {"deleted": True}}).deleted


def test_a_thread_longer_than_an_answer_is_read_whole_although_cut_by_time() -> None:
    """Ids and times in different orders, as after an import: the newest by time are left out, whatever their ids."""
    made = [{**REST, "id": number, "created_at": 1_781_946_902 + (number * 7919) % 2_600} for number in range(1, 2_601)]
    calls = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        first, end = int(request.url.params["after"]), int(request.url.params["before"])
        inside = sorted((m for m in made if first <= m["id"] < end), key=lambda m: m["created_at"])
        return httpx.Response(200, json={"payload": inside[:1_000]})

    desk = Chatwoot(httpx.Client(transport=httpx.MockTransport(answer)), "https://chat.example", "token", 3)
    thread = desk.messages(412)
    assert sorted(message.id for message in thread) == list(range(1, 2_601))
    assert [message.created_at for message in thread] == sorted(message.created_at for message in thread)
    assert len(calls) <= 12

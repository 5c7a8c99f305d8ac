"""Listing a source: which days, where to stop, and how people and words are told apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sidedesk.clients.chatwoot_shapes import read_conversation, read_message
from sidedesk.conversations.pulled_shapes import from_chatwoot
from sidedesk.conversations.pulling import FromChatwoot

DAY = datetime(2026, 11, 3, tzinfo=UTC)
WISH = {"start": DAY.isoformat(), "end": (DAY + timedelta(days=2)).isoformat()}


def chat(number: int, began: datetime) -> dict[str, Any]:
    contact = {"id": 7, "name": "Dana", "email": "dana@customer.example", "phone_number": "+49 30 1"}
    return {
        "id": number, "status": "open", "inbox_id": 1, "created_at": int(began.timestamp()), "labels": ["billing"],
        "meta": {"sender": contact, "channel": "Channel::Email"},
    }  # fmt: skip


@dataclass
class Listed:
    pages: list[list[dict[str, Any]]]
    asked: list[int]

    def list_page(self, page: int, status: str, sort_by: str) -> list[Any]:
        assert (status, sort_by) == ("all", "created_at_desc")
        self.asked.append(page)
        return [read_conversation(one) for one in (self.pages[page - 1] if page <= len(self.pages) else [])]


def listed(*pages: list[dict[str, Any]]) -> tuple[list[str], list[int]]:
    client = Listed(list(pages), [])
    source, cursor, ids = FromChatwoot(client, "a"), None, []  # type: ignore[arg-type]
    while True:
        found = source.list(WISH, cursor)
        ids += found.ids
        cursor = found.cursor
        if cursor is None:
            return ids, client.asked


def test_days_are_half_open_and_older_ones_end_the_listing() -> None:
    hours = [49, 48, 47, 24, 0, -1, -30]
    chats = [chat(number, DAY + timedelta(hours=hour)) for number, hour in enumerate(hours, 1)]
    assert listed(chats[:3], chats[3:5], chats[5:], [chat(9, DAY)]) == (["3", "4", "5"], [1, 2, 3])
    assert listed() == ([], [1])
    assert listed(chats[2:5]) == (["3", "4", "5"], [1, 2])


def message(number: int, kind: int, **changes: Any) -> dict[str, Any]:
    return {"id": number, "conversation_id": 1, "message_type": kind, "content": f"text {number}", "created_at": 1_762_160_400 + number} | changes  # fmt: skip


def test_who_said_what_in_chatwoot() -> None:
    ana = {"id": 6, "name": "Ana", "type": "user", "email": "ana@northwind.example"}
    said = [
        message(1, 0, sender={"id": 7, "name": "Dana", "type": "contact"}),
        message(2, 1, sender=ana),
        message(3, 1, sender=ana, private=True),
        message(4, 1, sender={"id": 2, "name": "Bot", "type": "agent_bot"}),
        message(5, 1),
        message(6, 2),
        message(7, 1, sender=ana, content_attributes={"deleted": True}),
        message(8, 0, content="", attachments=[{"file_type": "image", "data_url": "https://x.example/a.png", "file_size": 9}]),
    ]  # fmt: skip
    raw = from_chatwoot(read_conversation(chat(1, DAY)), [read_message(one) for one in said], "a")
    assert raw is not None
    assert [turn.role for turn in raw.turns] == ["customer", "agent", "note", "bot", "bot", "system", "customer"]
    assert raw.turns[-1].attachments[0].url == "https://x.example/a.png"
    assert (raw.customer.email, raw.customer.phone, raw.channel) == ("dana@customer.example", "+49 30 1", "Email")
    assert [agent.email for agent in raw.agents] == ["ana@northwind.example"]
    assert raw.metadata["labels"] == ["billing"]
    assert from_chatwoot(read_conversation(chat(1, DAY)), [], "a") is None

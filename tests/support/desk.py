"""A Chatwoot in memory with the faults that matter to senders: crashes before and after storing, and answers that never come.

The real client is tested against the sandbox; this stands in where thousands of interleavings are played.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from sidedesk.clients.chatwoot_errors import ChatwootDown, ChatwootRejected, PostUnclear
from sidedesk.clients.chatwoot_shapes import POST_ID, Contact, Conversation, Delivery, Message, Sender

Fault = Literal[
    "none", "crash_before", "crash_after", "unclear_lost", "unclear_stored", "unclear_late", "refused", "down"
]
DISPLAY_ID = 412
# Ids belong to an account: no two messages share one, whatever conversation they are in.
MESSAGE_IDS = itertools.count(9_001)


class Crash(BaseException):
    """The worker is gone: no handler of ours sees it."""


@dataclass
class Posted:
    """A public reply of ours, and what the customer's newest message was when it left."""

    message: Message
    newest_incoming: int


@dataclass
class Desk:
    """One conversation."""

    display_id: int = DISPLAY_ID
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    status: str = "open"
    thread: list[Message] = field(default_factory=list)
    replies: list[Posted] = field(default_factory=list)
    in_flight: list[tuple[str, Mapping[str, str], int]] = field(default_factory=list)
    fault: Fault = "none"
    looked_up: Callable[[], None] | None = None

    # What people do ---------------------------------------------------------------------------------------------------

    def customer_writes(self, text: str) -> Message:
        self.status = "open" if self.status in ("resolved", "snoozed") else self.status
        return self._add("incoming", text, Sender("contact", 77, "Dana Whitfield", "dana@mailbox.example"))

    def agent_writes(self, text: str) -> Message:
        return self._add("outgoing", text, Sender("user", 6, "Ana Petrović", "ana@northwind.example"))

    def resolve(self) -> None:
        self.status = "resolved"

    def delivery(self, message: Message) -> Delivery:
        return Delivery("message_created", 1, self.conversation(), message)

    def newest_incoming(self) -> int:
        return max((one.id for one in self.thread if one.direction == "incoming"), default=0)

    def land(self) -> None:
        """A slow server finishes what it was asked long ago."""
        for text, marker, newest in self.in_flight:
            self._reply(text, marker, newest)
        self.in_flight.clear()

    # What the client offers -------------------------------------------------------------------------------------------

    def conversation(self, display_id: int = DISPLAY_ID) -> Conversation:
        return Conversation(
            display_id=self.display_id, account_id=1, inbox_id=1, channel="Channel::WebWidget", status=self.status, can_reply=True,
            priority=None, labels=(), contact=Contact(77, "Dana Whitfield", "dana@mailbox.example", None), assignee=None, team_id=None,
            custom_attributes={}, waiting_since=None, last_activity_at=self._now(), created_at=self.began, latest=None,
        )  # fmt: skip

    def messages(self, display_id: int, *, after: int | None = None) -> Iterator[Message]:
        if self.looked_up:
            self.looked_up()
        return iter([one for one in self.thread if after is None or one.id > after])

    def post_note(self, display_id: int, text: str, marker: Mapping[str, str]) -> Message:
        return self._add("outgoing", text, Sender("user", 1, "sidedesk", None), private=True, marker=marker)

    def send_reply(self, display_id: int, text: str, marker: Mapping[str, str]) -> Message:
        fault, self.fault = self.fault, "none"
        newest = self.newest_incoming()
        if fault == "crash_before":
            raise Crash
        if fault == "refused":
            raise ChatwootRejected()
        if fault == "down":
            raise ChatwootDown()
        if fault == "unclear_lost":
            raise PostUnclear()
        if fault == "unclear_late":
            self.in_flight.append((text, dict(marker), newest))
            raise PostUnclear()
        message = self._reply(text, marker, newest)
        if fault == "crash_after":
            raise Crash
        if fault == "unclear_stored":
            raise PostUnclear()
        return message

    def _reply(self, text: str, marker: Mapping[str, str], newest: int) -> Message:
        message = self._add("outgoing", text, Sender("user", 1, "sidedesk", None), marker=marker)
        self.replies.append(Posted(message, newest))
        return message

    def _add(
        self,
        direction: str,
        text: str,
        sender: Sender,
        *,
        private: bool = False,
        marker: Mapping[str, str] | None = None,
    ) -> Message:
        message = Message(
            id=next(MESSAGE_IDS), conversation_id=self.display_id, direction=direction, private=private, content=text, content_type="text",  # type: ignore[arg-type]
            content_attributes=dict(marker or {}), created_at=self._now(), sender=sender, attachments=(), status=None,
        )  # fmt: skip
        self.thread.append(message)
        return message

    def _now(self) -> datetime:
        return self.began + timedelta(seconds=len(self.thread))


def mark_of(message: Message) -> str:
    return str(message.content_attributes.get(POST_ID, ""))

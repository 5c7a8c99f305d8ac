"""Where conversations are pulled from: a source lists what it has, and hands out one at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sidedesk.clients import chatwoot_errors
from sidedesk.clients import intercom as intercom_client
from sidedesk.clients.chatwoot import Chatwoot
from sidedesk.clients.intercom import Intercom
from sidedesk.conversations import pulled_shapes
from sidedesk.conversations.errors import ImportFailed
from sidedesk.conversations.raw import RawConversation

AT_ONCE = 1_000
GONE = "It does not exist any more where it came from."
EMPTY = "It has no messages."
NOT_KEPT = "The audit kept no transcript of it, and Intercom cannot be asked. Import it from Intercom by its days."
Reader = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Listing:
    """Some ids, and where to list on; None behind the last ones."""

    ids: list[str]
    cursor: Any


class Pull(Protocol):
    def list(self, wish: dict[str, Any], cursor: Any) -> Listing: ...

    def fetch(self, wish: dict[str, Any], external_id: str) -> RawConversation | str:
        """The conversation, or why there is none."""
        ...


@dataclass(frozen=True, slots=True)
class FromChatwoot:
    """By the day a conversation began, newest first: one that begins meanwhile moves the pages towards us, never away."""

    client: Chatwoot
    account: str

    def list(self, wish: dict[str, Any], cursor: Any) -> Listing:
        start, end = _range(wish)
        page = int(cursor or 1)
        found = self.client.list_page(page, "all", "created_at_desc")
        wanted = [one for one in found if one.created_at is not None and start <= one.created_at < end]
        older = [one for one in found if one.created_at is not None and one.created_at < start]
        done = len(older) == len(found)
        return Listing([str(one.display_id) for one in wanted], None if done else page + 1)

    def fetch(self, wish: dict[str, Any], external_id: str) -> RawConversation | str:  # noqa: ARG002
        try:
            conversation = self.client.conversation(int(external_id))
            messages = self.client.messages(int(external_id))
        except chatwoot_errors.ConversationGone:
            return GONE
        return pulled_shapes.from_chatwoot(conversation, messages, self.account) or EMPTY


@dataclass(frozen=True, slots=True)
class FromIntercom:
    client: Intercom
    account: str
    read: Reader

    def list(self, wish: dict[str, Any], cursor: Any) -> Listing:
        start, end = _range(wish)
        found = self.client.created_between(int(start.timestamp()), int(end.timestamp()), cursor)
        return Listing(found.ids, found.cursor)

    def fetch(self, wish: dict[str, Any], external_id: str) -> RawConversation | str:  # noqa: ARG002
        try:
            conversation = self.client.conversation(external_id)
        except intercom_client.ConversationGone:
            return GONE
        return pulled_shapes.from_intercom(conversation, self.read(conversation), self.account) or EMPTY


@dataclass(frozen=True, slots=True)
class FromAudit:
    """What a run looked at: from Intercom itself while it answers, else as the audit kept it."""

    ids: Callable[[UUID, str, int], list[str]]
    kept: Callable[[UUID, str], Any]
    intercom: FromIntercom | None

    def list(self, wish: dict[str, Any], cursor: Any) -> Listing:
        found = self.ids(UUID(wish["job_id"]), cursor or "", AT_ONCE)
        return Listing(found, found[-1] if len(found) == AT_ONCE else None)

    def fetch(self, wish: dict[str, Any], external_id: str) -> RawConversation | str:
        if self.intercom is not None:
            try:
                found = self.intercom.fetch(wish, external_id)
            except intercom_client.IntercomRefused:
                found = GONE
            if isinstance(found, RawConversation):
                return found
        audited = self.kept(UUID(wish["job_id"]), external_id)
        if audited is None or not audited.transcript:
            return NOT_KEPT
        account = self.intercom.account if self.intercom else ""
        return pulled_shapes.from_audit(audited, account)


def _range(wish: dict[str, Any]) -> tuple[datetime, datetime]:
    try:
        return datetime.fromisoformat(wish["start"]), datetime.fromisoformat(wish["end"])
    except (KeyError, ValueError) as error:
        raise ImportFailed("This import does not say from when to when.") from error

"""Chatwoot: read conversations, leave notes, reply, assign. Its refusals become our words once, in chatwoot_errors.

Reading is tried again within a few seconds. Writing never is: Chatwoot knows no idempotency key, and a repeated post is
a second message to the customer.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sidedesk.clients.chatwoot_errors import (
    AssigneeUnknown,
    ChatwootBusy,
    ChatwootConfused,
    ChatwootDown,
    ChatwootRejected,
    PostUnclear,
    refusal,
)
from sidedesk.clients.chatwoot_shapes import (
    DRAFT_ID,
    POST_ID,
    Conversation,
    Malformed,
    Message,
    read_conversation,
    read_message,
)
from sidedesk.platform.errors import InvalidRequest

if TYPE_CHECKING:
    import httpx

    from sidedesk.clients.chatwoot_probe import Probe

MAX_CONTENT = 150_000
TIMEOUT_SECONDS = 10.0
PATIENCE_SECONDS = 15.0  # of one read with all its attempts
ATTEMPTS = 4
WINDOW = 1_000  # messages in one answer when both ends are given
_BEYOND = 10**15  # above every message's id
EVENTS = ("message_created", "message_updated", "conversation_status_changed", "conversation_updated")
T = TypeVar("T")

# Outgoing text is a Liquid template. A sign without width between the braces shows the same and opens nothing.
_OPENING = re.compile(r"\{(?=[{%])")
_APART = "{\u200c"


@dataclass(frozen=True, slots=True)
class Agent:
    id: int
    name: str
    email: str
    role: str


@dataclass(frozen=True, slots=True)
class Webhook:
    id: int
    url: str
    events: tuple[str, ...]
    secret: str | None  # none before 4.11.2, which does not sign


def marker(post_id: str, draft_id: str | None = None) -> dict[str, str]:
    """What a message of ours carries along."""
    return {POST_ID: post_id} | ({DRAFT_ID: draft_id} if draft_id else {})


def find_post(messages: Iterable[Message], post_id: str) -> Message | None:
    """Our message, by its marker. The text may have changed when it was stored."""
    return next((message for message in messages if message.post_id == post_id), None)


def harmless(text: str) -> str:
    """The same text to the eye, and no template."""
    # What is dropped goes first: it could stand between two braces.
    return _OPENING.sub(_APART, text.replace("\x00", ""))


class Chatwoot:
    """One account of one installation, as the person whose token it is."""

    def __init__(
        self,
        client: httpx.Client,
        base_url: str,
        token: str,
        account_id: int,
        *,
        patience: float = PATIENCE_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self.base_url = base_url.rstrip("/")
        self.account_id = account_id
        # A token that no header can carry is as good as none.
        token = token.strip()
        self._headers = {
            "api_access_token": token if token.isascii() and token.isprintable() else "",
            "Accept": "application/json",
        }
        self._patience = patience
        self._sleep = sleep
        self._clock = clock

    # --- reading --------------------------------------------------------------------

    def conversation(self, display_id: int) -> Conversation:
        return _read(read_conversation, self._get(f"/conversations/{display_id}"))

    def messages(self, display_id: int, after: int = 0) -> list[Message]:
        """The whole thread, or what is newer than one message; notes and activities too, in order."""
        found = {message.id: message for message in self._window(display_id, after + 1, _BEYOND)}
        return sorted(found.values(), key=lambda message: (message.created_at, message.id))

    def _window(self, display_id: int, first: int, end: int) -> Iterator[Message]:
        """Ids from first to before end. An answer is cut by time, not by id: a full one may have left out any of them."""
        answer = self._get(f"/conversations/{display_id}/messages", after=first, before=end)
        page = [_read(read_message, one) for one in _items(answer, "payload")]
        ids = sorted({message.id for message in page})
        if len(page) < WINDOW or len(ids) < 2:
            yield from page
            return
        middle = ids[len(ids) // 2]
        yield from self._window(display_id, first, middle)
        yield from self._window(display_id, middle, end)

    def recently_active(self, within_seconds: int, status: str = "open") -> Iterator[Conversation]:
        """Everything that changed in the last seconds, in one answer: asking so turns paging off."""
        answer = self._get("/conversations", status=status, assignee_type="all", updated_within=within_seconds)
        yield from _conversations(answer)

    def list_page(self, page: int, status: str = "open", sort_by: str = "last_activity_at_desc") -> list[Conversation]:
        """One page, from 1. Empty behind the last one; the counts in the answer say nothing about that."""
        answer = self._get("/conversations", status=status, assignee_type="all", sort_by=sort_by, page=page)
        return list(_conversations(answer))

    def conversations(self, since: datetime, status: str = "all") -> Iterator[Conversation]:
        """Those active since then, newest first, each once.

        With status "all" nothing leaves the list while pages are turned; what becomes active moves to the front, and
        the next look finds it there.
        """
        seen: set[int] = set()
        page = 1
        while found := self.list_page(page, status):
            for one in found:
                if one.last_activity_at is not None and one.last_activity_at < since:
                    return
                if one.display_id not in seen:
                    seen.add(one.display_id)
                    yield one
            page += 1

    def agents(self) -> list[Agent]:
        return [
            Agent(one["id"], str(one.get("name") or ""), str(one.get("email") or ""), str(one.get("role") or ""))
            for one in _items(self._get("/agents"))
            if isinstance(one.get("id"), int)
        ]

    def probe(self) -> Probe:
        """Is it there, does it work, does it know us? Never raises."""
        from sidedesk.clients.chatwoot_probe import probe

        return probe(self._client, self.base_url, self._headers, self.account_id)

    # --- writing --------------------------------------------------------------------

    def post_note(self, display_id: int, text: str, marker: Mapping[str, str]) -> Message:
        """For the team's eyes only."""
        return self._post_message(display_id, text, marker, private=True)

    def send_reply(self, display_id: int, text: str, marker: Mapping[str, str]) -> Message:
        """To the customer. On PostUnclear look for the marker before anything else."""
        return self._post_message(display_id, text, marker, private=False)

    def _post_message(self, display_id: int, text: str, marker: Mapping[str, str], *, private: bool) -> Message:
        if not marker.get(POST_ID):
            raise ValueError("a message without our marker could not be found again")
        content = harmless(text)
        if not content.strip():
            raise InvalidRequest.of("reply", "There is no text to send.")
        if len(content) > MAX_CONTENT:
            raise InvalidRequest.of("reply", f"Chatwoot takes at most {MAX_CONTENT:,} characters. Shorten the text.")
        # No source_id: Chatwoot takes a message that has one for delivered already.
        body = {
            "content": content,
            "message_type": "outgoing",
            "private": private,
            "content_type": "text",
            "content_attributes": dict(marker),
        }
        answer = self._write("POST", f"/conversations/{display_id}/messages", body)
        try:
            return read_message(answer)
        except Malformed as error:
            raise PostUnclear() from error

    def assign(self, display_id: int, *, assignee_id: int | None = None, team_id: int | None = None) -> None:
        """To a person or a team of this account."""
        if (assignee_id is None) == (team_id is None):
            raise ValueError("assign to a person or to a team")
        # Asked for somebody it does not know, Chatwoot takes the conversation from whoever has it, and says nothing.
        known = self.agents() if team_id is None else _items(self._get("/teams"))
        wanted = assignee_id if team_id is None else team_id
        if wanted not in {one.id if isinstance(one, Agent) else one.get("id") for one in known}:
            raise AssigneeUnknown()
        body = {"assignee_id": assignee_id} if team_id is None else {"team_id": team_id}
        answer = self._write("POST", f"/conversations/{display_id}/assignments", body)
        if not isinstance(answer, dict) or answer.get("id") != wanted:
            raise AssigneeUnknown(
                "Chatwoot has left the conversation unassigned: it did not accept this agent or team."
            )

    # --- our webhook, with an administrator's token ---------------------------------

    def webhooks(self) -> list[Webhook]:
        answer = self._get("/webhooks")
        return [_webhook(one) for one in _items(_inside(answer, "payload"), "webhooks")]

    def create_webhook(self, url: str, events: Iterable[str] = EVENTS, name: str = "sidedesk") -> Webhook:
        body = {"webhook": {"url": url, "name": name, "subscriptions": list(events)}}
        return _webhook(_inside(_inside(self._write("POST", "/webhooks", body), "payload"), "webhook"))

    def connect_webhook(self, url: str, events: Iterable[str] = EVENTS) -> Webhook:
        """Ours, with at least these events; made when there is none. Its secret is Chatwoot's own choice."""
        wanted = tuple(events)
        found = self._webhook_of(url)
        if found is None:
            try:
                return self.create_webhook(url, wanted)
            except (ChatwootRejected, PostUnclear):
                found = self._webhook_of(url)  # somebody was faster, or it was made after all
                if found is None:
                    raise
        if set(wanted) <= set(found.events):
            return found
        body = {"webhook": {"subscriptions": list(dict.fromkeys((*found.events, *wanted)))}}
        return _webhook(_inside(_inside(self._write("PATCH", f"/webhooks/{found.id}", body), "payload"), "webhook"))

    def _webhook_of(self, url: str) -> Webhook | None:
        return next((one for one in self.webhooks() if one.url == url), None)

    # --- the wire -------------------------------------------------------------------

    def _get(self, path: str, **params: Any) -> Any:
        until = self._clock() + self._patience
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._once("GET", path, min(TIMEOUT_SECONDS, until - self._clock()), params=params)
            except (ChatwootDown, ChatwootBusy) as error:
                wait = error.retry_after or random.uniform(0.1, 0.3) * 2**attempt
                if attempt == ATTEMPTS or self._clock() + wait + 0.5 > until:
                    raise
                self._sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _write(self, method: str, path: str, body: dict[str, Any]) -> Any:
        return self._once(method, path, TIMEOUT_SECONDS, json=body)

    def _once(self, method: str, path: str, seconds: float, **options: Any) -> Any:
        import httpx

        url = f"{self.base_url}/api/v1/accounts/{self.account_id}{path}"
        timeout = httpx.Timeout(seconds, connect=min(3.0, seconds))
        writes = method != "GET"
        try:
            answer = self._client.request(method, url, headers=self._headers, timeout=timeout, **options)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise ChatwootDown() from error  # nothing has left us
        except httpx.RequestError as error:
            raise (PostUnclear() if writes else ChatwootDown()) from error
        if not answer.is_success:
            refused = refusal(answer, path, self._clock())
            raise PostUnclear() if writes and isinstance(refused, ChatwootDown) else refused
        try:
            return answer.json()
        except ValueError as error:
            raise (PostUnclear() if writes else ChatwootConfused()) from error


def _read(reader: Callable[[Any], T], raw: Any) -> T:
    try:
        return reader(raw)
    except Malformed as error:
        raise ChatwootConfused(f"Chatwoot's answer could not be understood: {error}.") from error


def _conversations(answer: Any) -> Iterator[Conversation]:
    return (_read(read_conversation, one) for one in _items(_inside(answer, "data"), "payload"))


def _webhook(raw: Any) -> Webhook:
    if not isinstance(raw, dict) or not isinstance(raw.get("id"), int) or not isinstance(raw.get("url"), str):
        raise ChatwootConfused()
    events = tuple(str(event) for event in raw.get("subscriptions") or ())
    return Webhook(raw["id"], raw["url"], events, str(raw["secret"]) if raw.get("secret") else None)


def _inside(answer: Any, name: str) -> Any:
    if not isinstance(answer, dict):
        raise ChatwootConfused()
    return answer.get(name)


def _items(answer: Any, name: str | None = None) -> list[dict[str, Any]]:
    items = answer if name is None else _inside(answer, name)
    if not isinstance(items, list):
        raise ChatwootConfused()
    return [item for item in items if isinstance(item, dict)]

"""The help desk as everybody sees it: customers who write, deliveries signed as Chatwoot signs them, and what stands in the threads.

The sandbox's own webhook is kept and told nothing: deliveries are handed in here, so that it is known which were lost.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from local.sandbox.chatwoot import shapes
from local.sandbox.chatwoot.desk import INCOMING, OUTGOING, Desk, Doc, Event
from local.sandbox.chatwoot.people import USERS
from local.sandbox.chatwoot.webhooks import rails_json, sign
from local.sandbox.store import Store
from sidedesk.clients.chatwoot_shapes import POST_ID
from tests.chaos.audits.stack import Stack

INBOX, INBOX_ID, ACCOUNT, OUR_USER, AGENT = "northwind-web", 1, 1, 1, 2
AT_A_TIME = 8
QUESTIONS = (
    "How long does delivery to Portugal take?",
    "My parcel arrived damaged. What do I do now?",
    "Can I return the jacket? I have worn it once.",
    "What does delivery to Portugal cost?",
    "When do I get my refund?",
    "Are you still there?",
)


@dataclass(frozen=True)
class Talk:
    display_id: int
    messages: str  # where the customer writes


@dataclass(frozen=True)
class Delivery:
    body: bytes
    headers: dict[str, str] | None = None  # None: signed when it is sent


@dataclass
class Office:
    stack: Stack
    tenant_id: str
    integration_id: str
    secret: str
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60, trust_env=False))

    @classmethod
    def open(cls, stack: Stack) -> Office:
        """Connected, switched on, patient with many drafts; one customer has been heard already."""
        tenant_id = stack.file["tenant_id"]
        made = stack.call("POST", "/api/cx/connect", {}, stack.file["tokens"]["admin"])
        office = cls(stack, tenant_id, made["integration_id"], "")
        hooks = office.desk("GET", "/webhooks")["payload"]["webhooks"]
        hook = next(one for one in hooks if one["url"] == made["webhook_url"])
        office.secret = hook["secret"]
        office.desk("PATCH", f"/webhooks/{hook['id']}", {"subscriptions": ["webwidget_triggered"]})
        office.options(debounce_seconds=2, max_drafts_per_hour=60)
        talk = office.welcome(1)[0]
        first = office.of_messages([office.says(talk, QUESTIONS[0])])
        for _ in range(3):  # then as many processes as answer at a time are there
            office.deliver([("first", one) for one in first * AT_A_TIME])
        office.answers.clear()
        return office

    def options(self, **cx: Any) -> None:
        """Warm functions look at them once a minute."""
        self.stack.sql(
            "UPDATE tenants SET flags = flags || '{\"AI_CUSTOMER_DRAFT_ENABLED\": true}', "
            "options = jsonb_set(options, '{cx}', coalesce(options -> 'cx', '{}') || %s::jsonb) WHERE id = %s",
            json.dumps(cx), self.tenant_id,
        )  # fmt: skip

    # -- customers -----------------------------------------------------------

    def welcome(self, count: int) -> list[Talk]:
        with ThreadPoolExecutor(AT_A_TIME) as hands:
            return list(hands.map(self._welcome, range(count)))

    def _welcome(self, _: int) -> Talk:
        base = f"{self.stack.file['sandbox']['base']}/chatwoot/public/api/v1/inboxes/{INBOX}/contacts"
        person = self._post(base, {"name": f"Customer {uuid4().hex[:6]}", "email": f"{uuid4().hex[:10]}@chaos.example"})
        mine = f"{base}/{person['source_id']}/conversations"
        display_id = int(self._post(mine, {})["id"])
        return Talk(display_id, f"{mine}/{display_id}/messages")

    def says(self, talk: Talk, text: str) -> int:
        return int(self._post(talk.messages, {"content": text})["id"])

    def _post(self, address: str, body: Any) -> Any:
        answer = self.http.post(address, json=body)
        answer.raise_for_status()
        return answer.json()

    def desk(self, method: str, path: str, body: Any = None, token: str = "sandbox-chatwoot") -> Any:
        """The account's API."""
        address = f"{self.stack.file['sandbox']['base']}/chatwoot/api/v1/accounts/{ACCOUNT}{path}"
        answer = self.http.request(method, address, json=body, headers={"api_access_token": token})
        answer.raise_for_status()
        return answer.json() if answer.content else None

    # -- deliveries ----------------------------------------------------------

    def as_stored(self) -> Desk:
        """What the sandbox has on its disk now, to read."""
        return Desk(Store(self.stack.state / "sandbox"))

    def of_messages(self, ids: Iterable[int]) -> list[Delivery]:
        """What Chatwoot would have sent for these messages, in this order."""
        desk = self.as_stored()
        found = {
            message["id"]: (desk.conversations[key], message) for key, all_ in desk.messages.items() for message in all_
        }
        return [delivery_of(desk, Event("message_created", *found[one])) for one in ids]

    def deliver(self, deliveries: Sequence[tuple[str, Delivery]]) -> None:
        """Eight at a time, in order; what each kind was answered is counted."""
        with ThreadPoolExecutor(AT_A_TIME) as hands:
            statuses = hands.map(self._deliver, [delivery for _, delivery in deliveries])
            for (kind, _), status in zip(deliveries, statuses, strict=True):
                self.answers[kind, status] += 1

    def _deliver(self, delivery: Delivery) -> int:
        headers = self.signed(delivery.body) if delivery.headers is None else delivery.headers
        address = f"{self.stack.file['api']}/webhooks/chatwoot/{self.integration_id}"
        try:
            return self.http.post(address, content=delivery.body, headers=headers).status_code
        except httpx.HTTPError:
            return 0

    def signed(self, body: bytes, secret: str | None = None, at: float | None = None) -> dict[str, str]:
        stamp = str(int(at or time.time()))
        return {
            "Content-Type": "application/json",
            "X-Chatwoot-Delivery": str(uuid4()),
            "X-Chatwoot-Timestamp": stamp,
            "X-Chatwoot-Signature": sign(secret or self.secret, stamp, body),
        }

    def answered(self, *kinds: str) -> dict[int, int]:
        """Answers by status."""
        found: Counter[int] = Counter()
        for (kind, status), count in self.answers.items():
            if kind in kinds:
                found[status] += count
        return dict(found)

    # -- what stands in the threads ------------------------------------------

    def ours(self, *, private: bool) -> list[Doc]:
        """Notes or public messages that were written with our key."""
        return [
            message
            for messages in self.as_stored().messages.values()
            for message in messages
            if message["message_type"] == OUTGOING
            and message["private"] == private
            and message["account_id"] == ACCOUNT
            and (message["sender"] or {}).get("id") == OUR_USER
            and (message["sender"] or {}).get("type") == "user"
        ]

    def filled(self, write: Any) -> Any:
        """Stand still, write straight to Chatwoot's disk with `write(desk)`, be killed, start again with it: minutes of requests saved."""
        pid = self.stack.parts()["parts"]["sandbox"]["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            made = write(self.as_stored())
        finally:
            os.kill(pid, signal.SIGCONT)
            self.stack.kill_part("sandbox")
        return made

    # -- our side ------------------------------------------------------------

    def invoke(self, function: str) -> None:
        """A function of the stack, as its clock would; it answers nobody."""
        client = self.stack.aws("lambda")
        pages = client.get_paginator("list_functions").paginate()
        names = [one["FunctionName"] for page in pages for one in page["Functions"]]
        client.invoke(
            FunctionName=next(name for name in names if function in name), InvocationType="Event", Payload=b"{}"
        )

    def drafted(self, talks: Sequence[Talk]) -> int:
        """Of these conversations, those whose newest message has its one live draft, and nothing is owed or under way."""
        return int(
            self.stack.value(
                "SELECT count(*) FROM cx_conversations c WHERE c.integration_id = %s AND c.display_id = ANY(%s) AND c.draft_due_at IS NULL "
                "AND (SELECT count(*) FROM cx_drafts d WHERE d.conversation_id = c.conversation_id AND d.status IN ('pending', 'sending')) = 1 "
                "AND EXISTS (SELECT FROM cx_drafts d WHERE d.conversation_id = c.conversation_id AND d.status IN ('pending', 'sending') "
                "AND d.last_message_id >= c.last_incoming_id) "
                "AND NOT EXISTS (SELECT FROM cx_notes n JOIN cx_drafts d ON d.id = n.draft_id WHERE d.conversation_id = c.conversation_id AND n.status = 'waiting')",
                self.integration_id, [talk.display_id for talk in talks],
            )
        )  # fmt: skip

    def drafts(self, talks: Sequence[Talk], condition: str = "true") -> int:
        """`condition` is ours, never input."""
        return int(
            self.stack.value(
                "SELECT count(*) FROM cx_drafts d JOIN cx_conversations c USING (conversation_id) "
                f"WHERE c.integration_id = %s AND c.display_id = ANY(%s) AND {condition}",
                self.integration_id,
                [talk.display_id for talk in talks],
            )
        )


def delivery_of(desk: Desk, event: Event) -> Delivery:
    return Delivery(rails_json(shapes.payload(desk, event)))


def post_id_of(message: Doc) -> str:
    return str(message["content_attributes"].get(POST_ID, ""))


def question(chance: random.Random) -> str:
    return f"{chance.choice(QUESTIONS)} ({chance.randrange(10**6)})"


def write_as(desk: Desk, talk: Doc, text: str, *, agent: bool = False, at: float | None = None) -> Doc:
    """A message straight into the desk."""
    sender: Any = USERS[AGENT] if agent else desk.contacts[talk["contact_id"]]
    return desk.add_message(talk, {"content": text}, sender, OUTGOING if agent else INCOMING, at=at)[0]

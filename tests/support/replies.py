"""The pipeline of one tenant, end to end: the sandbox's customers and help desk, and our own functions in between.

Deliveries are those that the sandbox's Chatwoot signed and tried to send; the test hands them in, or loses them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from local.sandbox.chatwoot.webhooks import rails_json
from sidedesk.cx import connecting, webhooks
from tests.sandbox.conftest import Sandbox
from tests.support.lambdas import Context, Reply, client, load_app, sqs_event
from tests.support.world import World

NOBODY = "http://127.0.0.1:9"  # deliveries go nowhere by themselves
GRADES = {"tone": 4, "accuracy": 5, "policy": 5}
LONG = Context(milliseconds=60_000)


@dataclass
class Talk:
    """A customer in a conversation."""

    display_id: int
    messages: str

    def says(self, text: str) -> int:
        answer = httpx.post(self.messages, json={"content": text}, timeout=20)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["id"])

    def sees(self) -> list[str]:
        """What reached the customer from us."""
        return [one["content"] for one in httpx.get(self.messages, timeout=20).json() if one["message_type"] == 1]


@dataclass
class Replies:
    world: World
    outside: Sandbox
    integration_id: UUID
    heard: int = 0
    _calls: dict[str, Callable[..., Reply]] = field(default_factory=dict)

    # The outside ------------------------------------------------------------------------------------------------------

    def connect(self) -> None:
        webhooks.forget()
        connecting.subscribe(self.world.database, self.world.northwind.system, self.integration_id, public_url=NOBODY)
        self.world.database.run(
            self.world.northwind.system,
            "UPDATE tenants SET flags = '{\"AI_CUSTOMER_DRAFT_ENABLED\": true}', "
            'options = \'{"cx": {"debounce_seconds": 0}}\'',
        )

    def customer(self, name: str = "Dana Whitfield", inbox: str = "northwind-web") -> Talk:
        base = f"{self.outside.base}/chatwoot/public/api/v1/inboxes/{inbox}/contacts"
        email = f"{name.split()[0].lower()}@mailbox.example"
        person = httpx.post(base, json={"name": name, "email": email}).json()
        mine = f"{base}/{person['source_id']}/conversations"
        display_id = int(httpx.post(mine, json={}).json()["id"])
        return Talk(display_id, f"{mine}/{display_id}/messages")

    def agent(self, talk: Talk, text: str, *, private: bool = False) -> None:
        self.desk("POST", f"/conversations/{talk.display_id}/messages", {"content": text, "private": private})

    def desk(self, method: str, path: str, body: Any = None, token: str = "sandbox-chatwoot-agent") -> Any:
        url = f"{self.outside.base}/chatwoot/api/v1/accounts/1{path}"
        answer = httpx.request(method, url, json=body, headers={"api_access_token": token}, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json() if answer.text else None

    def notes(self, talk: Talk) -> list[str]:
        thread = self.desk("GET", f"/conversations/{talk.display_id}/messages")["payload"]
        return [one["content"] for one in thread if one["private"]]

    # Deliveries -------------------------------------------------------------------------------------------------------

    def deliveries(self) -> list[tuple[dict[str, str], str]]:
        """Headers and body of everything Chatwoot sent since the last look."""
        time.sleep(0.05)  # it sends in the background
        found = self.outside.http.get(
            "/_sandbox/log",
            params={"provider": "chatwoot", "direction": "out", "since": self.heard, "limit": 1000},
        ).json()
        entries = found if isinstance(found, list) else found["entries"]
        if entries:
            self.heard = entries[-1]["id"]
        return [(entry["headers"], rails_json(entry["body"]).decode()) for entry in entries]

    def deliver(self, headers: dict[str, str], body: str, path: str | None = None) -> Reply:
        return self.call("cx/chatwoot_webhook")(
            "POST", path or f"/webhooks/chatwoot/{self.integration_id}", body=body, headers=headers
        )

    def hear(self) -> int:
        """Hand in what was sent; answers how many deliveries that was."""
        deliveries = self.deliveries()
        for headers, body in deliveries:
            answer = self.deliver(headers, body)
            assert answer.status == 200, answer.text
        return len(deliveries)

    # Our workers ------------------------------------------------------------------------------------------------------

    def draft(self) -> list[dict[str, Any]]:
        """Every wish whose time has come, and the notes that follow. Answers the drafts that wait."""
        wishes = self.world.sql(
            "SELECT tenant_id::text, conversation_id::text FROM cx_conversations WHERE draft_due_at <= now()"
        )
        for tenant, conversation in wishes:
            self.work("cx/draft_reply", {"tenant_id": tenant, "conversation_id": conversation})
        for tenant, draft in self.world.sql(
            "SELECT tenant_id::text, draft_id::text FROM cx_notes WHERE status = 'waiting' "
            "AND (leased_until IS NULL OR leased_until < now())"
        ):
            self.work("cx/post_message", {"tenant_id": tenant, "kind": "note", "draft_id": draft})
        return list(self.get("/api/cx/approvals").json["data"])

    def send(self) -> None:
        for tenant, draft in self.world.sql(
            "SELECT tenant_id::text, draft_id::text FROM cx_replies WHERE status = 'sending'"
        ):
            self.work("cx/post_message", {"tenant_id": tenant, "kind": "reply", "draft_id": draft})

    def work(self, function: str, body: dict[str, Any]) -> None:
        answer = load_app(function).lambda_handler(sqs_event(body), LONG)
        assert answer == {"batchItemFailures": []}

    # People -----------------------------------------------------------------------------------------------------------

    def get(self, path: str, role: str = "member") -> Reply:
        return self.call("cx/approvals_api")("GET", path, token=self.world.northwind.tokens[role])

    def decide(self, draft_id: str, verb: str, body: dict[str, Any], role: str = "member") -> Reply:
        return self.call("cx/approvals_api")(
            "POST", f"/api/cx/approvals/{draft_id}/{verb}", body=body, token=self.world.northwind.tokens[role]
        )

    def approve(self, draft_id: str, role: str = "member", **body: Any) -> Reply:
        return self.decide(draft_id, "approve", {"grades": GRADES, **body}, role)

    def detail(self, draft_id: str) -> dict[str, Any]:
        answer = self.get(f"/api/cx/approvals/{draft_id}")
        assert answer.status == 200, answer.text
        return dict(answer.json)

    def asked(self, text: str, name: str = "Dana Whitfield") -> tuple[Talk, dict[str, Any]]:
        """A customer has asked, and a draft waits."""
        talk = self.customer(name)
        talk.says(text)
        self.hear()
        waiting = [one for one in self.draft() if one["chatwoot_conversation"] == talk.display_id]
        assert len(waiting) == 1, waiting
        return talk, waiting[0]

    def call(self, function: str) -> Callable[..., Reply]:
        if function not in self._calls:
            self._calls[function] = client(function)
        return self._calls[function]

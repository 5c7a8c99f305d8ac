"""Webhooks of an account: kept, signed, sent once, never again."""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
import uuid
from typing import Any

import httpx

from local.sandbox import errors
from local.sandbox.chatwoot import shapes
from local.sandbox.chatwoot.desk import Desk, Doc, Event
from local.sandbox.world import World

EVENTS = (
    "conversation_created",
    "conversation_status_changed",
    "conversation_updated",
    "message_created",
    "message_updated",
    "contact_created",
    "contact_updated",
    "inbox_created",
    "inbox_updated",
    "webwidget_triggered",
    "conversation_typing_on",
    "conversation_typing_off",
)
TIMEOUT_S = 5
SHUFFLE_WINDOW_S = 0.4


def sign(secret: str, timestamp: str, body: bytes) -> str:
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"sha256={digest}"


def rails_json(value: Any) -> bytes:
    """As Rails writes it: markup characters escaped, which a re-serialising receiver would undo."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text.encode()


class Webhooks:
    def __init__(self, world: World, desk: Desk) -> None:
        self.world = world
        self.desk = desk
        self._held: list[tuple[Doc, Event]] = []

    def of_account(self, account_id: int) -> list[Doc]:
        return [w for w in self.desk.webhooks.values() if w["account_id"] == account_id]

    def create(self, account_id: int, given: Doc) -> Doc:
        hook = {
            "id": max(self.desk.webhooks, default=0) + 1,
            "account_id": account_id,
            "name": given.get("name"),
            "url": given.get("url"),
            "subscriptions": given.get("subscriptions") or list(EVENTS[:6]),
            "secret": secrets.token_urlsafe(24),
        }
        self._check(hook)
        self._save(hook)
        return hook

    def update(self, account_id: int, hook_id: int, given: Doc) -> Doc:
        hook: Doc = {
            **self.get(account_id, hook_id),
            **{k: given[k] for k in ("url", "name", "subscriptions") if k in given},
        }
        self._check(hook)
        self._save(hook)
        return hook

    def get(self, account_id: int, hook_id: int) -> Doc:
        hook = self.desk.webhooks.get(hook_id)
        if hook is None or hook["account_id"] != account_id:
            raise errors.chatwoot(404, "Resource could not be found")
        return hook

    def delete(self, account_id: int, hook_id: int) -> None:
        self.get(account_id, hook_id)
        del self.desk.webhooks[hook_id]
        self.desk.store.delete("cw_webhook", hook_id)

    def _save(self, hook: Doc) -> None:
        self.desk.webhooks[hook["id"]] = hook
        self.desk.store.put("cw_webhook", hook)

    def _check(self, hook: Doc) -> None:
        url = hook["url"]
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise errors.chatwoot(422, "Url is invalid", ["url"])
        if any(w["url"] == url and w["id"] != hook["id"] for w in self.of_account(hook["account_id"])):
            raise errors.chatwoot(422, "Url has already been taken", ["url"])
        names = hook["subscriptions"]
        if not isinstance(names, list) or not names or set(names) - set(EVENTS):
            raise errors.chatwoot(422, "Subscriptions Invalid events", ["subscriptions"])

    # --- sending --------------------------------------------------------------------

    def announce(self, events: list[Event]) -> None:
        for event in events:
            for hook in self.of_account(event.conversation["account_id"]):
                if event.name in hook["subscriptions"]:
                    self._queue(hook, event)

    def _queue(self, hook: Doc, event: Event) -> None:
        faults = self.world.faults
        if faults.effect("chatwoot", "webhook_drop", event.name):
            return
        if faults.effect("chatwoot", "webhook_shuffle", event.name):
            self._held.append((hook, event))
            if len(self._held) == 1:
                self.world.start(self._release())
        else:
            self.world.start(self._send(hook, event))
        if faults.effect("chatwoot", "webhook_double", event.name):
            self.world.start(self._send(hook, event))

    async def _release(self) -> None:
        """Deliveries of a short moment leave in reverse."""
        await asyncio.sleep(SHUFFLE_WINDOW_S)
        held, self._held = self._held[::-1], []
        for hook, event in held:
            await self._send(hook, event)

    async def _send(self, hook: Doc, event: Event) -> None:
        body = rails_json(shapes.payload(self.desk, event))
        stamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-Chatwoot-Delivery": str(uuid.uuid4()),
            "X-Chatwoot-Timestamp": stamp,
            "X-Chatwoot-Signature": sign(hook["secret"], stamp, body),
        }
        try:
            await self.world.call(
                "chatwoot", "POST", hook["url"], headers=headers, body=body, timeout=TIMEOUT_S, follow_redirects=True
            )
        except (httpx.HTTPError, httpx.InvalidURL):
            return  # logged by the call; the event is gone, as it would be

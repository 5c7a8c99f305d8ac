"""The door all requests pass: it records them, applies faults and cuts connections."""

import asyncio
import json
import time
import uuid
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.sandbox import errors
from local.sandbox.faults import Fault
from local.sandbox.world import World

PREFIXES = {"/openai/v1": "openai", "/chatwoot": "chatwoot", "/intercom": "intercom", "/n8n": "n8n"}
MAX_BODY = 40 * 1024 * 1024
LONGEST_HANG_S = 900


def provider_of(path: str) -> tuple[str, str] | None:
    for prefix, provider in PREFIXES.items():
        if path == prefix or path.startswith(prefix + "/"):
            return provider, path[len(prefix) :] or "/"
    return None


class Edge:
    def __init__(self, app: ASGIApp, world: World) -> None:
        self.app = app
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = provider_of(scope["path"]) if scope["type"] == "http" else None
        if not found:
            await self.app(scope, receive, send)
            return
        provider, route = found
        body = await _read(receive)
        if body is None:
            await PlainTextResponse("too large for the sandbox\n", 413)(scope, receive, send)
            return
        path = scope["path"] + (f"?{scope['query_string'].decode()}" if scope["query_string"] else "")
        headers = dict(Headers(scope=scope))
        entry = self.world.log.add(provider, "in", scope["method"], path, headers, body)
        exchange = _Exchange(self.world, provider, body, receive, send, entry)
        fault = self.world.faults.on_wire(provider, scope["method"], route)
        try:
            await self._answer(fault, scope, exchange)
        finally:
            entry["ms"] = round((time.time() - entry["at"]) * 1000)

    async def _answer(self, fault: Fault | None, scope: Scope, exchange: "_Exchange") -> None:
        if fault is None:
            await self.app(scope, exchange.receive, exchange.send)
            return
        exchange.entry["fault"] = fault.id
        await asyncio.sleep(fault.delay_ms / 1000)
        if fault.hang:
            await exchange.hang(lambda: self.world.faults.has(fault.id))
            return
        if fault.replaces:
            if fault.after_running:
                await self.app(scope, exchange.receive, exchange.swallow)
            await _made_up(exchange.provider, fault)(scope, exchange.receive, exchange.send)
        elif fault.malformed or fault.drip_ms or fault.drop_after_bytes is not None:
            await self.app(scope, exchange.receive, exchange.keep)
            await exchange.replay(fault)
        else:
            await self.app(scope, exchange.receive, exchange.send)


class _Exchange:
    def __init__(
        self, world: World, provider: str, body: bytes, receive: Receive, send: Send, entry: dict[str, Any]
    ) -> None:
        self.world = world
        self.provider = provider
        self.entry = entry
        self._body: bytes | None = body
        self._receive = receive
        self._send = send
        self._kept: list[Message] = []

    async def receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        return await self._receive()

    async def send(self, message: Message) -> None:
        if message["type"] == "sandbox.hang_up":
            await self.cut()
            return
        if message["type"] == "http.response.start":
            self.entry["status"] = message["status"]
            extra = {**self.world.extra_headers(self.provider), "x-sandbox": "sidedesk"}
            present = {name.lower() for name, _ in message["headers"]}
            added = [(k.encode(), v.encode()) for k, v in extra.items() if k.encode() not in present]
            message = {**message, "headers": [*message["headers"], *added]}
        await self._send(message)

    async def swallow(self, message: Message) -> None:
        return None

    async def keep(self, message: Message) -> None:
        self._kept.append(message)

    async def replay(self, fault: Fault) -> None:
        start = next(m for m in self._kept if m["type"] == "http.response.start")
        body = b"".join(m.get("body", b"") for m in self._kept if m["type"] == "http.response.body")
        if fault.malformed:
            body = body[: max(1, len(body) * 2 // 3)]
            names = (b"content-length",)
            length = [(b"content-length", str(len(body)).encode())]
            start = {**start, "headers": [h for h in start["headers"] if h[0].lower() not in names] + length}
        if fault.drop_after_bytes == 0:
            await self.cut()
            return
        await self.send(start)
        if fault.drop_after_bytes is not None:
            await self._send({"type": "http.response.body", "body": body[: fault.drop_after_bytes], "more_body": True})
            await asyncio.sleep(0.02)  # let the bytes leave before the connection does
            await self.cut()
            return
        if fault.drip_ms:
            for at in range(0, len(body), 32):
                await self._send({"type": "http.response.body", "body": body[at : at + 32], "more_body": True})
                await asyncio.sleep(fault.drip_ms / 1000)
            body = b""
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def hang(self, still_on: Any) -> None:
        """Say nothing until the caller gives up or the fault is lifted."""
        gone = asyncio.ensure_future(self._receive())
        until = time.monotonic() + LONGEST_HANG_S
        while still_on() and not gone.done() and time.monotonic() < until:
            await asyncio.wait({gone}, timeout=0.2)
        gone.cancel()
        await self.cut()

    async def cut(self) -> None:
        """Close the socket without an answer; ASGI has no word for it, so the server's own transport is used."""
        self.entry["status"] = self.entry["status"] or 0
        transport = getattr(getattr(self._send, "__self__", None), "transport", None)
        if transport is not None:
            transport.abort()
            await asyncio.sleep(0.01)


async def _read(receive: Receive) -> bytes | None:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(chunks)
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > MAX_BODY:
            return None
        if not message.get("more_body"):
            return b"".join(chunks)


def _made_up(provider: str, fault: Fault) -> Response:
    status = fault.status or 200
    if fault.body is None:
        response = errors.default_body(provider, status)
    elif isinstance(fault.body, str):
        response = Response(fault.body, status, media_type="text/html")
    else:
        response = Response(json.dumps(fault.body), status, media_type="application/json")
    for name, value in fault.headers.items():
        response.headers[name] = value
    return response


def request_id() -> str:
    return f"req_{uuid.uuid4().hex}"

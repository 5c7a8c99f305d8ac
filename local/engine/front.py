"""The door of the HTTP API: what API Gateway does in front of a function, on a port of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from local.engine.context import API_ID

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

PREFIX = f"/_aws/execute-api/{API_ID}/$default"
LONGEST = 30.0  # seconds; the function itself may run on
LARGEST = 6 * 1024 * 1024  # bytes of a function's payload, in either direction
TEXT = ("text/", "application/json", "application/javascript", "application/xml", "application/x-www-form-urlencoded")


class Front:
    def __init__(self, engine: Application, log: Callable[[str], None], longest: float = LONGEST) -> None:
        self.engine, self.log, self.longest = engine, log, longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.monotonic()
        if scope["path"] == "/" and scope["method"] in ("GET", "HEAD"):
            await answer(send, 302, b"", [(b"location", b"/console")])
            return
        body = await _read(receive)
        reply = _refusal(413, "Request Entity Too Large")
        if body is None or _payload_size(scope, body) <= LARGEST:
            reply = await self._call(scope, body or b"")
        await answer(send, *reply)
        took = (time.monotonic() - started) * 1000
        self.log(f"{scope['method']} {scope['path']} {reply[0]} {took:.0f} ms")

    async def _call(self, scope: Scope, body: bytes) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        """Run the function; an answer after the limit is thrown away, as the gateway does."""
        inner = {**scope, "path": PREFIX + scope["path"], "raw_path": PREFIX.encode() + scope["raw_path"]}
        start: Message = {}
        chunks: list[bytes] = []
        delivered = False

        async def receive() -> Message:
            nonlocal delivered
            if delivered:
                await asyncio.Event().wait()  # nobody hangs up on a function
            delivered = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            elif message["type"] == "http.response.body":
                chunks.append(message.get("body", b""))

        task = asyncio.ensure_future(self.engine(inner, receive, collect))
        done, _ = await asyncio.wait({task}, timeout=self.longest)
        if not done:
            task.add_done_callback(_forget)
            return _refusal(503, "Service Unavailable")
        if task.exception() or not start:
            return _refusal(500, "Internal Server Error")
        content = b"".join(chunks)
        if start["status"] == 502 or len(content) > LARGEST:  # a function's failure: callers see no details
            return _refusal(500, "Internal Server Error")
        return start["status"], content, list(start.get("headers", []))


def _forget(task: asyncio.Future[None]) -> None:
    if not task.cancelled():
        task.exception()


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None once it is certain to be empty."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        size += len(message.get("body", b""))
        if size <= LARGEST + 1:
            chunks.append(message.get("body", b""))
        elif chunks[-1] != b"-":
            chunks.append(b"-")  # too large already: keep counting, stop keeping
        if not message.get("more_body"):
            break
    return b"".join(chunks) or None


def _payload_size(scope: Scope, body: bytes) -> int:
    """Binary bodies travel as base64 and grow by a third."""
    kind = dict(scope["headers"]).get(b"content-type", b"").decode("latin-1").lower()
    return len(body) if kind.startswith(TEXT) or "+json" in kind else -(-len(body) // 3) * 4


def _refusal(status: int, message: str) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    return status, b'{"message":"%s"}' % message.encode(), [(b"content-type", b"application/json")]


async def answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    kept = [(name, value) for name, value in headers if name.lower() not in (b"content-length", b"transfer-encoding")]
    kept.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": kept})
    await send({"type": "http.response.body", "body": body})

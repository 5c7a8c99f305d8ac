"""A model server on loopback that says what a test tells it to, over real HTTP."""

from __future__ import annotations

import base64
import io
import json
import struct
import threading
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    drop_after: int | None = None  # cut the connection after so many bytes of the body
    drip: float = 0  # seconds between single bytes
    hang_up: bool = False  # close without a word


def json_reply(value: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, json.dumps(value).encode(), {"content-type": "application/json", **named})


def completion(content: Any, *, usage: Any = (120, 30), finish: str = "stop", **message: Any) -> Reply:
    body: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {
                    "role": "assistant",
                    "content": content if isinstance(content, str) or content is None else json.dumps(content),
                    **message,
                },
            }
        ],
    }
    if usage is not None:
        body["usage"] = (
            {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
            if isinstance(usage, tuple)
            else usage
        )
    return json_reply(body, x_request_id="req_1")


def tool_calls(*calls: tuple[str, Any], ids: bool = True) -> Reply:
    rows = [
        {"type": "function", "function": {"name": name, "arguments": arguments}}
        | ({"id": f"call_{number}"} if ids else {})
        for number, (name, arguments) in enumerate(calls)
    ]
    return completion(None, finish="tool_calls", tool_calls=rows)


def vectors(count: int, size: int = 1536, *, as_float: bool = False, shuffled: bool = False) -> Reply:
    rows = []
    for number in range(count):
        values = [float(number + 1)] + [0.0] * (size - 1)
        coded: Any = values if as_float else base64.b64encode(struct.pack(f"<{size}f", *values)).decode()
        rows.append({"object": "embedding", "index": number, "embedding": coded})
    if shuffled:
        rows.reverse()
    return json_reply(
        {
            "object": "list",
            "data": rows,
            "model": "text-embedding-3-small",
            "usage": {"prompt_tokens": 9, "total_tokens": 9},
        }
    )


def recording(seconds: float) -> bytes:
    """A WAV file of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * int(8000 * seconds))
    return file.getvalue()


def error(status: int, code: str | None = None, param: str | None = None, **headers: str) -> Reply:
    return json_reply({"error": {"message": "no", "type": "x", "code": code, "param": param}}, status, **headers)


@dataclass
class ModelServer:
    base_url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    always: Callable[[dict[str, Any]], Reply] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def will(self, *replies: Reply) -> None:
        self.replies += replies

    def next(self, request: dict[str, Any]) -> Reply:
        with self.lock:
            self.requests.append(request)
            if self.replies:
                return self.replies.pop(0)
        assert self.always is not None, "the test did not say what to answer"
        return self.always(request)

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(request["body"]) for request in self.requests]

    @property
    def sent(self) -> str:
        """Everything that left, as text."""
        return "\n".join(request["body"].decode("utf-8", "replace") for request in self.requests)


@contextmanager
def model_server() -> Iterator[ModelServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            reply = state.next(
                {
                    "path": self.path,
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                    "body": body,
                }
            )
            time.sleep(reply.delay)
            if reply.hang_up:
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            try:
                if reply.drip:
                    for position in range(len(reply.body)):
                        self.wfile.write(reply.body[position : position + 1])
                        self.wfile.flush()
                        time.sleep(reply.drip)
                    return
                self.wfile.write(reply.body[: reply.drop_after])
            except OSError:
                self.close_connection = True
            if reply.drop_after is not None:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    state = ModelServer(f"http://127.0.0.1:{server.server_address[1]}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()

"""A stand-in for the API with the same shapes, so that the page can be tried alone: fast, and with any fault wished for.

`PYTHONPATH=shared python -m tests.console.standin 8099` serves it for looking around by hand.
"""

from __future__ import annotations

import base64
import json
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.console.function import load_console
from tests.console.organisation import Refusal, World

world_lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: StandIn

    def log_message(self, *_: object) -> None:
        """Quiet: the tests look at `World.calls`."""

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if parts.path.startswith("/console"):
            self._console(parts.path)
            return
        if parts.path.startswith("/_files/"):
            self._files(parts.path.removeprefix("/_files/"), raw)
            return
        body = json.loads(raw) if raw else {}
        query = {k: v[0] for k, v in parse_qs(parts.query).items()}
        request_id = uuid.uuid4().hex[:12]
        try:
            status, answer, extra = self._api(parts.path, query, body)
        except Refusal as refusal:
            status, extra = refusal.status, {}
            answer = {
                "success": False,
                "error": refusal.sentence,
                "code": refusal.code,
                "details": refusal.details,
                "request_id": request_id,
            }
        payload = b"" if answer is None else json.dumps(answer).encode()
        self._send(204 if answer is None else status, payload, {"Content-Type": "application/json", **extra})

    def _api(self, path: str, query: dict[str, str], body: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        world = self.server.world
        world.calls.append((self.command, path, body))
        if path in world.faults:
            return world.faults[path]
        if world.delay:
            time.sleep(world.delay)
        if path == "/api/dev/sign-in":
            token = uuid.uuid4().hex
            world.tokens[token] = body["account"]
            return 200, {"access_token": token, "expires_in": 3600}, {}
        role = world.tokens.get((self.headers.get("Authorization") or "").removeprefix("Bearer "))
        if role is None:
            raise Refusal(401, "unauthenticated", "Sign in first.")
        with world_lock:
            return (
                200,
                json.loads(
                    json.dumps(
                        world.answer(self.command, path, query, body, role, self.headers.get("Idempotency-Key") or "")
                    )
                ),
                {},
            )

    def _files(self, name: str, raw: bytes) -> None:
        """The file store: what was put there is handed out as a download."""
        files = self.server.world.library.files
        if self.command == "PUT":
            files[name] = raw
            self._send(200, b"", {})
            return
        self._send(
            200 if name in files else 404,
            files.get(name, b""),
            {"Content-Type": "application/octet-stream", "Content-Disposition": f"attachment; filename={name}"},
        )

    def _console(self, path: str) -> None:
        event = {
            "rawPath": path,
            "headers": {k.lower(): v for k, v in self.headers.items()},
            "requestContext": {"requestId": "r", "http": {"method": self.command}},
        }
        reply = self.server.console.answer(event)
        body = reply.get("body", "")
        self._send(
            reply["statusCode"],
            base64.b64decode(body) if reply.get("isBase64Encoded") else body.encode(),
            reply["headers"],
        )

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _handle


class StandIn(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int = 0, environment: dict[str, str] | None = None) -> None:
        self.world = World()
        module = load_console()
        self.console = module.Console(module.FOLDER, environment or {"DEV_SIGN_IN": "true", "RELEASE": "standin"})
        super().__init__(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> StandIn:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


if __name__ == "__main__":
    with StandIn(int(sys.argv[1]) if len(sys.argv) > 1 else 8099) as server:
        print(f"{server.url}/console", flush=True)
        threading.Event().wait()

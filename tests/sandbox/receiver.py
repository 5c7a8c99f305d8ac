"""A tiny recording server: it stands in for sidedesk and for any webhook's target."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SCORECARD = {
    "id": "sc-1",
    "criteria": [
        {
            "id": "greeting",
            "label": "Greeting",
            "guidance": "Greets the customer",
            "type": "score",
            "weight": 1,
            "max": 5,
        },
        {
            "id": "resolution",
            "label": "Resolution",
            "guidance": "Answers the question",
            "type": "score",
            "weight": 3,
            "max": 5,
        },
        {
            "id": "tone",
            "label": "Tone",
            "guidance": "Polite",
            "type": "choice",
            "choices": ["good", "fair", "poor"],
            "weight": 1,
        },
        {"id": "promises", "label": "No forbidden promises", "type": "yes_no", "weight": 2, "max": 1, "critical": True},
    ],
}


@dataclass
class Heard:
    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None


class Receiver:
    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.answer: Callable[[Heard], int] = lambda heard: 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else every answer waits 40 ms
            wbufsize = -1

            def _any(self) -> None:
                raw = self.rfile.read(int(self.headers.get("content-length") or 0))
                heard = Heard(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, raw)
                outer.heard.append(heard)
                status = outer.answer(heard)
                body = json.dumps(SCORECARD if "/scorecards/" in self.path else {"success": status < 300}).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PATCH = _any

            def log_message(self, *args: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def reset(self) -> None:
        self.heard.clear()
        self.answer = lambda heard: 200

    def at(self, path: str, method: str | None = None) -> list[Heard]:
        return [h for h in self.heard if path in h.path and method in (None, h.method)]

    def wait(self, done: Callable[[], Any], seconds: float = 8) -> Any:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := done():
                return found
            time.sleep(0.02)
        raise AssertionError(
            f"nothing happened within {seconds} s; heard {[(h.method, h.path) for h in self.heard][-8:]}"
        )

    def quiet(self, seconds: float = 0.3) -> None:
        """Wait until nothing more arrives."""
        while self.heard and time.monotonic() - self.heard[-1].at < seconds:
            time.sleep(0.02)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

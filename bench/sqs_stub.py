"""An SQS that takes its time: the wire protocol of SendMessage and SendMessageBatch, answered after six milliseconds."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWERS_AFTER_SECONDS = 0.006


@contextmanager
def slow_queue() -> Iterator[str]:
    """The address of a queue service in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.sqs_stub"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.communicate()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        time.sleep(ANSWERS_AFTER_SECONDS)
        body = json.dumps(_answer(asked)).encode()
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.0")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        pass


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    if "Entries" not in asked:
        return {"MessageId": "m", "MD5OfMessageBody": _md5(asked["MessageBody"])}
    taken = [
        {"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": _md5(entry["MessageBody"])}
        for entry in asked["Entries"]
    ]
    return {"Successful": taken, "Failed": []}


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()

"""The last requests in and out, for tests and for the curious. Secrets are masked before they are kept."""

import json
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

_SECRET = {"authorization", "api_access_token", "api-access-token", "x-api-key", "x-n8n-api-key", "cookie", "api-key"}
_BODY_LIMIT = 200_000


def masked(headers: Mapping[str, str]) -> dict[str, str]:
    return {k.lower(): ("***" if k.lower() in _SECRET else v) for k, v in headers.items()}


def readable(body: bytes) -> Any:
    if not body:
        return None
    if len(body) > _BODY_LIMIT:
        return f"<{len(body)} bytes>"
    try:
        return json.loads(body)
    except ValueError:
        text = body.decode("utf-8", "replace")
        return text if text.isprintable() and len(text) < 2000 else f"<{len(body)} bytes>"


class Log:
    def __init__(self, size: int = 3000) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=size)
        self._next = 1

    def add(
        self, provider: str, direction: str, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "id": self._next,
            "at": round(time.time(), 3),
            "provider": provider,
            "direction": direction,
            "method": method,
            "path": path,
            "headers": masked(headers),
            "body": readable(body),
            "status": None,
            "fault": None,
            "ms": None,
        }
        self._next += 1
        self._entries.append(entry)
        return entry

    def find(
        self, provider: str | None, direction: str | None, path: str | None, since: int, limit: int
    ) -> list[dict[str, Any]]:
        found = [
            e
            for e in self._entries
            if e["id"] > since
            and provider in (None, e["provider"])
            and direction in (None, e["direction"])
            and (path is None or path in e["path"])
        ]
        return found[-limit:]

    def clear(self) -> None:
        self._entries.clear()

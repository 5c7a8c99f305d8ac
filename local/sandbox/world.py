"""What all four providers share: switches, faults, the log, the store and a way to call out."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import httpx

from local.sandbox.config import Config
from local.sandbox.faults import Faults
from local.sandbox.log import Log
from local.sandbox.modes import Modes
from local.sandbox.store import Store


class World:
    def __init__(self, config: Config) -> None:
        self.config = config
        self.modes = Modes()
        self.faults = Faults()
        self.log = Log()
        self.store = Store(config.data)
        self.started_at = time.time()
        self._headers: dict[str, Callable[[], Mapping[str, str]]] = {}
        self._client: httpx.AsyncClient | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    def add_headers(self, provider: str, make: Callable[[], Mapping[str, str]]) -> None:
        self._headers[provider] = make

    def extra_headers(self, provider: str) -> Mapping[str, str]:
        make = self._headers.get(provider)
        return make() if make else {}

    @property
    def client(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(limits=httpx.Limits(max_connections=64), trust_env=False)
        return self._client

    async def call(
        self,
        provider: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        timeout: float = 30,
        follow_redirects: bool = False,
    ) -> httpx.Response:
        """One request out, recorded like those that come in. Raises httpx.TransportError when nobody answers."""
        entry = self.log.add(provider, "out", method, url, headers, body)
        try:
            response = await self.client.request(
                method, url, headers=dict(headers), content=body, timeout=timeout, follow_redirects=follow_redirects
            )
        except httpx.HTTPError as exc:
            entry["status"] = 0
            entry["error"] = type(exc).__name__
            raise
        finally:
            entry["ms"] = round((time.time() - entry["at"]) * 1000)
        entry["status"] = response.status_code
        return response

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run in the background and keep hold of it, else the loop may drop it half-way."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        if self._client:
            await self._client.aclose()
        self.store.close()


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

"""How the workflow's HTTP nodes call: a fixed number of tries, a fixed wait, any failure alike."""

import asyncio
import json
from typing import Any

import httpx

from local.sandbox.world import World, as_json

Doc = dict[str, Any]


class NodeFailed(Exception):
    def __init__(self, node: str, message: str) -> None:
        super().__init__(message)
        self.node = node


class Caller:
    def __init__(self, world: World) -> None:
        self.world = world

    async def sidedesk(self, node: str, method: str, path: str, body: Doc | None = None) -> Any:
        config = self.world.config
        return await self._try(node, method, config.sidedesk_url + path, config.service_key, body)

    async def intercom(self, node: str, method: str, path: str, body: Doc | None = None) -> Any:
        config = self.world.config
        return await self._try(
            node, method, config.intercom_url + path, config.intercom_token, body, {"Intercom-Version": "2.16"}
        )

    async def model(self, node: str, body: Doc) -> Any:
        config = self.world.config
        return await self._try(node, "POST", f"{config.openai_url}/chat/completions", config.openai_key, body, most=3)

    async def _try(
        self,
        node: str,
        method: str,
        url: str,
        key: str,
        body: Doc | None,
        extra: dict[str, str] | None = None,
        most: int = 5,
    ) -> Any:
        modes = self.world.modes
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json", "User-Agent": "n8n", **(extra or {})}
        if body is not None:
            headers["Content-Type"] = "application/json"
        problem = ""
        for attempt in range(min(most, modes["n8n_max_tries"])):
            if attempt:
                await asyncio.sleep(modes["n8n_retry_wait_ms"] / 1000)
            try:
                response = await self.world.call(
                    "n8n", method, url, headers=headers, body=as_json(body) if body is not None else b""
                )
            except httpx.HTTPError as exc:
                problem = f"{type(exc).__name__} while calling {method} {httpx.URL(url).path}"
                continue
            if response.status_code < 300:
                return _parsed(node, response)
            problem = f"Request failed with status code {response.status_code}: {response.text[:200]}"
        raise NodeFailed(node, problem)


def _parsed(node: str, response: httpx.Response) -> Any:
    if not response.content:
        return {}
    try:
        return json.loads(response.content)
    except ValueError as exc:
        raise NodeFailed(node, "Response body is not valid JSON") from exc

"""A tenant whose model provider is a scripted server on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from sidedesk.ai import calls, transport
from sidedesk.ai.gateway import Deadline, Gateway
from sidedesk.ai.prompts import Library
from sidedesk.platform import secrets
from tests.support.model_server import ModelServer, model_server
from tests.support.world import World

PROMPT = """---
task: test.judge
version: 1
temperature: 0
max_tokens: 200
---
Task: test.judge
Judge how {{ name }} did.

# User
{{ transcript }}
"""
TOOL_PROMPT = PROMPT.replace("test.judge", "test.tools").replace("{{ transcript }}", "{{ question }}")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    (tmp_path / "test.judge.v1.md").write_text(PROMPT, encoding="utf-8")
    (tmp_path / "test.tools.v1.md").write_text(TOOL_PROMPT, encoding="utf-8")
    return Library(tmp_path)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    monkeypatch.setattr(calls, "FIRST_WAIT_SECONDS", 0.01)
    calls.forget_learned()
    with model_server() as running:
        yield running
        transport.close()


@pytest.fixture
def connect(world: World, server: ModelServer) -> Callable[..., None]:
    """Connect the server as the tenant's provider, with these settings."""

    def _connect(base_url: str = "", **config: Any) -> None:
        secrets.remember("sidedesk/test/openai", {"secret": "sk-test-key"})
        world.database.run(
            world.northwind.system,
            "INSERT INTO integrations (tenant_id, kind, name, base_url, config, secret_name) "
            "VALUES (current_tenant(), 'openai', 'Model', %(url)s, %(config)s, 'sidedesk/test/openai') "
            "ON CONFLICT (tenant_id, kind, name) DO UPDATE SET config = excluded.config, base_url = excluded.base_url",
            {"url": base_url or server.base_url, "config": Jsonb(config)},
        )

    _connect()
    return _connect


@pytest.fixture
def gateway(world: World, library: Library, connect: Callable[..., None]) -> Callable[..., Gateway]:
    def _gateway(seconds: float = 30, **options: Any) -> Gateway:
        return Gateway(world.database, world.northwind.system, deadline=Deadline(seconds), library=library, **options)

    return _gateway

"""Audits of one test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.sandbox import credentials
from sidedesk.ai import calls, transport
from sidedesk.ai.gateway import Deadline, Gateway
from sidedesk.audits import wiring
from sidedesk.platform import outbox, secrets
from tests.sandbox.conftest import Sandbox
from tests.support.audits import Audits
from tests.support.world import World


@pytest.fixture
def audits(world: World, monkeypatch: pytest.MonkeyPatch) -> Audits:
    # Queues are looked at in the outbox; sending is tested with the platform.
    monkeypatch.setattr(outbox, "send_soon", lambda *_: None)
    return Audits(world)


@pytest.fixture
def outside(running_sandbox: Sandbox, world: World) -> Iterator[Sandbox]:
    """The sandbox, quiet, connected as this tenant's Intercom and model."""
    running_sandbox.reset()
    calls.forget_learned()
    connect(world, "openai", f"{running_sandbox.base}/openai/v1", credentials.OPENAI_KEY)
    connect(world, "intercom", f"{running_sandbox.base}/intercom", credentials.INTERCOM_TOKEN)
    yield running_sandbox
    wiring._http().close()
    wiring._http.cache_clear()
    transport.close()


def connect(world: World, kind: str, base_url: str, secret: str) -> None:
    name = f"sidedesk/test/{kind}"
    secrets.remember(name, {"secret": secret})
    world.database.run(
        world.northwind.system,
        "INSERT INTO integrations (tenant_id, kind, name, base_url, secret_name) "
        "VALUES (current_tenant(), %(kind)s, %(kind)s, %(url)s, %(name)s)",
        {"kind": kind, "url": base_url, "name": name},
    )


@pytest.fixture
def gateway(world: World, outside: Sandbox) -> Callable[..., Gateway]:
    def _gateway(seconds: float = 60, **options: Any) -> Gateway:
        return Gateway(
            options.pop("database", world.database), world.northwind.system, deadline=Deadline(seconds), **options
        )

    return _gateway

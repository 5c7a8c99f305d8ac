"""The knowledge base of one test, and the sandbox as its model."""

from collections.abc import Iterator

import pytest

from local.sandbox import credentials
from sidedesk.ai import calls, transport
from sidedesk.platform import outbox, secrets
from tests.sandbox.conftest import Sandbox
from tests.support.knowledge import Knowledge
from tests.support.world import Tenant, World


@pytest.fixture
def kb(world: World, monkeypatch: pytest.MonkeyPatch) -> Knowledge:
    # Queues are looked at in the outbox; sending is tested with the platform.
    monkeypatch.setattr(outbox, "send_soon", lambda *_: None)
    monkeypatch.setenv("UPLOADS_BUCKET", "uploads-of-the-tests")
    monkeypatch.setattr(calls, "FIRST_WAIT_SECONDS", 0.01)
    return Knowledge(world)


@pytest.fixture
def outside(running_sandbox: Sandbox, world: World) -> Iterator[Sandbox]:
    """The sandbox, quiet, connected as both tenants' model."""
    running_sandbox.reset()
    calls.forget_learned()
    for tenant in (world.northwind, world.contoso):
        connect(world, tenant, f"{running_sandbox.base}/openai/v1")
    yield running_sandbox
    transport.close()


def connect(world: World, tenant: Tenant, base_url: str) -> None:
    secrets.remember("sidedesk/test/openai", {"secret": credentials.OPENAI_KEY})
    world.database.run(
        tenant.system,
        "INSERT INTO integrations (tenant_id, kind, name, base_url, secret_name) "
        "VALUES (current_tenant(), 'openai', 'Model', %(url)s, 'sidedesk/test/openai')",
        {"url": base_url},
    )

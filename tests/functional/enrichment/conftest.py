"""Enrichment of one test: files in this process, the model in the sandbox, the workflow walked by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.sandbox import credentials
from sidedesk.ai import calls, transport
from sidedesk.enrichment import runs
from sidedesk.platform import outbox
from tests.functional.audits.conftest import connect
from tests.functional.conversations.conftest import conversation, put
from tests.functional.platform.conftest import Aws, cloud  # noqa: F401
from tests.sandbox.conftest import Sandbox
from tests.support.enrichment import Enrichment, Workflow
from tests.support.world import World


@pytest.fixture
def outside(running_sandbox: Sandbox, world: World, cloud: Aws) -> Iterator[Sandbox]:  # noqa: F811
    """The sandbox, quiet, as this tenant's model; files in an S3 of this process."""
    running_sandbox.reset()
    calls.forget_learned()
    connect(world, "openai", f"{running_sandbox.base}/openai/v1", credentials.OPENAI_KEY)
    world.sql("UPDATE tenants SET month_cap_usd = 1000")
    yield running_sandbox
    transport.close()


@pytest.fixture
def workflow(world: World, monkeypatch: pytest.MonkeyPatch) -> Workflow:
    made = Workflow()
    monkeypatch.setattr(runs, "start_workflow", made.start)
    monkeypatch.setattr(runs, "_FIRST_LOOK", 0.01)
    monkeypatch.setattr(outbox, "send_soon", lambda *_: None)
    return made


@pytest.fixture
def enrichment(world: World, workflow: Workflow, outside: Sandbox) -> Enrichment:
    return Enrichment(world, workflow, world.northwind)


@pytest.fixture
def stored(world: World, outside: Sandbox) -> Callable[..., list[str]]:
    """Ids of so many fresh conversations."""

    def _stored(count: int = 1, **changes: Any) -> list[str]:
        known = world.sql("SELECT count(*) FROM conversations")[0][0]
        raws = [conversation(f"c-{known + number}", **changes) for number in range(count)]
        return [str(one.id) for one in put(world, *raws)]

    return _stored


def judged(outside: Sandbox) -> int:
    """How often the model was asked."""
    return len(outside.log(provider="openai", path="/chat/completions", limit="5000"))

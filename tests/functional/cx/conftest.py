"""The pipeline of one test: the sandbox as Chatwoot and model, our functions, a little knowledge."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from moto import mock_aws

from local.sandbox import credentials
from sidedesk.ai import calls, transport
from sidedesk.ai.gateway import Deadline, Gateway
from sidedesk.cx import tools
from sidedesk.knowledge import retrieval
from sidedesk.knowledge.retrieval import Passage
from sidedesk.platform import aws, delivery, integrations, outbox
from sidedesk.platform.integrations import NewIntegration
from tests.sandbox.conftest import Sandbox
from tests.support.replies import Replies
from tests.support.world import Tenant, World

ARTICLES = (
    (
        "Delivery times",
        "Delivery to Portugal takes three to five working days. Delivery to Germany takes two working days.",
    ),
    ("Delivery costs", "Delivery to Portugal costs 6.90 euros. Orders above 80 euros are delivered free of charge."),
    (
        "Returns",
        "You can return an item within 30 days. Refunds are paid within 5 to 7 business days after the item has arrived.",
    ),
    ("Damaged parcels", "If a parcel arrives damaged, send us a photo within 14 days and we send a replacement."),
)


@pytest.fixture
def outside(running_sandbox: Sandbox, world: World) -> Iterator[Sandbox]:
    running_sandbox.reset(data=True)
    calls.forget_learned()
    with mock_aws():
        aws.client.cache_clear()
        connect(world.northwind, world, "openai", f"{running_sandbox.base}/openai/v1", credentials.OPENAI_KEY)
        yield running_sandbox
    aws.client.cache_clear()
    tools._http().close()
    tools._http.cache_clear()
    transport.close()


def connect(tenant: Tenant, world: World, kind: Any, base_url: str, secret: str, **config: Any) -> UUID:
    new = NewIntegration(kind=kind, name=kind, base_url=base_url, secret=secret, config=config)
    return integrations.create(world.database, tenant.system, uuid4(), new).id


@pytest.fixture
def replies(world: World, outside: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Replies:
    # Queues are looked at in their rows; sending them is tested with the platform.
    monkeypatch.setattr(outbox, "send_soon", lambda *_: None)
    monkeypatch.setattr(delivery, "nudge", lambda *_, **__: None)
    chatwoot = connect(
        world.northwind, world, "chatwoot", f"{outside.base}/chatwoot", credentials.CHATWOOT_ADMIN_TOKEN, account_id=1
    )
    made = Replies(world, outside, chatwoot)
    made.connect()
    teach(world)
    made.deliveries()
    return made


def teach(world: World) -> None:
    """A few articles, as the knowledge base would have indexed them."""
    gateway = Gateway(world.database, world.northwind.system, deadline=Deadline(60))
    passages = [Passage(uuid4(), title, text, {"url": ""}) for title, text in ARTICLES]
    vectors = gateway.embed([f"{passage.title}\n{passage.text}" for passage in passages])
    world.database.run(world.northwind.system, *retrieval.put("kb", passages, vectors.value, vectors.model))

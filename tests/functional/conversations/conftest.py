"""Conversations of one test, with files in an S3 of this process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from local.sandbox import credentials
from sidedesk.conversations import service, wiring
from sidedesk.conversations.service import RawConversation, RawPerson, RawTurn
from sidedesk.platform import secrets
from tests.functional.platform.conftest import BUCKET, Aws, cloud, outside  # noqa: F401
from tests.sandbox.conftest import Sandbox
from tests.support.lambdas import Context, Reply, client, load_app, sqs_event
from tests.support.world import Tenant, World

EMAIL = "dana@customer.example"


def conversation(external_id: str = "c-1", *texts: str, **changes: Any) -> RawConversation:
    """A small conversation: customer and agent take turns."""
    spoken = texts or ("My parcel never came.", "I am sorry, I will look at once.", "Thank you!")
    turns = [
        RawTurn(role="agent" if n % 2 else "customer", text=text, at=f"2026-11-03T09:{n:02}:00Z")
        for n, text in enumerate(spoken)
    ]
    values = {"external_id": external_id, "customer": RawPerson(name="Dana", email=EMAIL), "turns": turns}
    return RawConversation(**(values | changes))


class Files:
    """The objects of a tenant's conversations."""

    def __init__(self, aws: Aws) -> None:
        self.s3 = aws.s3

    def names(self, prefix: str = "conversations/") -> list[str]:
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return sorted(one["Key"] for one in found)

    def put(self, key: str, content: bytes) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)


@pytest.fixture
def files(cloud: Aws) -> Files:  # noqa: F811
    return Files(cloud)


def put(world: World, *raws: RawConversation, tenant: Tenant | None = None) -> list[service.Stored]:
    return service.put_many(world.database, (tenant or world.northwind).system, raws)


class Desk:
    """What a person and the workers do with conversations."""

    def __init__(self, world: World, aws: Aws) -> None:
        self.world, self.aws, self.call = world, aws, client("conversations/conversations_api")
        self._importer = load_app("conversations/import_conversations")
        self._exporter = load_app("conversations/export_conversations")

    def __call__(self, method: str, path: str, who: str = "member", **options: Any) -> Reply:
        tenant = self.world.contoso if who.startswith("contoso") else self.world.northwind
        token = tenant.tokens[who.removeprefix("contoso-")]
        return self.call(method, f"/api/conversations{path}", token=token, **options)

    def begin(self, **body: Any) -> dict[str, Any]:
        reply = self("POST", "/import", body=body)
        assert reply.status == 202, reply.text
        return reply.json

    def work(self, seconds: float = 120, most: int = 50) -> int:
        """Deliver what is queued, and what that queues in turn; returns how many messages there were."""
        count = 0
        for _ in range(most):
            messages = self.aws.received("import_conversations")
            for message in messages:
                event, context = sqs_event(message), Context(milliseconds=int(seconds * 1000))
                assert self._importer.lambda_handler(event, context)["batchItemFailures"] == []
            count += len(messages)
            if not messages:
                return count
        return count

    def state(self, begun: dict[str, Any]) -> dict[str, Any]:
        return self("GET", f"/imports/{begun['id']}").json

    def import_all(self, **body: Any) -> dict[str, Any]:
        begun = self.begin(**body)
        self.work()
        return self.state(begun)

    def export(self) -> None:
        for message in self.aws.received("export_conversations"):
            for _ in range(2):  # a second delivery changes nothing
                assert self._exporter.lambda_handler(sqs_event(message), Context())["batchItemFailures"] == []


@pytest.fixture
def desk(world: World, cloud: Aws) -> Desk:  # noqa: F811
    return Desk(world, cloud)


@pytest.fixture
def connected(world: World, outside: Sandbox) -> Iterator[Sandbox]:  # noqa: F811
    """The sandbox, connected as this tenant's Chatwoot and Intercom."""
    connect(world, "chatwoot", f"{outside.base}/chatwoot", credentials.CHATWOOT_ADMIN_TOKEN, {"account_id": 1})
    connect(world, "intercom", f"{outside.base}/intercom", credentials.INTERCOM_TOKEN, {})
    yield outside
    wiring._http().close()
    wiring._http.cache_clear()


def connect(world: World, kind: str, base_url: str, secret: str, config: dict[str, Any]) -> None:
    name = f"sidedesk/test/{kind}"
    secrets.remember(name, {"secret": secret})
    world.database.run(
        world.northwind.system,
        "INSERT INTO integrations (tenant_id, kind, name, base_url, secret_name, config) "
        "VALUES (current_tenant(), %(kind)s, %(kind)s, %(url)s, %(name)s, %(config)s)",
        {"kind": kind, "url": base_url, "name": name, "config": Jsonb(config)},
    )

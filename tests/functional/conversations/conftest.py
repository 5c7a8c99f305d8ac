"""Conversations of one test, with files in an S3 of this process."""

from __future__ import annotations

from typing import Any

import pytest

from sidedesk.conversations import service
from sidedesk.conversations.service import RawConversation, RawPerson, RawTurn
from tests.functional.platform.conftest import BUCKET, Aws, cloud  # noqa: F401
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

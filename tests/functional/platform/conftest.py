"""AWS in this process, and the outside world over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sidedesk.platform import aws
from tests.sandbox.conftest import Sandbox

BUCKET = "uploads-of-the-tests"
QUEUES = (
    "send_outbox",
    "trigger_agent",
    "export_data",
    "import_conversations",
    "export_conversations",
    "first_listener",
    "second_listener",
)


@dataclass
class Aws:
    """What the functions see, and what tests look into."""

    urls: dict[str, str] = field(default_factory=dict)

    @property
    def sqs(self) -> Any:
        return boto3.client("sqs")

    @property
    def s3(self) -> Any:
        return boto3.client("s3")

    @property
    def secrets(self) -> Any:
        return boto3.client("secretsmanager")

    def received(self, queue: str) -> list[dict[str, Any]]:
        """Take everything that is visible on a queue."""
        bodies: list[dict[str, Any]] = []
        while messages := self.sqs.receive_message(QueueUrl=self.urls[queue], MaxNumberOfMessages=10).get("Messages"):
            bodies += [json.loads(message["Body"]) for message in messages]
        return bodies


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    aws.client.cache_clear()
    with mock_aws():
        made = Aws()
        made.urls = {name: made.sqs.create_queue(QueueName=name)["QueueUrl"] for name in QUEUES}
        made.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        monkeypatch.setenv("QUEUE_URLS", json.dumps(made.urls))
        monkeypatch.setenv("UPLOADS_BUCKET", BUCKET)
        yield made
    aws.client.cache_clear()


@pytest.fixture
def outside(running_sandbox: Sandbox) -> Sandbox:
    running_sandbox.reset()
    return running_sandbox

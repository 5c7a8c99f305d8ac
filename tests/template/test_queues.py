"""Queues: nothing is lost silently, nothing is tried for ever, nothing is delivered while it is still being worked on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.template.reading import Template, target

FORTNIGHT = 1_209_600  # the longest SQS keeps a message


@pytest.fixture
def queues(template: Template) -> dict[str, dict[str, Any]]:
    return template.of_type("AWS::SQS::Queue")


@pytest.fixture
def dead_letters(queues: dict[str, dict[str, Any]]) -> set[str]:
    return {target(one["RedrivePolicy"]["deadLetterTargetArn"]) for one in queues.values() if "RedrivePolicy" in one}


def test_every_queue_gives_up_into_dead_letters(queues: dict[str, dict[str, Any]], dead_letters: set[str]) -> None:
    for name, queue in queues.items():
        if name in dead_letters:
            assert queue["MessageRetentionPeriod"] == FORTNIGHT, name
        else:
            # Throttled deliveries count too: fewer than five would bury messages that nobody has worked on.
            assert queue["RedrivePolicy"]["maxReceiveCount"] >= 5, name


def test_each_queue_has_dead_letters_of_its_own(queues: dict[str, dict[str, Any]], dead_letters: set[str]) -> None:
    assert len(dead_letters) == sum("RedrivePolicy" in queue for queue in queues.values())


def test_every_queue_is_encrypted(queues: dict[str, dict[str, Any]]) -> None:
    for name, queue in queues.items():
        assert queue.get("SqsManagedSseEnabled") is True or "KmsMasterKeyId" in queue, name


def test_consumers_report_each_failure_and_have_time(
    template: Template, queues: dict[str, dict[str, Any]], dead_letters: set[str]
) -> None:
    for name, event, properties in template.events("SQS"):
        queue = target(properties["Queue"])
        assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"], (name, event)
        assert queues[queue].get("VisibilityTimeout", 30) >= 6 * template.timeout(name), (name, queue)
        if queue not in dead_letters:
            assert properties.get("ScalingConfig", {}).get("MaximumConcurrency", 0) >= 2, (name, event)


def test_every_queue_has_a_consumer(
    template: Template, queues: dict[str, dict[str, Any]], dead_letters: set[str]
) -> None:
    consumed = {target(properties["Queue"]) for _, _, properties in template.events("SQS")}
    assert set(queues) - dead_letters <= consumed


def test_files_are_private_and_encrypted(template: Template) -> None:
    for name, bucket in template.of_type("AWS::S3::Bucket").items():
        assert "BucketEncryption" in bucket, name
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, name

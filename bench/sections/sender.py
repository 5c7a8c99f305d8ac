"""The outbox sender against a queue that answers after six milliseconds, beside one message at a time."""

from __future__ import annotations

import json
import os
import time
from typing import Any
from uuid import UUID

from bench.findings import Finding, at_least
from bench.rounds import timed
from bench.sqs_stub import slow_queue
from bench.stage import Place, Stage
from sidedesk.platform import aws, outbox
from sidedesk.platform.outbox import Message
from sidedesk.platform.settings import QueueSettings, cached

MANY, FEW = 1000, 100
ROUNDS = 5
QUEUE = "trigger_agent"


def measure(stage: Stage) -> list[Finding]:
    with slow_queue() as address, stage.place() as place:
        os.environ |= {"AWS_ENDPOINT_URL_SQS": address, "QUEUE_URLS": json.dumps({QUEUE: f"{address}/1/{QUEUE}"})}
        _forget()
        try:
            rounds = timed({"one by one": lambda: _one_by_one(place), "sender": lambda: _sender(place)}, ROUNDS)
        finally:
            for name in ("AWS_ENDPOINT_URL_SQS", "QUEUE_URLS"):
                del os.environ[name]
            _forget()
    each = [1 / seconds for seconds in rounds.seconds["sender"]]
    return [
        at_least(
            "outbox sender: times faster than one by one", rounds.ratio("one by one", "sender"), 8,
            f"{sorted(each)[len(each) // 2]:.0f} messages/s",
        )
    ]  # fmt: skip


def _forget() -> None:
    aws.client.cache_clear()
    cached.cache_clear()


def _waiting(place: Place, count: int) -> list[UUID]:
    scope = place.world.northwind.system
    messages = [Message.to_queue(QUEUE, {"job_id": "7f0c", "intercom_admin_id": str(n)}) for n in range(count)]
    place.world.database.run(scope, *outbox.add(scope, messages))
    return [message.id for message in messages]


def _sender(place: Place) -> float:
    """Seconds per message of the product's own sender."""
    _waiting(place, MANY)
    scope = place.world.northwind.system
    begun = time.perf_counter()
    sent = outbox.send_due(place.world.database, scope)
    taken = time.perf_counter() - begun
    assert sent == MANY, sent
    return taken / MANY


def _one_by_one(place: Place) -> float:
    """Seconds per message of the obvious loop: lock a row, send it, mark it."""
    ids = _waiting(place, FEW)
    queue, url = aws.client("sqs"), cached(QueueSettings).queue_urls[QUEUE]
    scope, database = place.world.northwind.system, place.world.database
    begun = time.perf_counter()
    for _ in ids:
        with database.transaction(scope) as transaction:
            row: dict[str, Any] = transaction.dicts(
                "SELECT id, payload FROM outbox WHERE sent_at IS NULL AND failed_at IS NULL ORDER BY due_at LIMIT 1 "
                "FOR UPDATE SKIP LOCKED"
            )[0]
            queue.send_message(QueueUrl=url, MessageBody=json.dumps(row["payload"]))
            transaction.run("UPDATE outbox SET sent_at = now() WHERE id = %(id)s", {"id": row["id"]})
    return (time.perf_counter() - begun) / FEW

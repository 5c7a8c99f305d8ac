"""A warm function takes a customer's message from Chatwoot, one network away from Postgres."""

from __future__ import annotations

import io
import itertools
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.findings import Finding, at_most, counted, shown
from bench.rounds import Ratio, Rounds, timed
from bench.sqs_stub import slow_queue
from bench.stage import Place, Stage
from local.sandbox.chatwoot import shapes
from local.sandbox.chatwoot.desk import INCOMING, Desk, Event
from local.sandbox.chatwoot.webhooks import rails_json, sign
from local.sandbox.store import Store
from sidedesk.cx import webhooks
from sidedesk.platform import aws, context, secrets
from sidedesk.platform.settings import cached
from tests.support.lambdas import Context, http_event, load_app

ROUNDS, TALKS = 300, 40
SECRET_NAME, SIGNS_WITH, QUEUE = "bench/chatwoot", "what-chatwoot-signs-with", "draft_reply"


def measure(stage: Stage) -> list[Finding]:
    with slow_queue() as address, stage.place() as place, tempfile.TemporaryDirectory() as folder:
        events = _deliveries(Desk(Store(Path(folder))), _connected(place))
        os.environ |= {"AWS_ENDPOINT_URL_SQS": address, "QUEUE_URLS": json.dumps({QUEUE: f"{address}/1/{QUEUE}"})}
        _forget()
        try:
            return _measured(place, events)
        finally:
            for name in ("AWS_ENDPOINT_URL_SQS", "QUEUE_URLS"):
                del os.environ[name]
            _forget()


def _measured(place: Place, events: Callable[[], dict[str, Any]]) -> list[Finding]:
    nowhere = io.StringIO()
    handler, nudge = load_app("cx/chatwoot_webhook").lambda_handler, webhooks.nudge_drafter

    def deliver() -> float:
        event = events()
        with redirect_stdout(nowhere):  # metrics are made, and written to nowhere
            begun = time.perf_counter()
            answer = handler(event, Context())
            taken = time.perf_counter() - begun
        assert answer["statusCode"] == 200, answer
        return taken

    def deliver_quietly() -> float:
        webhooks.nudge_drafter = lambda *_, **__: None
        try:
            return deliver()
        finally:
            webhooks.nudge_drafter = nudge

    deliver()
    before = context.database().round_trips
    deliver()
    trips = context.database().round_trips - before
    plain = place.plain(place.far_url)

    def select() -> float:
        begun = time.perf_counter()
        plain.execute("SELECT 1").fetchone()
        return time.perf_counter() - begun

    rounds = timed({"select 1": select, "delivery": deliver_quietly, "and queue": deliver}, ROUNDS)
    plain.close()
    return [
        counted("one delivery: round trips", trips, 1),
        at_most("one delivery stored, 95th percentile, of SELECT 1", _p95(rounds, "delivery"), 3, rounds.milliseconds("delivery")),
        shown("the same with the word to the queue (6 ms)", _p95(rounds, "and queue"), rounds.milliseconds("and queue")),
    ]  # fmt: skip


def _p95(rounds: Rounds, what: str) -> Ratio:
    """The slowest of nineteen in twenty, in round trips as slow; beside it the medians and the very slowest."""
    trips, taken = rounds.seconds["select 1"], rounds.seconds[what]
    slow = statistics.quantiles(taken, n=20)[18] / statistics.quantiles(trips, n=20)[18]
    middle = statistics.median(taken) / statistics.median(trips)
    return Ratio(slow, min(slow, middle), max(slow, middle))


def _connected(place: Place) -> str:
    """The id of a Chatwoot of the first tenant."""
    secrets.remember(SECRET_NAME, {"secret": "token", "webhook_secret": SIGNS_WITH})
    integration_id = str(uuid4())
    place.world.sql(
        "INSERT INTO integrations (id, tenant_id, kind, name, base_url, config, secret_name) "
        "VALUES (%s, %s, 'chatwoot', 'Chatwoot', 'http://127.0.0.1:9', '{\"account_id\": 1}', %s) RETURNING id",
        (integration_id, place.world.northwind.id, SECRET_NAME),
    )  # fmt: skip
    return integration_id


def _deliveries(desk: Desk, integration_id: str) -> Callable[[], dict[str, Any]]:
    """One genuine event of a customer's message after the other, in some conversations in turn."""
    talks = []
    for number in range(TALKS):
        person = desk.new_contact(1, 1, {"name": "Dana Whitfield", "email": f"dana{number}@mailbox.example"})
        talks.append((person, desk.new_conversation(person, 1, {})[0]))
    numbers = itertools.count()

    def following() -> dict[str, Any]:
        person, talk = talks[next(numbers) % TALKS]
        said = {"content": "How long does delivery to Portugal take?"}
        message, _ = desk.add_message(talk, said, person, INCOMING, at=time.time())
        body, stamp = rails_json(shapes.payload(desk, Event("message_created", talk, message))), str(int(time.time()))
        headers = {"x-chatwoot-timestamp": stamp, "x-chatwoot-signature": sign(SIGNS_WITH, stamp, body)}
        return http_event("POST", f"/webhooks/chatwoot/{integration_id}", body=body.decode(), headers=headers)

    return following


def _forget() -> None:
    webhooks.forget()
    aws.client.cache_clear()
    cached.cache_clear()

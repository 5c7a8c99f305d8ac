"""Deliveries: genuine ones are stored and answered, whatever else comes is refused in plain words and leaves nothing."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import uuid4

import pytest

from sidedesk.cx import webhooks
from tests.support.replies import Replies

QUESTION = "How long does delivery to Portugal take?"


def delivered(replies: Replies, text: str = QUESTION) -> tuple[dict[str, str], str]:
    """One genuine delivery of a customer's message."""
    replies.customer().says(text)
    return next(one for one in replies.deliveries() if json.loads(one[1])["event"] == "message_created")


def stored(replies: Replies) -> int:
    return int(replies.world.sql("SELECT count(*) FROM cx_messages")[0][0])


def test_a_genuine_delivery_is_stored_in_one_round_trip(replies: Replies) -> None:
    headers, body = delivered(replies)
    assert replies.deliver(headers, body).json == {
        "success": True,
        "outcome": "stored",
    }  # reads what it must know, once
    from sidedesk.platform import context

    database = context.database()
    headers, body = delivered(replies)
    before = database.round_trips
    assert replies.deliver(headers, body).status == 200
    assert database.round_trips - before == 1
    assert stored(replies) == 2


@pytest.mark.parametrize("change", ["signature", "timestamp", "body", "unsigned", "old", "other secret"])
def test_what_is_not_signed_by_this_chatwoot_is_refused(replies: Replies, change: str) -> None:
    headers, body = delivered(replies)
    headers = dict(headers)
    if change == "signature":
        headers["x-chatwoot-signature"] = "sha256=" + "0" * 64
    elif change == "timestamp":
        headers["x-chatwoot-timestamp"] = str(int(headers["x-chatwoot-timestamp"]) - 1)
    elif change == "body":
        body = body.replace("Portugal", "Germany")
    elif change == "unsigned":
        del headers["x-chatwoot-signature"]
    elif change == "old":
        headers["x-chatwoot-timestamp"] = str(int(time.time()) - 3_600)
    else:
        from local.sandbox.chatwoot.webhooks import sign

        headers["x-chatwoot-signature"] = sign("another secret", headers["x-chatwoot-timestamp"], body.encode())
    answer = replies.deliver(headers, body)
    assert answer.status == 401
    assert stored(replies) == 0


def test_an_unknown_address_hears_the_same(replies: Replies) -> None:
    headers, body = delivered(replies)
    assert replies.deliver(headers, body, f"/webhooks/chatwoot/{uuid4()}").status == 401
    assert replies.deliver(headers, body, "/webhooks/chatwoot/not-an-id").status in (400, 404)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        '"text"',
        '{"event": 5}',
        '{"event": "message_created"}',
        '{"event":"message_created","conversation":{"id":1}}',
    ],
)
def test_malformed_bodies_are_named(replies: Replies, body: str) -> None:
    from local.sandbox.chatwoot.webhooks import sign

    secret = webhooks._look_up(replies.world.database, replies.integration_id).secret
    stamp = str(int(time.time()))
    headers = {"X-Chatwoot-Timestamp": stamp, "X-Chatwoot-Signature": sign(secret, stamp, body.encode())}
    answer = replies.deliver(headers, body)
    assert (answer.status, answer.json["success"]) == (400, False)
    assert answer.json["error"]


def test_the_address_for_all_finds_its_integration_by_account_and_signature(replies: Replies) -> None:
    headers, body = delivered(replies)
    assert replies.deliver(headers, body, "/api/chatwoot/webhook").json["outcome"] == "stored"
    assert stored(replies) == 1
    wrong = headers | {"x-chatwoot-signature": "sha256=" + "1" * 64}
    assert replies.deliver(wrong, body, "/api/chatwoot/webhook").status == 401
    payload: dict[str, Any] = json.loads(body)
    del payload["account"]
    assert replies.deliver(headers, json.dumps(payload), "/api/chatwoot/webhook").status == 401


def test_a_renewed_secret_holds_at_once(replies: Replies) -> None:
    from sidedesk.platform import integrations
    from sidedesk.platform.integrations import IntegrationChange

    headers, body = delivered(replies)
    assert replies.deliver(headers, body).status == 200
    known = webhooks._known[replies.integration_id]
    webhooks._known[replies.integration_id] = webhooks.Known(
        known.scope, known.integration_id, "the old secret", known.signed, known.options, known.read_at - 10
    )
    integrations.change(
        replies.world.database,
        replies.world.northwind.system,
        replies.integration_id,
        IntegrationChange(webhook_secret=known.secret),
    )
    headers, body = delivered(replies, "Hello again")
    assert replies.deliver(headers, body).status == 200


def test_events_that_are_not_ours_are_answered_and_left(replies: Replies) -> None:
    from local.sandbox.chatwoot.webhooks import sign

    secret = webhooks._look_up(replies.world.database, replies.integration_id).secret
    body = '{"event":"contact_created","id":5,"account":{"id":1}}'
    stamp = str(int(time.time()))
    answer = replies.deliver(
        {"X-Chatwoot-Timestamp": stamp, "X-Chatwoot-Signature": sign(secret, stamp, body.encode())}, body
    )
    assert (answer.status, answer.json["outcome"]) == (200, "ignored")
    assert stored(replies) == 0

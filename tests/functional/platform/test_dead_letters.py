"""Dead letters: seen, counted once, told to their owner, sent again once; nothing makes them turn for ever."""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.functional.platform.conftest import Aws
from tests.support.lambdas import Context, client, load_app, sqs_event
from tests.support.world import World

ARN = "arn:aws:sqs:eu-west-1:000000000000:trigger-dead"


@pytest.fixture(autouse=True)
def queues(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEAD_LETTER_QUEUES", json.dumps({"trigger_agent": ARN}))


def dead(*bodies: Any, attributes: dict[str, str] | None = None) -> dict[str, Any]:
    event = sqs_event(*[{} for _ in bodies], attributes=attributes)
    for record, body in zip(event["Records"], bodies, strict=True):
        record["body"] = body if isinstance(body, str) else json.dumps(body)
        record["eventSourceARN"] = ARN
    return event


def drain(event: dict[str, Any], hooks: dict[str, Any] | None = None) -> list[Any]:
    app = load_app("platform/drain_dead_letters")
    app.HOOKS = hooks or {}
    return app.lambda_handler(event, Context())["batchItemFailures"]


def test_recorded_counted_once_and_told_to_its_owner(world: World, cloud: Aws) -> None:
    told: list[Any] = []
    event = dead({"tenant_id": str(world.northwind.id), "outbox_id": str(uuid4()), "n": 1})
    for _ in range(2):
        assert (
            drain(event, {"trigger_agent": lambda _, scope, payload: told.append((scope.tenant_id, payload["n"]))})
            == []
        )
    assert told == [(world.northwind.id, 1)] * 2
    listed = client("platform/operations_api")("GET", "/api/dead-letters", token=world.northwind.tokens["admin"]).json
    assert [row["queue"] for row in listed["data"]] == ["trigger_agent"]
    metrics = client("platform/operations_api")("GET", "/metrics", token=world.northwind.tokens["admin"]).text
    assert f'dead_letters_total{{tenant_id="{world.northwind.id}",queue="trigger_agent"}} 1\n' in metrics


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        "[]",
        "{}",
        '{"tenant_id": "x"}',
        json.dumps({"tenant_id": str(uuid4())}),
        "[" * 100_000,
        '"\\u0000"',
        "",
    ],
)
def test_what_belongs_to_nobody_is_kept_where_nobody_reads_it(world: World, cloud: Aws, body: str) -> None:
    event = dead(body)
    for _ in range(2):
        assert drain(event) == []
    assert world.sql("SELECT count(*) FROM orphan_letters") == [(1,)]
    with pytest.raises(Exception, match="permission denied"):
        world.database.values(world.northwind.system, "SELECT id FROM orphan_letters")


def test_a_hook_that_always_fails_does_not_keep_the_message_turning(world: World, cloud: Aws) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("the owner is ill")

    body = {"tenant_id": str(world.northwind.id)}
    good = {"tenant_id": str(world.northwind.id), "n": 2}
    assert len(drain(dead(body, attributes={"ApproximateReceiveCount": "2"}), {"trigger_agent": broken})) == 1
    assert drain(dead(body, good, attributes={"ApproximateReceiveCount": "5"}), {"trigger_agent": broken}) == []
    assert world.sql("SELECT count(*) FROM dead_letters") == [(3,)]


def test_sent_again_once_under_a_new_identity(world: World, cloud: Aws) -> None:
    outbox_id = str(uuid4())
    drain(
        dead(
            {
                "tenant_id": str(world.northwind.id),
                "outbox_id": outbox_id,
                "n": 7,
                "not_before": "2020-01-01T00:00:00+00:00",
            }
        )
    )
    call = client("platform/operations_api")
    row = call("GET", "/api/dead-letters?state=open", token=world.northwind.tokens["admin"]).json["data"][0]
    path = f"/api/dead-letters/{row['id']}/redrive"
    assert call("POST", path, token=world.contoso.tokens["owner"]).status == 404
    assert call("POST", path, token=world.northwind.tokens["member"]).status == 403
    assert call("POST", path, token=world.northwind.tokens["admin"]).status == 200
    assert call("POST", path, token=world.northwind.tokens["admin"]).json["code"] == "already_redriven"
    [body] = cloud.received("trigger_agent")
    assert body["n"] == 7
    assert body["outbox_id"] != outbox_id
    assert "not_before" not in body
    redriven = call("GET", "/api/dead-letters?state=redriven", token=world.northwind.tokens["admin"]).json["data"]
    assert redriven[0]["redriven_by"] == world.northwind.users["admin"].user_id


def test_an_export_that_died_says_so(world: World, cloud: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEAD_LETTER_QUEUES", json.dumps({"export_data": ARN}))
    call, owner = client("platform/data_api"), world.northwind.tokens["owner"]
    made = call("POST", "/api/data/export", token=owner).json
    [message] = cloud.received("export_data")
    app = load_app("platform/drain_dead_letters")
    assert app.lambda_handler(dead(message), Context())["batchItemFailures"] == []
    shown = call("GET", f"/api/data/exports/{made['id']}", token=owner).json
    assert shown["status"] == "failed"
    assert shown["error"]

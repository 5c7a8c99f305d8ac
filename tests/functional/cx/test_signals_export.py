"""Learning signals as JSONL: what is in it, who is not, and where a large one goes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sidedesk.cx import signals_export
from sidedesk.platform import aws
from tests.support.cx import Cx, ago
from tests.support.lambdas import Reply, client
from tests.support.world import World

BUCKET = "files-of-the-tests"
PATH = "/api/cx/signals/export"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    aws.client.cache_clear()
    monkeypatch.setenv("UPLOADS_BUCKET", BUCKET)
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield s3
    aws.client.cache_clear()


@pytest.fixture
def cx(world: World) -> Cx:
    return Cx(world)


def ask(cx: Cx, query: str = "", role: str = "admin") -> Reply:
    return client("cx/cx_api")("GET", f"{PATH}{query}", token=cx.tenant.tokens[role])


def chats(reply: Reply) -> list[list[dict[str, Any]]]:
    assert reply.status == 200, reply.text
    return [json.loads(line)["messages"] for line in reply.text.splitlines()]


def test_chats_without_the_people_in_them(cx: Cx) -> None:
    talk = cx.conversation()
    cx.message(talk, "Hi", author="Mia Berg", direction="outgoing")
    cx.signal(
        talk, customer_message="Dana Whitfield here, dana@example.com. Where is my parcel?",
        human_reply="Hello Dana, it is on its way. Mia\n\"tomorrow\"", tone=5, accuracy=5, policy=5,
    )  # fmt: skip
    reply = ask(cx)
    [[system, user, assistant]] = chats(reply)
    assert "jsonl" in reply.headers["content-type"]
    assert "learning-signals.jsonl" in reply.headers["content-disposition"]
    assert [part["role"] for part in (system, user, assistant)] == ["system", "user", "assistant"]
    assert "Northwind" in system["content"]
    assert user["content"] == "<NAME_1> here, <EMAIL_1>. Where is my parcel?"
    assert assistant == {"role": "assistant", "content": 'Hello <NAME_2>, it is on its way. <NAME_3>\n"tomorrow"'}


def test_what_is_in_it(cx: Cx) -> None:
    talk = cx.conversation()
    cx.signal(talk, customer_message="good", tone=5, accuracy=4, policy=5)
    cx.signal(talk, customer_message="poor", tone=2, accuracy=5, policy=5)
    cx.signal(talk, "answered_manually", customer_message="by hand")
    cx.signal(talk, "answered_manually", customer_message="without words", human_reply=None)
    cx.signal(talk, "rejected", customer_message="refused", human_reply=None, tone=1, accuracy=1, policy=1)
    cx.signal(talk, "regenerated", customer_message="again", human_reply=None)
    cx.signal(talk, customer_message="", human_reply="Erased.")
    cx.signal(talk, customer_message="old", created_at=ago(days=40), tone=5, accuracy=5, policy=5)

    def asked(query: str = "") -> set[str]:
        return {user["content"] for _, user, _ in chats(ask(cx, query))}

    assert asked() == {"good", "poor", "by hand", "old"}
    assert asked("?kind=answered_manually") == {"by hand"}
    assert asked("?min_grade=4") == {"good", "old"}
    assert asked(f"?from={ago(days=3).date()}") == {"good", "poor", "by hand"}
    assert asked(f"?to={ago(days=39).date()}") == {"old"}
    [[_, user, assistant]] = chats(ask(cx, "?kind=rejected"))
    assert (user["content"], assistant["weight"], assistant["content"]) == ("refused", 0, "Your parcel is on its way.")
    assert chats(ask(cx, "?kind=rejected&min_grade=2")) == []


def test_only_admins_only_their_own_and_it_is_recorded(cx: Cx) -> None:
    cx.signal(cx.conversation())
    assert ask(cx, role="member").status == 403
    assert chats(client("cx/cx_api")("GET", PATH, token=cx.world.contoso.tokens["admin"])) == []
    ask(cx, "?min_grade=9")
    assert len(chats(ask(cx, "?kind=approved"))) == 1
    [(metadata,)] = cx.world.sql(
        "SELECT metadata FROM audit_events WHERE event = 'cx.signals_exported' AND tenant_id = %s", (cx.tenant.id,)
    )
    assert (metadata["rows"], metadata["kind"]) == (1, "approved")


def test_a_large_file_is_a_link(cx: Cx, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = cx.conversation()
    for number in range(25):
        cx.signal(talk, customer_message=f"question {number}", created_at=ago(minutes=number))
    monkeypatch.setattr(signals_export, "PAGE", 10)
    monkeypatch.setattr(signals_export, "DIRECT_BYTES", 2_000)
    reply = ask(cx)
    assert reply.status == 200, reply.text
    assert (reply.json["rows"], reply.json["expires_in"]) == (25, 3600)
    [stored] = bucket.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert stored["Key"].startswith(f"exports/{cx.tenant.id}/signals-")
    text = bucket.get_object(Bucket=BUCKET, Key=stored["Key"])["Body"].read().decode()
    assert reply.json["size"] == len(text.encode())
    asked = [json.loads(line)["messages"][1]["content"] for line in text.splitlines()]
    assert asked == [f"question {number}" for number in range(24, -1, -1)]


def test_too_many_for_one_request_says_what_to_do(cx: Cx) -> None:
    cx.signal(cx.conversation())
    with pytest.raises(signals_export.TooLarge, match="fewer days"):
        signals_export.export(
            cx.world.database, cx.tenant.scope(), signals_export.Ask(None, None, None, None), seconds=-1
        )

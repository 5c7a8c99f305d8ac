"""Integrations: tested against the outside over HTTP; secrets go in and never come out."""

import json
import socket

import httpcore
import pytest

from local.sandbox import credentials
from sidedesk.platform import integrations, outbound, settings
from sidedesk.platform.outbound import PrivateAddress
from tests.functional.platform.conftest import Aws
from tests.sandbox.conftest import Sandbox
from tests.support.lambdas import client
from tests.support.world import World

URL = "/api/integrations"
CHATWOOT = {
    "kind": "chatwoot",
    "name": "Support",
    "config": {"account_id": 1},
    "secret": credentials.CHATWOOT_ADMIN_TOKEN,
}


def add(world: World, **body: object) -> dict:
    reply = client("platform/integrations_api")("POST", URL, body=body, token=world.northwind.tokens["admin"])
    assert reply.status == 200, reply.text
    return reply.json


@pytest.mark.parametrize(
    ("kind", "path", "config", "secret", "says"),
    [
        ("chatwoot", "/chatwoot", {"account_id": 1}, credentials.CHATWOOT_ADMIN_TOKEN, "Connected to Chatwoot"),
        ("intercom", "/intercom", {}, credentials.INTERCOM_TOKEN, "Connected to the Intercom workspace"),
        ("n8n", "/n8n/webhook/massive-ai-audit", {}, credentials.N8N_WEBHOOK_TOKEN, "Runs will be sent to"),
        ("openai", "/openai/v1", {}, credentials.OPENAI_KEY, "Connected. It offers"),
    ],
)
def test_each_kind_is_really_asked(
    world: World, cloud: Aws, outside: Sandbox, kind: str, path: str, config: dict, secret: str, says: str
) -> None:
    made = add(world, kind=kind, name="One", base_url=outside.base + path, config=config, secret=secret)
    assert made["has_secret"] is True
    call, admin = client("platform/integrations_api"), world.northwind.tokens["admin"]
    good = call("POST", f"{URL}/{made['id']}/test", token=admin)
    assert good.json["ok"] is True, good.text
    assert says in good.json["message"]
    assert good.json["latency_ms"] >= 0
    listed = call("GET", URL, token=admin)
    assert listed.json["data"][0]["last_test"]["ok"] is True
    assert secret not in listed.text
    assert secret not in str(world.sql("SELECT * FROM integrations") + world.sql("SELECT * FROM audit_events"))
    name = f"sidedesk/test/{world.northwind.id}/{kind}/{made['id']}"
    assert json.loads(cloud.secrets.get_secret_value(SecretId=name)["SecretString"])["secret"] == secret
    connection = integrations.connection(world.database, world.northwind.system, kind)
    assert connection is not None
    assert connection.secret == secret
    if kind != "n8n":
        call("PUT", f"{URL}/{made['id']}", body={"secret": "bad-key"}, token=admin)
        bad = call("POST", f"{URL}/{made['id']}/test", token=admin).json
        assert bad["ok"] is False
        assert "refuses" in bad["message"]


def test_a_dead_or_odd_service_is_an_answer(world: World, cloud: Aws, outside: Sandbox) -> None:
    call, admin = client("platform/integrations_api"), world.northwind.tokens["admin"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    for base_url in (nobody, outside.base + "/nothing-here", "http://no-such-host.invalid/v1"):
        made = add(world, kind="openai", name=base_url, base_url=base_url, secret="sandbox-openai")
        result = call("POST", f"{URL}/{made['id']}/test", token=admin)
        assert result.status == 200
        assert result.json["ok"] is False
    outside.fault("openai", route="*/models", malformed=True, status=200)
    made = add(world, kind="openai", name="odd", base_url=outside.base + "/openai/v1", secret="sandbox-openai")
    assert call("POST", f"{URL}/{made['id']}/test", token=admin).json["ok"] is False


def test_a_new_server_needs_its_secret_again(world: World, cloud: Aws, outside: Sandbox) -> None:
    call, admin = client("platform/integrations_api"), world.northwind.tokens["admin"]
    made = add(world, **CHATWOOT, base_url=outside.base + "/chatwoot", webhook_secret="signs")
    where = f"{URL}/{made['id']}"
    refused = call("PUT", where, body={"base_url": "http://127.0.0.1:1/chatwoot"}, token=admin)
    assert refused.json["details"][0]["field"] == "secret"
    moved = call("PUT", where, body={"base_url": "http://127.0.0.1:1/chatwoot", "secret": "other"}, token=admin)
    assert moved.status == 200
    name = f"sidedesk/test/{world.northwind.id}/chatwoot/{made['id']}"
    assert json.loads(cloud.secrets.get_secret_value(SecretId=name)["SecretString"]) == {"secret": "other"}


def test_removed_with_its_secret_and_never_by_strangers(world: World, cloud: Aws, outside: Sandbox) -> None:
    call, admin = client("platform/integrations_api"), world.northwind.tokens["admin"]
    made = add(world, **CHATWOOT, base_url=outside.base + "/chatwoot")
    where = f"{URL}/{made['id']}"
    stranger = world.contoso.tokens["owner"]
    for method, path, body in (("PUT", where, {"name": "x"}), ("DELETE", where, None), ("POST", where + "/test", None)):
        assert call(method, path, body=body, token=stranger).status == 404
    assert call("GET", URL, token=stranger).json["data"] == []
    assert call("GET", URL, token=world.northwind.tokens["member"]).status == 403
    assert call("DELETE", where, token=admin).status == 200
    assert call("DELETE", where, token=admin).status == 404
    assert cloud.secrets.list_secrets()["SecretList"] == []


def test_names_are_unique_and_wishes_repeat(world: World, cloud: Aws) -> None:
    call, admin = client("platform/integrations_api"), world.northwind.tokens["admin"]
    body = {"kind": "openai", "name": "Model", "base_url": "http://127.0.0.1:1/v1/"}
    made = [call("POST", URL, body=body, token=admin, headers={"Idempotency-Key": "a"}).json for _ in range(2)]
    assert made[0]["id"] == made[1]["id"]
    assert made[0]["base_url"] == "http://127.0.0.1:1/v1"
    assert made[0]["has_secret"] is False
    assert call("POST", URL, body=body, token=admin).json["code"] == "name_taken"


@pytest.mark.parametrize(
    ("kind", "base_url", "config", "field"),
    [
        ("openai", "ftp://example.com", {}, "base_url"),
        ("openai", "example.com/v1", {}, "base_url"),
        ("openai", "https://user:pass@example.com/v1", {}, "base_url"),
        ("openai", "https://example.com/v1?key=x", {}, "base_url"),
        ("openai", "https://exa mple.com", {}, "base_url"),
        ("openai", "http://[::1", {}, "base_url"),
        ("openai", "http://host:99999/", {}, "base_url"),
        ("openai", "https://example.com/v1", {"structured": "perhaps"}, "config.structured"),
        ("chatwoot", "https://example.com", {}, "config.account_id"),
        ("chatwoot", "https://example.com", {"account_id": 1, "password": "x"}, "config.password"),
        ("n8n", "https://example.com", {}, "base_url"),
        ("carrier-pigeon", "https://example.com", {}, "kind"),
    ],
)
def test_bad_addresses_and_configurations_are_named(
    world: World, cloud: Aws, kind: str, base_url: str, config: dict, field: str
) -> None:
    body = {"kind": kind, "name": "x", "base_url": base_url, "config": config}
    reply = client("platform/integrations_api")("POST", URL, body=body, token=world.northwind.tokens["admin"])
    assert reply.status == 400
    assert field in [detail["field"] for detail in reply.json["details"]]


PRIVATE = [
    "http://127.0.0.1/v1", "http://localhost:8080", "http://10.0.0.1", "http://169.254.169.254/latest/meta-data", "http://[::1]/",
    "http://192.168.1.1", "http://172.16.0.9", "http://100.64.0.1", "http://[fd00::1]", "http://[::ffff:10.0.0.1]", "http://0.0.0.0",
    "http://2130706433/", "http://0x7f000001/", "http://127.1/", "http://db.internal/", "http://[64:ff9b::a9fe:a9fe]/", "http://localhost./",
]  # fmt: skip


@pytest.mark.parametrize("base_url", PRIVATE)
def test_a_deployed_stack_never_looks_inside(
    world: World, cloud: Aws, monkeypatch: pytest.MonkeyPatch, base_url: str
) -> None:
    monkeypatch.setenv("STAGE", "prod")
    settings.cached.cache_clear()
    body = {"kind": "openai", "name": "x", "base_url": base_url}
    reply = client("platform/integrations_api")("POST", URL, body=body, token=world.northwind.tokens["admin"])
    assert (reply.status, reply.json["code"]) == (400, "private_address")


def test_a_name_that_turns_inwards_is_caught_when_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE", "prod")
    settings.cached.cache_clear()
    answers = iter(["93.184.216.34", "169.254.169.254"])
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", (next(answers), 80))])
    assert outbound.resolve("rebinding.example", 80) == "93.184.216.34"
    with pytest.raises(PrivateAddress), outbound.client() as http:
        http.get("http://rebinding.example/")


def test_the_guarded_client_opens_its_own_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> str:
        asked.append(host)
        raise httpcore.ConnectError("seen")

    monkeypatch.setattr(outbound, "resolve", resolve)
    with outbound.client() as http, pytest.raises(Exception, match="seen"):
        http.get("http://watched.example/")
    assert asked == ["watched.example"]


def test_test_webhooks_only_where_somebody_may_sit_at_the_editor(
    world: World, cloud: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"kind": "n8n", "name": "x", "base_url": "https://n8n.example.com/webhook-test/massive-ai-audit"}
    call, admin = client("platform/integrations_api"), world.northwind.tokens["admin"]
    monkeypatch.setenv("STAGE", "prod")
    settings.cached.cache_clear()
    assert call("POST", URL, body=body, token=admin).json["code"] == "test_webhook"
    monkeypatch.setenv("STAGE", "dev")
    settings.cached.cache_clear()
    assert call("POST", URL, body=body, token=admin).status == 200

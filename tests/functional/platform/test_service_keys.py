"""Service keys: shown once, never stored, gone when revoked."""

from datetime import UTC, datetime, timedelta

from tests.support.lambdas import client
from tests.support.world import World

URL = "/api/service-keys"


def test_a_key_works_until_it_is_revoked(world: World) -> None:
    call, operations = client("platform/admin_api"), client("platform/operations_api")
    admin = world.northwind.tokens["admin"]
    made = call("POST", URL, body={"name": "scraper", "scopes": ["metrics.read"]}, token=admin)
    assert made.status == 200
    key = made.json["key"]
    assert operations("GET", "/metrics", token=key).status == 200
    assert operations("GET", "/metrics", headers={"X-API-Key": key}).status == 200
    assert operations("GET", "/api/dead-letters", token=key).json["code"] == "missing_scope"
    listed = call("GET", URL, token=admin)
    assert key not in listed.text
    assert key.split("_")[2] not in str(world.sql("SELECT * FROM service_keys")) + str(
        world.sql("SELECT * FROM idempotency_keys") + world.sql("SELECT * FROM audit_events")
    )
    assert {scope["name"] for scope in listed.json["available_scopes"]} >= {"audits.callback", "metrics.read"}
    assert call("DELETE", f"{URL}/{made.json['id']}", token=world.contoso.tokens["admin"]).status == 404
    for _ in range(2):
        assert call("DELETE", f"{URL}/{made.json['id']}", token=admin).status == 200
    reply = operations("GET", "/metrics", token=key)
    assert (reply.status, reply.json["code"]) == (401, "invalid_key")


def test_a_repeated_wish_gets_the_same_key_and_nothing_keeps_it(world: World) -> None:
    call, admin = client("platform/admin_api"), world.northwind.tokens["admin"]
    body, wish = {"name": "n8n", "scopes": ["audits.callback"]}, {"Idempotency-Key": "wish"}
    first = call("POST", URL, body=body, token=admin, headers=wish).json
    again = call("POST", URL, body=body, token=admin, headers=wish).json
    assert first["key"] == again["key"]
    assert world.sql("SELECT count(*) FROM service_keys WHERE name = 'n8n'") == [(1,)]
    assert world.sql("SELECT count(*) FROM idempotency_keys") == [(0,)]
    other = call("POST", URL, body={**body, "name": "other"}, token=admin, headers=wish)
    assert (other.status, other.json["code"]) == (409, "idempotency_key_reused")
    second = call("POST", URL, body=body, token=admin).json
    assert second["key"] != first["key"]


def test_scopes_are_for_machines_only(world: World) -> None:
    call, owner = client("platform/admin_api"), world.northwind.tokens["owner"]
    for scope in ("operator", "members.write", "data.export", "nonsense", ""):
        reply = call("POST", URL, body={"name": "x", "scopes": [scope]}, token=owner)
        assert reply.status == 400, scope
        assert reply.json["details"][0]["field"] == "scopes"
    past = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert (
        call("POST", URL, body={"name": "x", "scopes": ["metrics.read"], "expires_at": past}, token=owner).status == 400
    )


def test_an_expired_key_is_refused(world: World) -> None:
    call, admin = client("platform/admin_api"), world.northwind.tokens["admin"]
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    made = call("POST", URL, body={"name": "x", "scopes": ["metrics.read"], "expires_at": soon}, token=admin).json
    operations = client("platform/operations_api")
    assert operations("GET", "/metrics", token=made["key"]).status == 200
    world.sql("UPDATE service_keys SET expires_at = now() - interval '1 second' WHERE id = %s", (made["id"],))
    assert operations("GET", "/metrics", token=made["key"]).status == 401

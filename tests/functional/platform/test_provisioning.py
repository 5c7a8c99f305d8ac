"""A new tenant by one order, safe to give twice; and the sign-in of a laptop, which a deployed stack does not have."""

from typing import Any
from uuid import UUID

import jwt
import pytest

from sidedesk.platform import integrations, settings, tenants
from sidedesk.platform.identity import new_service_key
from sidedesk.platform.scope import Scope
from sidedesk.platform.tenant_options import tenant_options
from tests.functional.platform.conftest import Aws
from tests.support.lambdas import Context, client, load_app
from tests.support.world import JWT_SECRET, World

ORDER: dict[str, Any] = {
    "slug": "fabrikam", "name": "Fabrikam", "timezone": "Asia/Tokyo", "owner": {"email": "Boss@fabrikam.example", "name": "Boss"},
    "variables": {
        "SUPABASE_URL": "http://127.0.0.1:9/", "SUPABASE_SERVICE_ROLE_KEY": "service-role",
        "CHATWOOT_BASE_URL": "http://127.0.0.1:9/chatwoot", "CHATWOOT_API_KEY": "cw", "CHATWOOT_ACCOUNT_ID": "3",
        "INTERCOM_ACCESS_TOKEN": "ic", "INTERCOM_BASE_URL": "http://127.0.0.1:9/intercom",
        "OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "AI_CUSTOMER_DRAFT_ENABLED": "true",
        "MASSIVE_AI_AUDIT_SERVICE_KEY": "some-old-shared-secret",
    },
}  # fmt: skip


def provision(order: dict[str, Any]) -> dict[str, Any]:
    return load_app("platform/provision_tenant").lambda_handler(order, Context())


def test_one_order_makes_a_tenant_that_works(world: World, cloud: Aws) -> None:
    done = provision(ORDER)
    assert done["created"] is True
    assert done["tenant_id"] == str(tenants.id_of("fabrikam"))
    assert sorted(done["integrations"]) == ["chatwoot", "intercom", "n8n", "openai"]
    assert "MASSIVE_AI_AUDIT_SERVICE_KEY" in done["notes"][0]
    scope = Scope.system(UUID(done["tenant_id"]), "test")
    options = tenant_options(world.database, scope)
    assert options.timezone == "Asia/Tokyo"
    assert options.flags.AI_CUSTOMER_DRAFT_ENABLED is True
    n8n = integrations.connection(world.database, scope, "n8n")
    assert n8n is not None
    assert n8n.base_url == "http://127.0.0.1:9/functions/v1/massive-ai-audit-trigger"
    assert n8n.secret == "service-role"
    chatwoot = integrations.connection(world.database, scope, "chatwoot")
    assert chatwoot is not None
    assert chatwoot.config == {"account_id": 3}
    owners = world.sql("SELECT email, role, status FROM members WHERE tenant_id = %s", (done["tenant_id"],))
    assert owners == [("boss@fabrikam.example", "owner", "invited")]
    reply = client("platform/operations_api")("GET", "/metrics", token=done["service_key"])
    assert reply.json["code"] == "missing_scope"  # the key is known


def test_given_twice_it_changes_nothing_and_shows_no_key(world: World, cloud: Aws) -> None:
    provision(ORDER)
    again = provision(ORDER | {"name": "Another name"})
    assert again["created"] is False
    assert again["service_key"] is None
    assert again["integrations"] == []
    assert world.sql("SELECT name FROM tenants WHERE slug = 'fabrikam'") == [("Fabrikam",)]
    assert world.sql(
        "SELECT count(*) FROM audit_events WHERE event = 'tenant.provisioned' AND tenant_id = %s", (again["tenant_id"],)
    ) == [(1,)]


def test_a_key_of_ours_is_taken_over_and_an_operator_key_sees_all(world: World, cloud: Aws) -> None:
    key = new_service_key()[1]
    variables = {
        "MASSIVE_AI_AUDIT_SERVICE_KEY": key,
        "N8N_WEBHOOK_URL": "http://127.0.0.1:9/webhook/x",
        "N8N_WEBHOOK_TOKEN": "t",
    }
    done = provision(ORDER | {"variables": variables, "operator_key": True})
    assert done["service_key"] == key
    assert done["integrations"] == ["n8n"]
    text = client("platform/operations_api")("GET", "/metrics", token=done["operator_key"])
    assert text.status == 200


@pytest.mark.parametrize(
    "change",
    [
        {"slug": "Bad Slug"},
        {"timezone": "Nowhere"},
        {"owner": {"email": "x"}},
        {"extra": 1},
        {"variables": {"X": "secret-value"}},
    ],
)
def test_a_bad_order_is_refused_without_repeating_secrets(world: World, cloud: Aws, change: dict) -> None:
    with pytest.raises(ValueError, match="cannot be carried out") as caught:
        provision(ORDER | change)
    assert "secret-value" not in str(caught.value)


def test_a_taken_slug_is_said(world: World, cloud: Aws) -> None:
    with pytest.raises(Exception, match="Another tenant is called northwind"):
        provision(ORDER | {"slug": "northwind"})


def test_signing_in_on_a_laptop(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEV_SIGN_IN", "true")
    monkeypatch.setenv("DEV_TENANT_ID", str(world.northwind.id))
    call = client("platform/dev_sign_in")
    for account, role in (("owner", "owner"), ("viewer", "viewer"), ("audited", "viewer")):
        reply = call("POST", "/api/dev/sign-in", body={"account": account})
        assert reply.status == 200
        me = client("platform/account_api")("GET", "/api/me", token=reply.json["access_token"]).json
        assert me["role"] == role
    assert me["email"] == "ana.petrovic@northwind.example"
    assert jwt.decode(reply.json["access_token"], JWT_SECRET, ["HS256"], audience="authenticated")["exp"]
    assert call("POST", "/api/dev/sign-in", body={"account": "root"}).status == 400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEV_SIGN_IN", "false"),
        ("DEV_SIGN_IN", ""),
        ("STAGE", "prod"),
        ("STAGE", "dev"),
        ("JWKS_URL", "http://x/jwks"),
        ("DEV_TENANT_ID", ""),
    ],
)
def test_a_deployed_stack_has_no_such_door(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("DEV_SIGN_IN", "true")
    monkeypatch.setenv("DEV_TENANT_ID", str(world.northwind.id))
    monkeypatch.setenv(name, value)
    settings.cached.cache_clear()
    assert client("platform/dev_sign_in")("POST", "/api/dev/sign-in", body={"account": "owner"}).status == 404

"""A new tenant, ready to use: its people, its integrations from well-known variables, a key for n8n, each capability's start."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from uuid import UUID, uuid5

from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, field_validator

from sidedesk.platform import integrations, service_keys, tenants
from sidedesk.platform.db import Database
from sidedesk.platform.integration_kinds import Kind
from sidedesk.platform.integrations import NewIntegration
from sidedesk.platform.members import Email, PersonName
from sidedesk.platform.permissions import N8N_SCOPES
from sidedesk.platform.scope import Scope
from sidedesk.platform.tenants import FirstMember
from sidedesk.platform.zones import known_zone

if TYPE_CHECKING:
    from sidedesk.platform.capability import Capability

OUR_KEY = re.compile(r"^sd_[0-9a-f]{32}_[A-Za-z0-9_-]{32,128}$")
N8N_KEY_NAME: Final = "n8n"
OPERATOR_SCOPES: Final = ("metrics.read", "operator")

_KEY_OF_THIS_NAME: Final = "SELECT true FROM service_keys WHERE name = %(name)s AND revoked_at IS NULL LIMIT 1"
_INTEGRATIONS: Final = "SELECT kind FROM integrations"
# Only what nobody has decided yet: people's later choices win over what the tenant was started with.
_FLAG: Final = "UPDATE tenants SET flags = %(flags)s || flags, updated_at = now()"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Owner(Strict):
    email: Email
    name: PersonName = ""
    user_id: UUID | None = None


class Variables(Strict):
    """The variables under which teams know these values. All of them may be left out."""

    SUPABASE_URL: str = ""
    SUPABASE_SERVICE_ROLE_KEY: str = ""
    MASSIVE_AI_AUDIT_SERVICE_KEY: str = ""
    MASSIVE_AI_AUDIT_EDGE_FUNCTION_URL: str = ""
    N8N_WEBHOOK_URL: str = ""
    N8N_WEBHOOK_TOKEN: str = ""
    N8N_API_KEY: str = ""
    CHATWOOT_BASE_URL: str = ""
    CHATWOOT_API_KEY: str = ""
    CHATWOOT_ACCOUNT_ID: int | Literal[""] = ""
    CHATWOOT_WEBHOOK_SECRET: str = ""
    INTERCOM_ACCESS_TOKEN: str = ""
    INTERCOM_BASE_URL: str = ""
    OPENAI_API_KEY: str = ""
    OPENAI_BASE_URL: str = ""
    AI_CUSTOMER_DRAFT_ENABLED: bool | Literal[""] = ""


class Order(Strict):
    """What the operator sends."""

    slug: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$")]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    timezone: str = "UTC"
    owner: Owner
    tenant_id: Annotated[UUID | None, Field(description="else it follows from the slug")] = None
    variables: Variables = Variables()
    operator_key: Annotated[bool, Field(description="make a key that reads the figures of all tenants")] = False

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        return known_zone(value)


class Provisioned(BaseModel):
    tenant_id: UUID
    created: bool
    integrations: list[str]
    service_key: Annotated[str | None, Field(description="for n8n; shown this once")] = None
    operator_key: Annotated[str | None, Field(description="shown this once")] = None
    notes: list[str] = []


def provision(database: Database, order: Order, capabilities: Iterable[Capability]) -> Provisioned:
    """Every step finds what an earlier, interrupted run has done already."""
    tenant_id = order.tenant_id or tenants.id_of(order.slug)
    scope = Scope.system(tenant_id, "provision_tenant")
    user_id = str(order.owner.user_id) if order.owner.user_id else None
    owner = FirstMember(user_id, order.owner.email, order.owner.name, "owner")
    created = tenants.create(
        database, tenant_id, slug=order.slug, name=order.name, timezone=order.timezone, members=[owner]
    )
    done = Provisioned(tenant_id=tenant_id, created=created, integrations=[])
    done.integrations = _connect(database, scope, order.variables)
    if order.variables.AI_CUSTOMER_DRAFT_ENABLED != "":
        flags = {"AI_CUSTOMER_DRAFT_ENABLED": order.variables.AI_CUSTOMER_DRAFT_ENABLED}
        database.run(scope, _FLAG, {"flags": Jsonb(flags)})
    _keys(database, scope, order, done)
    for capability in capabilities:
        if capability.seed_tenant is not None:
            capability.seed_tenant(database, scope)
    return done


def _keys(database: Database, scope: Scope, order: Order, done: Provisioned) -> None:
    given = order.variables.MASSIVE_AI_AUDIT_SERVICE_KEY
    if given and not OUR_KEY.match(given):
        done.notes.append(
            "MASSIVE_AI_AUDIT_SERVICE_KEY is not a key of ours (sd_…), so it was not taken over. "
            "Put the service_key of this answer into n8n's credential instead."
        )
        given = ""
    if not database.value(scope, _KEY_OF_THIS_NAME, {"name": N8N_KEY_NAME}):
        scopes = list(N8N_SCOPES)
        done.service_key = service_keys.make(database, scope, name=N8N_KEY_NAME, scopes=scopes, key=given or None)
    if order.operator_key and not database.value(scope, _KEY_OF_THIS_NAME, {"name": "operator"}):
        done.operator_key = service_keys.make(database, scope, name="operator", scopes=list(OPERATOR_SCOPES))


def _connect(database: Database, scope: Scope, variables: Variables) -> list[str]:
    """The integrations that the variables describe, unless the tenant has one of that kind."""
    known = set(database.values(scope, _INTEGRATIONS))
    made: list[str] = []
    for new in _wanted(variables):
        if new.kind not in known:
            integrations.create(database, scope, uuid5(scope.tenant_id, f"integration:{new.kind}"), new)
            made.append(new.kind)
    return made


def _wanted(v: Variables) -> Iterable[NewIntegration]:
    if url := v.N8N_WEBHOOK_URL:
        yield _new("n8n", "n8n", url, secret=v.N8N_WEBHOOK_TOKEN, api_key=v.N8N_API_KEY)
    elif url := _edge_function(v):
        yield _new("n8n", "Edge function", url, secret=v.SUPABASE_SERVICE_ROLE_KEY)
    if v.CHATWOOT_BASE_URL and v.CHATWOOT_ACCOUNT_ID != "":
        config = {"account_id": v.CHATWOOT_ACCOUNT_ID}
        yield _new(
            "chatwoot", "Chatwoot", v.CHATWOOT_BASE_URL, config,
            secret=v.CHATWOOT_API_KEY, webhook_secret=v.CHATWOOT_WEBHOOK_SECRET,
        )  # fmt: skip
    if v.INTERCOM_ACCESS_TOKEN:
        yield _new(
            "intercom", "Intercom", v.INTERCOM_BASE_URL or "https://api.intercom.io", secret=v.INTERCOM_ACCESS_TOKEN
        )
    if v.OPENAI_API_KEY or v.OPENAI_BASE_URL:
        yield _new("openai", "OpenAI", v.OPENAI_BASE_URL or "https://api.openai.com/v1", secret=v.OPENAI_API_KEY)


def _edge_function(v: Variables) -> str:
    """The function that forwards to n8n: named outright, or at its usual place in the project."""
    if v.MASSIVE_AI_AUDIT_EDGE_FUNCTION_URL:
        return v.MASSIVE_AI_AUDIT_EDGE_FUNCTION_URL
    if v.SUPABASE_URL and v.SUPABASE_SERVICE_ROLE_KEY:
        return f"{v.SUPABASE_URL.rstrip('/')}/functions/v1/massive-ai-audit-trigger"
    return ""


def _new(kind: Kind, name: str, url: str, config: dict[str, Any] | None = None, **secrets: str) -> NewIntegration:
    given = {field: value for field, value in secrets.items() if value}
    return NewIntegration.model_validate({"kind": kind, "name": name, "base_url": url, "config": config or {}} | given)

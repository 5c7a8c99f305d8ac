"""Two tenants with people and machines in them, on a database of one test's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID, uuid4

import psycopg

from sidedesk.platform import tenants
from sidedesk.platform.db import Database
from sidedesk.platform.identity import mint_local_token, new_service_key
from sidedesk.platform.permissions import N8N_SCOPES
from sidedesk.platform.scope import Scope
from sidedesk.platform.tenants import FirstMember

JWT_SECRET = "a-secret-that-only-the-tests-know-and-no-stack-uses"
ISSUER = "http://127.0.0.1/auth/v1"
APP_SECRET = "sidedesk/test/app"


@dataclass
class Tenant:
    id: UUID
    slug: str
    users: dict[str, FirstMember]
    service_key: str = ""
    service_key_id: UUID | None = None
    tokens: dict[str, str] = field(default_factory=dict)

    def scope(self, role: str = "admin") -> Scope:
        user = self.users[role]
        return Scope(self.id, user.user_id, user.role, user.email)

    @property
    def system(self) -> Scope:
        return Scope.system(self.id, "test")


@dataclass
class World:
    owner_url: str
    app_url: str
    database: Database
    northwind: Tenant
    contoso: Tenant

    def sql(self, text: str, params: tuple | dict | None = None) -> list[tuple]:
        """Look at everything, past row-level security, as the superuser."""
        with psycopg.connect(self.owner_url, autocommit=True) as connection:
            cursor = connection.execute(text, params)
            return cursor.fetchall() if cursor.description else []


def token(tenant: Tenant, role: str, **changes: object) -> str:
    user = tenant.users[role]
    values = {
        "secret": JWT_SECRET, "issuer": ISSUER, "tenant_id": tenant.id, "user_id": UUID(user.user_id), "email": user.email,
        "name": user.name, "role": user.role, "seconds": 3600,
    }  # fmt: skip
    return mint_local_token(**(values | changes))  # type: ignore[arg-type]


def make_tenant(database: Database, slug: str) -> Tenant:
    people = {
        role: FirstMember(str(uuid4()), f"{role}@{slug}.example", role.title(), role)
        for role in ("owner", "admin", "member", "viewer")
    }
    people["audited"] = FirstMember(str(uuid4()), f"ana.petrovic@{slug}.example", "Ana Petrović", "viewer")
    tenant = Tenant(uuid4(), slug, people)
    tenants.create(
        database, tenant.id, slug=slug, name=slug.title(), timezone="Europe/Berlin", members=list(people.values())
    )
    tenant.tokens = {role: token(tenant, role) for role in people}
    tenant.service_key_id, tenant.service_key = add_service_key(database, tenant, list(N8N_SCOPES))
    return tenant


def add_service_key(database: Database, tenant: Tenant, scopes: list[str]) -> tuple[UUID, str]:
    key_id, key, digest = new_service_key()
    database.run(
        tenant.system,
        "INSERT INTO service_keys (id, tenant_id, name, digest, scopes, created_by) "
        "VALUES (%(id)s, current_tenant(), 'test', %(digest)s, %(scopes)s, 'test')",
        {"id": key_id, "digest": digest, "scopes": scopes},
    )
    return key_id, key


def make_world(owner_url: str, app_url: str) -> World:
    database = Database(lambda: app_url)
    return World(owner_url, app_url, database, make_tenant(database, "northwind"), make_tenant(database, "contoso"))

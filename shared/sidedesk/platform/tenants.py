"""Tenants: made by an operator, safe to make again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

import psycopg

from sidedesk.platform import audit_log
from sidedesk.platform.db import Database, constraint_of
from sidedesk.platform.errors import Conflict
from sidedesk.platform.scope import Scope

_CREATE: Final = """
INSERT INTO tenants (id, slug, name, timezone) VALUES (%(id)s, %(slug)s, %(name)s, %(timezone)s)
ON CONFLICT (id) DO NOTHING RETURNING true
"""
# Without an account yet, a person is invited; the first visit binds the account to the address.
_ADD_MEMBER: Final = """
INSERT INTO members (tenant_id, user_id, email, name, role, status)
VALUES (current_tenant(), %(user_id)s, lower(%(email)s), %(name)s, %(role)s, CASE WHEN %(user_id)s::text IS NULL THEN 'invited' ELSE 'active' END)
ON CONFLICT (tenant_id, lower(email)) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class FirstMember:
    user_id: str | None
    email: str
    name: str
    role: str


def id_of(slug: str) -> UUID:
    """The id that a tenant of this name gets, the same each time it is provisioned."""
    return uuid5(NAMESPACE_URL, f"sidedesk:tenant:{slug}")


def create(
    database: Database, tenant_id: UUID, *, slug: str, name: str, timezone: str, members: list[FirstMember]
) -> bool:
    """Create the tenant and its first people in one transaction. False when it was there already."""
    scope = Scope.system(tenant_id, "provision_tenant")
    try:
        with database.transaction(scope) as transaction:
            values = {"id": tenant_id, "slug": slug, "name": name, "timezone": timezone}
            created = transaction.value(_CREATE, values)
            for member in members:
                person = {"user_id": member.user_id, "email": member.email, "name": member.name, "role": member.role}
                transaction.run(_ADD_MEMBER, person)
            if created:
                transaction.run(*audit_log.record("tenant.provisioned", slug=slug))
    except psycopg.errors.UniqueViolation as error:
        if constraint_of(error) != "tenants_slug_unique":
            raise
        raise Conflict(f"Another tenant is called {slug} already. Choose another slug.", code="slug_taken") from error
    return bool(created)

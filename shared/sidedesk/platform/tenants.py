"""Tenants: made by an operator, safe to make again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sidedesk.platform import audit_log
from sidedesk.platform.db import Database
from sidedesk.platform.scope import Scope

_CREATE: Final = """
INSERT INTO tenants (id, slug, name, timezone) VALUES (%(id)s, %(slug)s, %(name)s, %(timezone)s)
ON CONFLICT (id) DO NOTHING RETURNING true
"""
_ADD_MEMBER: Final = """
INSERT INTO members (tenant_id, user_id, email, name, role) VALUES (current_tenant(), %(user_id)s, %(email)s, %(name)s, %(role)s)
ON CONFLICT (tenant_id, lower(email)) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class FirstMember:
    user_id: str
    email: str
    name: str
    role: str


def create(
    database: Database, tenant_id: UUID, *, slug: str, name: str, timezone: str, members: list[FirstMember]
) -> bool:
    """Create the tenant and its first people in one transaction. False when it was there already."""
    scope = Scope.system(tenant_id, "provision_tenant")
    with database.batch(scope) as batch:
        created = batch.values(_CREATE, {"id": tenant_id, "slug": slug, "name": name, "timezone": timezone})
        for member in members:
            batch.run(
                _ADD_MEMBER,
                {"user_id": member.user_id, "email": member.email, "name": member.name, "role": member.role},
            )
        batch.run(*audit_log.record("tenant.provisioned", slug=slug))
    return bool(created.first())

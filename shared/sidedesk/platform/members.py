"""Members: who may come in, and as what. A removed person's row stays, because it is what refuses their token."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from sidedesk.platform import audit_log
from sidedesk.platform.db import Database, Transaction
from sidedesk.platform.errors import Conflict, Forbidden, NotFound
from sidedesk.platform.models import Answer, Body, Page, decode_cursor, part_of
from sidedesk.platform.permissions import ROLES
from sidedesk.platform.scope import AnyScope

Role = Literal["viewer", "member", "admin", "owner"]
Email = Annotated[
    str, Field(max_length=320, pattern=r"^[^@\s<>\"',;:()\[\]\\]{1,64}@[A-Za-z0-9.-]+\.[A-Za-z0-9-]{2,}$")
]
PersonName = Annotated[str, Field(max_length=200)]


class Member(Answer):
    id: UUID
    user_id: str | None
    email: str
    name: str
    role: Role
    status: Literal["invited", "active", "removed"]
    created_at: datetime


class NewMember(Body):
    email: Email
    name: PersonName = ""
    role: Role


class MemberChange(Body):
    name: PersonName | None = None
    role: Role | None = None


_COLUMNS: Final = "id, user_id, email, name, role, status, created_at"
_LIST: Final = f"""
SELECT {_COLUMNS} FROM members
 WHERE (%(removed)s OR status <> 'removed')
   AND (%(after)s::text IS NULL OR (lower(email), id) > (%(after)s::text, %(id)s::uuid))
 ORDER BY lower(email), id LIMIT %(limit)s
"""  # noqa: S608
_LOCK: Final = f"SELECT {_COLUMNS} FROM members WHERE id = %(id)s FOR UPDATE"  # noqa: S608
# Owners are locked in one order, so that two who demote each other cannot both succeed.
_OWNERS: Final = "SELECT id FROM members WHERE role = 'owner' AND status = 'active' ORDER BY id FOR UPDATE"
_INSERT: Final = f"""
INSERT INTO members (id, tenant_id, email, name, role, status)
VALUES (%(id)s, current_tenant(), lower(%(email)s), %(name)s, %(role)s, 'invited')
ON CONFLICT DO NOTHING RETURNING {_COLUMNS}
"""  # noqa: S608
_BY_EMAIL: Final = f"SELECT {_COLUMNS} FROM members WHERE lower(email) = lower(%(email)s) FOR UPDATE"  # noqa: S608
_BACK: Final = f"""
UPDATE members SET name = coalesce(nullif(%(name)s, ''), name), role = %(role)s, updated_at = now(),
       status = CASE WHEN user_id IS NULL THEN 'invited' ELSE 'active' END
 WHERE id = %(id)s RETURNING {_COLUMNS}
"""  # noqa: S608
_UPDATE: Final = f"""
UPDATE members SET name = coalesce(%(name)s, name), role = coalesce(%(role)s, role), updated_at = now()
 WHERE id = %(id)s RETURNING {_COLUMNS}
"""  # noqa: S608
_REMOVE: Final = "UPDATE members SET status = 'removed', updated_at = now() WHERE id = %(id)s"


def list_page(
    database: Database, scope: AnyScope, *, limit: int, cursor: str | None, removed: bool = False
) -> Page[Member]:
    after, row_id = decode_cursor(cursor, str, UUID) or (None, None)
    values = {"after": after, "id": row_id, "limit": limit + 1, "removed": removed}
    rows = database.rows(scope, Member, _LIST, values)
    kept, following = part_of(rows, limit, lambda row: (row.email.lower(), row.id))
    return Page(data=kept, next_cursor=following)


def invite(database: Database, scope: AnyScope, member_id: UUID, new: NewMember) -> Member:
    """Somebody new, or somebody who was removed and comes back."""
    _at_most_own_role(scope, new.role)
    values = {"id": member_id, "email": new.email, "name": new.name, "role": new.role}
    with database.transaction(scope) as transaction:
        made = transaction.row(Member, _INSERT, values)
        if made is None:
            known = transaction.row(Member, _BY_EMAIL, values)
            if known is None:
                raise Conflict("This Idempotency-Key was used for another person.", code="idempotency_key_reused")
            if known.id == member_id and known.status != "removed":
                return known
            if known.status != "removed":
                raise Conflict(f"{known.email} is a member already.", code="already_member")
            made = transaction.row(Member, _BACK, values | {"id": known.id})
            assert made is not None
        transaction.run(*audit_log.record("member.invited", member_id=made.id, role=made.role))
    return made


def change(database: Database, scope: AnyScope, member_id: UUID, wanted: MemberChange) -> Member:
    with database.transaction(scope) as transaction:
        before = _changeable(transaction, scope, member_id)
        if wanted.role is not None and wanted.role != before.role:
            _at_most_own_role(scope, wanted.role)
            if before.role == "owner":
                _another_owner(transaction, member_id)
        after = transaction.row(Member, _UPDATE, {"id": member_id, "name": wanted.name, "role": wanted.role})
        assert after is not None
        transaction.run(
            *audit_log.record("member.changed", member_id=member_id, role=after.role, role_before=before.role)
        )
    return after


def remove(database: Database, scope: AnyScope, member_id: UUID) -> None:
    """Works at once: the next statement of whoever holds a live token is refused."""
    with database.transaction(scope) as transaction:
        before = _changeable(transaction, scope, member_id)
        if before.role == "owner":
            _another_owner(transaction, member_id)
        transaction.run(_REMOVE, {"id": member_id})
        transaction.run(*audit_log.record("member.removed", member_id=member_id, role=before.role))


def _changeable(transaction: Transaction, scope: AnyScope, member_id: UUID) -> Member:
    # Owners before the person: always in this order, so that two such changes cannot wait for each other.
    transaction.values(_OWNERS)
    found = transaction.row(Member, _LOCK, {"id": member_id})
    if found is None or found.status == "removed":
        raise NotFound("There is no such member.")
    if _rank(found.role) > _rank(scope.role):
        raise Forbidden(f"Only {found.role}s may change {found.role}s.", code="above_own_role")
    return found


def _another_owner(transaction: Transaction, member_id: UUID) -> None:
    if not [owner for owner in transaction.values(_OWNERS) if owner != member_id]:
        raise Conflict("This is the last owner. Make somebody else an owner first.", code="last_owner")


def _at_most_own_role(scope: AnyScope, role: str) -> None:
    if _rank(role) > _rank(scope.role):
        raise Forbidden(f"Nobody can give more than their own role; yours is {scope.role}.", code="above_own_role")


def _rank(role: str) -> int:
    return ROLES.index(role) if role in ROLES else -1

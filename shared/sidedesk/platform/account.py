"""A person's own corner: who they are, and their notifications."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sidedesk.platform.db import Database
from sidedesk.platform.errors import NotFound
from sidedesk.platform.identity import Person
from sidedesk.platform.models import Answer, Page, decode_cursor, part_of
from sidedesk.platform.permissions import permissions_of
from sidedesk.platform.scope import AnyScope

_ME: Final = """
SELECT t.id, t.name, t.timezone,
       (SELECT count(*) FROM notifications n WHERE n.recipient = %(email)s AND n.read_at IS NULL) AS unread
  FROM tenants t
"""
_LIST: Final = """
SELECT id, kind, title, body, link, created_at, read_at FROM notifications
 WHERE recipient = %(email)s AND (NOT %(unread)s OR read_at IS NULL)
   AND (%(at)s::timestamptz IS NULL OR (created_at, id) < (%(at)s::timestamptz, %(id)s::uuid))
 ORDER BY created_at DESC, id DESC LIMIT %(limit)s
"""
_READ: Final = """
UPDATE notifications SET read_at = coalesce(read_at, now()) WHERE id = %(id)s AND recipient = %(email)s RETURNING true
"""
_READ_ALL: Final = "UPDATE notifications SET read_at = now() WHERE recipient = %(email)s AND read_at IS NULL"


class Health(Answer):
    status: str
    release: str


class MyTenant(Answer):
    id: UUID
    name: str
    timezone: str


class Me(Answer):
    user_id: str
    email: str
    name: str
    role: str
    permissions: list[str]
    tenant: MyTenant
    unread_notifications: int


class Notification(Answer):
    id: UUID
    kind: str
    title: str
    body: str
    link: str
    created_at: datetime
    read_at: datetime | None


def health(database: Database, release: str) -> Health:
    """Raises when the database does not answer, so that a probe sees a 503."""
    database.value(None, "SELECT 1")
    return Health(status="ok", release=release)


def me(database: Database, scope: AnyScope, person: Person) -> Me:
    rows = database.dicts(scope, _ME, {"email": person.email})
    if not rows:
        raise NotFound("Your organisation does not exist here any more. Ask your administrator.")
    row = rows[0]
    return Me(
        user_id=person.user_id,
        email=person.email,
        name=person.name,
        role=person.role,
        permissions=permissions_of(person.role),
        tenant=MyTenant(id=row["id"], name=row["name"], timezone=row["timezone"]),
        unread_notifications=row["unread"],
    )


def notifications(
    database: Database, scope: AnyScope, *, limit: int, cursor: str | None, unread: bool
) -> Page[Notification]:
    at, row_id = decode_cursor(cursor, datetime, UUID) or (None, None)
    values = {"email": scope.email, "unread": unread, "at": at, "id": row_id, "limit": limit + 1}
    rows = database.rows(scope, Notification, _LIST, values)
    kept, following = part_of(rows, limit, lambda row: (row.created_at, row.id))
    return Page(data=kept, next_cursor=following)


def mark_read(database: Database, scope: AnyScope, notification_id: UUID) -> None:
    if not database.value(scope, _READ, {"id": notification_id, "email": scope.email}):
        raise NotFound("There is no such notification.")


def mark_all_read(database: Database, scope: AnyScope) -> None:
    database.run(scope, _READ_ALL, {"email": scope.email})

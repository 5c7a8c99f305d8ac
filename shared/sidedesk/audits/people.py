"""Employees: whose chats are audited."""

from __future__ import annotations

from uuid import UUID

from sidedesk.audits.models import Employee, PersonWrite, Synced
from sidedesk.audits.repository import SQL
from sidedesk.clients.intercom import Intercom
from sidedesk.platform import audit_log
from sidedesk.platform.db import Database
from sidedesk.platform.models import Page, decode_cursor, part_of
from sidedesk.platform.scope import AnyScope


def list_people(
    database: Database, scope: AnyScope, *, has_intercom: bool, limit: int, cursor: str | None
) -> Page[Employee]:
    name, after = decode_cursor(cursor, str, UUID) or (None, None)
    values = {"has_intercom": has_intercom, "after_name": name, "after": after, "limit": limit + 1}
    rows = database.rows(scope, Employee, SQL["list_people"], values)
    kept, following = part_of(rows, limit, lambda row: (row.name, row.id))
    return Page(data=kept, next_cursor=following)


def save(database: Database, scope: AnyScope, person_id: UUID, wish: PersonWrite) -> Employee:
    """Add a person; one with the same Intercom id is brought up to date instead."""
    values = {"id": person_id, **wish.model_dump()}
    with database.batch(scope) as batch:
        saved = batch.rows(Employee, SQL["save_person"], values)
        batch.run(*audit_log.record("person.saved", intercom_admin_id=wish.intercom_admin_id))
    return saved.all()[0]


def sync(database: Database, scope: AnyScope, client: Intercom) -> Synced:
    """Take over Intercom's teammates. Nobody is removed: their audits stay, and a seat may come back."""
    teammates = client.list_admins()
    values = {
        "ids": [teammate.id for teammate in teammates],
        "names": [(teammate.name or teammate.email or teammate.id)[:300] for teammate in teammates],
        "emails": [teammate.email for teammate in teammates],
    }
    with database.batch(scope) as batch:
        saved = batch.values(SQL["sync_people"], values)
        batch.run(*audit_log.record("people.synced", teammates=len(teammates)))
    fresh = saved.all()
    return Synced(found=len(teammates), added=sum(fresh), changed=len(fresh) - sum(fresh))

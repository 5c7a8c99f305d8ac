"""The platform's own part in erasing a person and handing out everything of a tenant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from sidedesk.platform import data_exports
from sidedesk.platform.capability import Capability
from sidedesk.platform.db import Database
from sidedesk.platform.errors import Conflict
from sidedesk.platform.scope import AnyScope, Scope
from sidedesk.platform.streams import rows_of

# Tables, their unique order, and the columns that stay here.
_TABLES: Final[tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]] = (
    ("tenants", ("id",), ()),
    ("members", ("id",), ()),
    ("service_keys", ("id",), ("digest",)),
    ("integrations", ("id",), ("secret_name",)),
    ("uploads", ("id",), ("storage_key",)),
    ("notifications", ("id",), ()),
    ("dead_letters", ("id",), ()),
    ("data_exports", ("id",), ("storage_key",)),
    ("metric_series", ("name", "labels", "shard"), ()),
    ("audit_events", ("timestamp", "id"), ()),
)

# The row stays without a name on it, because it is what refuses a token that is still alive.
_MEMBERS: Final = """
UPDATE members SET email = 'forgotten-' || id || '@invalid', name = '', status = 'removed', updated_at = now()
 WHERE lower(email) = %(subject)s OR user_id = %(subject)s RETURNING user_id
"""
_LAST_OWNER: Final = """
SELECT bool_and(lower(email) = %(subject)s OR user_id = %(subject)s)
  FROM (SELECT email, user_id FROM members WHERE role = 'owner' AND status = 'active' ORDER BY id FOR UPDATE) o
"""
_ADDRESS: Final = "SELECT lower(email) FROM members WHERE user_id = %(subject)s"
_ERASE: Final[dict[str, str]] = {
    "notifications": "DELETE FROM notifications WHERE recipient = ANY(%(addresses)s)",
    "outbox": "DELETE FROM outbox WHERE lower(payload->>'to') = ANY(%(addresses)s)",
    "dead_letters": "UPDATE dead_letters SET payload = '{}' WHERE lower(payload->>'to') = ANY(%(addresses)s)",
    # Kept answers may quote anybody; they live for two days anyway.
    "idempotency_keys": "DELETE FROM idempotency_keys WHERE actor = ANY(%(actors)s) OR EXISTS "
    "(SELECT FROM unnest(%(addresses)s::text[]) a WHERE position(a IN lower(response::text)) > 0)",
    "rate_limits": "DELETE FROM rate_limits WHERE EXISTS (SELECT FROM unnest(%(actors)s::text[]) a WHERE bucket LIKE '%%:' || a)",
}


def forget(database: Database, scope: AnyScope, subject: str) -> dict[str, int]:
    """Audit events know people by an opaque id only, so they stay as they are: without the member row nobody's."""
    with database.transaction(scope) as transaction:
        if transaction.value(_LAST_OWNER, {"subject": subject}):
            raise Conflict("This is the last owner. Make somebody else an owner first.", code="last_owner")
        addresses = {subject, *transaction.values(_ADDRESS, {"subject": subject})}
        users = transaction.values(_MEMBERS, {"subject": subject})
        values = {"addresses": sorted(addresses), "actors": [user for user in users if user] or [subject]}
        touched = {table: transaction.run(statement, values) for table, statement in _ERASE.items()}
    return {"members": len(users)} | touched


def export(database: Database, scope: AnyScope) -> Iterator[tuple[str, dict[str, Any]]]:
    for table, key, without in _TABLES:
        yield from rows_of(database, scope, table, key, without=without)


def _export_died(database: Database, scope: Scope, payload: dict[str, Any]) -> None:
    data_exports.fail(database, scope, UUID(payload["export_id"]), "It failed several times and was given up.")


CAPABILITY: Final = Capability(
    "platform", forget=forget, export=export, dead_letters={data_exports.QUEUE: _export_died}
)

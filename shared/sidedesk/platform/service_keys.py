"""Service keys: how machines call us. Kept as a digest; the key is shown when it is made, and never again."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AwareDatetime, Field

from sidedesk.platform import audit_log
from sidedesk.platform.db import Database
from sidedesk.platform.errors import Conflict, InvalidRequest, NotFound
from sidedesk.platform.identity import digest_of, new_service_key
from sidedesk.platform.models import Answer, Body, Page, decode_cursor, part_of
from sidedesk.platform.permissions import MACHINE_SCOPES
from sidedesk.platform.scope import AnyScope


class ServiceKey(Answer):
    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewServiceKey(Body):
    name: Annotated[str, Field(min_length=1, max_length=100, description="who will use it")]
    scopes: Annotated[list[str], Field(min_length=1, max_length=30, description="what it may do")]
    expires_at: AwareDatetime | None = None


class MadeServiceKey(ServiceKey):
    key: Annotated[str, Field(description="shown this once; store it now")]


class Scope(Answer):
    name: str
    description: str


class ServiceKeys(Page[ServiceKey]):
    available_scopes: list[Scope]


_COLUMNS: Final = "id, name, scopes, created_at, created_by, expires_at, revoked_at, last_used_at"
_LIST: Final = f"""
SELECT {_COLUMNS} FROM service_keys
 WHERE (%(at)s::timestamptz IS NULL OR (created_at, id) < (%(at)s::timestamptz, %(id)s::uuid))
 ORDER BY created_at DESC, id DESC LIMIT %(limit)s
"""  # noqa: S608
_INSERT: Final = f"""
INSERT INTO service_keys (id, tenant_id, name, digest, scopes, created_by, expires_at)
VALUES (%(id)s, current_tenant(), %(name)s, %(digest)s, %(scopes)s, current_setting('app.actor'), %(expires_at)s)
ON CONFLICT (id) DO NOTHING RETURNING {_COLUMNS}
"""  # noqa: S608
_SAME: Final = f"SELECT {_COLUMNS}, digest FROM service_keys WHERE id = %(id)s"  # noqa: S608
_REVOKE: Final = "UPDATE service_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = %(id)s RETURNING name"


def list_page(database: Database, scope: AnyScope, *, limit: int, cursor: str | None) -> ServiceKeys:
    at, row_id = decode_cursor(cursor, datetime, UUID) or (None, None)
    rows = database.rows(scope, ServiceKey, _LIST, {"at": at, "id": row_id, "limit": limit + 1})
    kept, following = part_of(rows, limit, lambda row: (row.created_at, row.id))
    offered = [Scope(name=name, description=text) for name, text in MACHINE_SCOPES.items()]
    return ServiceKeys(data=kept, next_cursor=following, available_scopes=offered)


def create(
    database: Database, scope: AnyScope, key_id: UUID, new: NewServiceKey, *, repeatable_with: str | None
) -> MadeServiceKey:
    """Make a key. `repeatable_with` (the application's secret) makes the same id yield the same key, so that a caller
    whose answer got lost can ask again without anybody having stored it."""
    for scope_name in new.scopes:
        if scope_name not in MACHINE_SCOPES:
            offered = ", ".join(MACHINE_SCOPES)
            raise InvalidRequest.of("scopes", f"{scope_name!r} is no scope for machines. Choose from: {offered}.")
    if new.expires_at is not None and new.expires_at <= datetime.now(UTC):
        raise InvalidRequest.of("expires_at", "This moment has passed already.")
    return _insert(database, scope, key_id, new, repeatable_with)


def _insert(
    database: Database, scope: AnyScope, key_id: UUID, new: NewServiceKey, repeatable_with: str | None
) -> MadeServiceKey:
    scopes = sorted(set(new.scopes))
    key = _derived(key_id, repeatable_with) if repeatable_with else new_service_key(key_id)[1]
    values = {
        "id": key_id, "name": new.name, "digest": digest_of(key), "scopes": scopes, "expires_at": new.expires_at,
    }  # fmt: skip
    with database.transaction(scope) as transaction:
        made = transaction.row(ServiceKey, _INSERT, values)
        if made is None:
            made = _same_wish(transaction.dicts(_SAME, values), values)
        else:
            transaction.run(*audit_log.record("service_key.created", key_id=key_id, scopes=scopes))
    return MadeServiceKey(**made.model_dump(), key=key)


def _same_wish(rows: list[dict[str, Any]], values: dict[str, Any]) -> ServiceKey:
    if rows and all(rows[0][name] == values[name] for name in ("name", "scopes", "expires_at")):
        if rows[0]["digest"] == values["digest"]:
            return ServiceKey.model_validate(rows[0])
        raise Conflict(
            "This key was made before and cannot be shown again. Revoke it and make another.", code="shown_once"
        )
    raise Conflict("This Idempotency-Key was used for another request. Use a new key.", code="idempotency_key_reused")


def make(database: Database, scope: AnyScope, *, name: str, scopes: list[str], key: str | None = None) -> str:
    """A key made by an operator, who may grant any scope; or one that exists already, registered as it is."""
    key_id, fresh, _ = new_service_key()
    if key is not None:
        key_id, fresh = UUID(key.split("_")[1]), key
    values = {"id": key_id, "name": name, "digest": digest_of(fresh), "scopes": sorted(scopes), "expires_at": None}
    with database.batch(scope) as batch:
        batch.run(_INSERT, values)
        batch.run(*audit_log.record("service_key.created", key_id=key_id, scopes=sorted(scopes)))
    return fresh


def revoke(database: Database, scope: AnyScope, key_id: UUID) -> None:
    """From the next call on it is refused. Again is fine."""
    with database.transaction(scope) as transaction:
        if transaction.value(_REVOKE, {"id": key_id}) is None:
            raise NotFound("There is no such key.")
        transaction.run(*audit_log.record("service_key.revoked", key_id=key_id))


def _derived(key_id: UUID, secret: str) -> str:
    digest = hmac.new(secret.encode(), b"service key " + key_id.bytes, hashlib.sha256).digest()
    return f"sd_{key_id.hex}_{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"

"""Integrations: the tools beside us. Rows know addresses; secrets live in Secrets Manager, under the row's id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from pydantic import Field

from sidedesk.platform import audit_log, secrets
from sidedesk.platform.db import Database, constraint_of
from sidedesk.platform.errors import Conflict, InvalidRequest, NotFound
from sidedesk.platform.integration_kinds import Kind, TestResult, checked, probe
from sidedesk.platform.models import Answer, Body
from sidedesk.platform.scope import AnyScope
from sidedesk.platform.settings import StageSettings, cached

Secret = Annotated[str, Field(min_length=1, max_length=4_096)]
Label = Annotated[str, Field(min_length=1, max_length=100)]
Address = Annotated[str, Field(min_length=1, max_length=500)]


class Integration(Answer):
    id: UUID
    kind: Kind
    name: str
    base_url: str
    config: dict[str, Any]
    has_secret: bool
    last_test: TestResult | None
    created_at: datetime
    updated_at: datetime


class IntegrationChange(Body):
    """What is absent stays as it is; secrets that are sent replace those stored and are never answered."""

    name: Label | None = None
    base_url: Address | None = None
    config: dict[str, Any] | None = None
    secret: Annotated[Secret | None, Field(description="token, key or header value")] = None
    webhook_secret: Annotated[Secret | None, Field(description="signs what the tool sends to us")] = None
    api_key: Annotated[Secret | None, Field(description="for the tool's own management API")] = None

    def secrets(self) -> dict[str, str]:
        return self.model_dump(include={"secret", "webhook_secret", "api_key"}, exclude_none=True)


class NewIntegration(IntegrationChange):
    kind: Kind
    name: Label
    base_url: Address
    config: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Connection:
    """What a client needs: where to, how, and with which secret."""

    id: UUID
    kind: str
    base_url: str
    config: dict[str, Any]
    secret: str
    secrets: dict[str, str]


_COLUMNS: Final = (
    "id, kind, name, base_url, config, secret_name IS NOT NULL AS has_secret, last_test, created_at, updated_at"
)
_LIST: Final = f"SELECT {_COLUMNS} FROM integrations ORDER BY kind, name, id"  # noqa: S608
_ONE: Final = f"SELECT {_COLUMNS} FROM integrations WHERE id = %(id)s"  # noqa: S608
# The same wish again finds its own row.
_INSERT: Final = """
INSERT INTO integrations (id, tenant_id, kind, name, base_url, config)
VALUES (%(id)s, current_tenant(), %(kind)s, %(name)s, %(base_url)s, %(config)s)
ON CONFLICT (id) DO NOTHING RETURNING id
"""
_UPDATE: Final = f"""
UPDATE integrations SET name = %(name)s, base_url = %(base_url)s, config = %(config)s, updated_at = now(),
  -- An old verdict says nothing about a new address.
  last_test = CASE WHEN (base_url, config) IS DISTINCT FROM (%(base_url)s, %(config)s::jsonb) OR %(new_secret)s THEN NULL ELSE last_test END
 WHERE id = %(id)s RETURNING {_COLUMNS}
"""  # noqa: S608
_STORED_UNDER: Final = "UPDATE integrations SET secret_name = %(name)s, updated_at = now() WHERE id = %(id)s"
_TESTED: Final = "UPDATE integrations SET last_test = %(result)s WHERE id = %(id)s"
_DELETE: Final = "DELETE FROM integrations WHERE id = %(id)s RETURNING kind"
_STORED: Final = "SELECT id, kind, base_url, config, secret_name FROM integrations WHERE id = %(id)s"
_ALL_OF_KIND: Final = """
SELECT id, kind, base_url, config, secret_name FROM integrations WHERE kind = %(kind)s ORDER BY created_at, id
"""
_FIRST_OF_KIND: Final = f"{_ALL_OF_KIND} LIMIT 1"


def connection(database: Database, scope: AnyScope, kind: str) -> Connection | None:
    """The tenant's integration of this kind (its first, when there are several), with its secret. For clients."""
    return _connected(database.dicts(scope, _FIRST_OF_KIND, {"kind": kind}))


def connection_of(
    database: Database, scope: AnyScope, integration_id: UUID, *, fresh: bool = False
) -> Connection | None:
    """One integration, with its secret; `fresh` asks the store again, after a refused one."""
    return _connected(database.dicts(scope, _STORED, {"id": integration_id}), fresh=fresh)


def connections(database: Database, scope: AnyScope, kind: str) -> list[Connection]:
    """All of the tenant's integrations of this kind."""
    rows = database.dicts(scope, _ALL_OF_KIND, {"kind": kind})
    return [found for row in rows if (found := _connected([row])) is not None]


def _connected(rows: list[dict[str, Any]], *, fresh: bool = False) -> Connection | None:
    if not rows:
        return None
    row = rows[0]
    stored = secrets.read(row["secret_name"], fresh=fresh) if row["secret_name"] else {}
    return Connection(row["id"], row["kind"], row["base_url"], row["config"], stored.get("secret", ""), stored)


def list_all(database: Database, scope: AnyScope) -> list[Integration]:
    return database.rows(scope, Integration, _LIST)


def get(database: Database, scope: AnyScope, integration_id: UUID) -> Integration:
    found = database.row(scope, Integration, _ONE, {"id": integration_id})
    if found is None:
        raise NotFound("There is no such integration.")
    return found


def create(database: Database, scope: AnyScope, integration_id: UUID, new: NewIntegration) -> Integration:
    """The row first, then its secret: a crash between them leaves something a person sees and can complete."""
    base_url, config = checked(new.kind, new.base_url, new.config)
    values = {"id": integration_id, "kind": new.kind, "name": new.name, "base_url": base_url, "config": Jsonb(config)}
    try:
        with database.transaction(scope) as transaction:
            if transaction.value(_INSERT, values):
                transaction.run(*audit_log.record("integration.created", integration_id=integration_id, kind=new.kind))
    except psycopg.errors.UniqueViolation as error:
        raise _name_taken(error, new.kind) from error
    _store(database, scope, integration_id, new.kind, new.secrets())
    return get(database, scope, integration_id)


def change(database: Database, scope: AnyScope, integration_id: UUID, wanted: IntegrationChange) -> Integration:
    before = get(database, scope, integration_id)
    address = wanted.base_url if wanted.base_url is not None else before.base_url
    base_url, config = checked(before.kind, address, before.config if wanted.config is None else wanted.config)
    new_secrets = wanted.secrets()
    values = {
        "id": integration_id,
        "name": wanted.name or before.name,
        "base_url": base_url,
        "config": Jsonb(config),
        "new_secret": bool(new_secrets),
    }
    # A stored secret never travels to a server that it was not entered for: that would be a way to read it.
    moved = _origin(base_url) != _origin(before.base_url)
    if moved and before.has_secret and "secret" not in new_secrets:
        raise InvalidRequest.of("secret", "Enter the secret again: it is not sent to a new server without.")
    _store(database, scope, integration_id, before.kind, new_secrets, keep=not moved)
    try:
        with database.batch(scope) as batch:
            changed = batch.rows(Integration, _UPDATE, values)
            batch.run(
                *audit_log.record(
                    "integration.changed", integration_id=integration_id, moved=moved, new_secrets=sorted(new_secrets)
                )
            )
    except psycopg.errors.UniqueViolation as error:
        raise _name_taken(error, before.kind) from error
    after = changed.first()
    if after is None:
        raise NotFound("There is no such integration.")
    return after


def remove(database: Database, scope: AnyScope, integration_id: UUID) -> None:
    """The secret first: what remains after a crash is a row that can be removed again, not a forgotten credential."""
    rows = database.dicts(scope, _STORED, {"id": integration_id})
    if not rows:
        raise NotFound("There is no such integration.")
    if rows[0]["secret_name"]:
        secrets.delete(rows[0]["secret_name"])
    with database.batch(scope) as batch:
        batch.run(_DELETE, {"id": integration_id})
        batch.run(*audit_log.record("integration.removed", integration_id=integration_id, kind=rows[0]["kind"]))


def test(database: Database, scope: AnyScope, integration_id: UUID) -> TestResult:
    """Ask the service now, with no connection to the database held meanwhile, and keep its answer."""
    rows = database.dicts(scope, _STORED, {"id": integration_id})
    if not rows:
        raise NotFound("There is no such integration.")
    row = rows[0]
    stored = secrets.read(row["secret_name"], fresh=True) if row["secret_name"] else {}
    result = probe(row["kind"], row["base_url"], row["config"], stored)
    with database.batch(scope) as batch:
        batch.run(_TESTED, {"id": integration_id, "result": Jsonb(result.model_dump(mode="json"))})
        batch.run(*audit_log.record("integration.tested", integration_id=integration_id, ok=result.ok))
    return result


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _store(
    database: Database, scope: AnyScope, integration_id: UUID, kind: str, new: dict[str, str], *, keep: bool = True
) -> None:
    if not new:
        return
    if kind == "openai" and "secret" in new:
        new = new | {"api_key": new["secret"]}
    name = f"sidedesk/{cached(StageSettings).stage}/{scope.tenant_id}/{kind}/{integration_id}"
    known = database.dicts(scope, _STORED, {"id": integration_id})
    before = secrets.read(name, fresh=True) if keep and known and known[0]["secret_name"] else {}
    secrets.write(name, before | new)
    database.run(scope, _STORED_UNDER, {"id": integration_id, "name": name})


def _name_taken(error: psycopg.errors.UniqueViolation, kind: str) -> Exception:
    if constraint_of(error) == "integrations_name_unique":
        return Conflict(f"There is a {kind} integration of this name already. Choose another name.", code="name_taken")
    return error

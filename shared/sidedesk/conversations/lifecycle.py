"""What conversations tell the workers that visit every capability: erasure, export, dead messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from sidedesk.conversations import documents, exports, importing, imports
from sidedesk.conversations.repository import SQL
from sidedesk.platform.capability import Capability
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope, Scope
from sidedesk.platform.streams import rows_of

_TABLES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("conversations", ("id",)),
    ("imports", ("id",)),
    ("import_items", ("import_id", "external_id")),
    ("conversation_exports", ("id",)),
)


def forget(database: Database, scope: AnyScope, subject: str) -> dict[str, int]:
    """Everything a customer wrote goes. Documents first: what a crash leaves behind is a row that leads here again."""
    ids: list[UUID] = database.values(scope, SQL["of_customer"], {"subject": subject})
    for conversation_id in ids:
        documents.erase(scope.tenant_id, conversation_id)
    if ids:
        database.run(scope, SQL["remove"], {"ids": ids})
    for conversation_id in ids:  # what a run wrote meanwhile
        documents.erase(scope.tenant_id, conversation_id)
    return {"conversations": len(ids)}


def export(database: Database, scope: AnyScope) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows, and the documents they point to."""
    for table, key in _TABLES:
        yield from rows_of(database, scope, table, key)
    paths = (
        (row["id"], kind, row[f"{kind}_storage_path"])
        for _, row in rows_of(database, scope, "conversations", ("id",))
        for kind in ("raw", "enriched")
        if row[f"{kind}_storage_path"]
    )
    for conversation_id, kind, content in documents.side_by_side(
        lambda one: (one[0], one[1], documents.read(one[2])), paths
    ):
        document = {"conversation_id": conversation_id, "kind": kind, "document": json.loads(content)}
        yield "conversation_documents", document


def import_died(database: Database, scope: Scope, payload: dict[str, Any]) -> None:
    importing.fail(
        database,
        scope,
        UUID(payload["import_id"]),
        "It failed several times and was given up. What was stored stays; import again to go on.",
    )


def export_died(database: Database, scope: Scope, payload: dict[str, Any]) -> None:
    exports.fail(
        database, scope, UUID(payload["export_id"]), "It failed several times and was given up. Ask for it again."
    )


CAPABILITY: Final = Capability(
    "conversations",
    forget=forget,
    export=export,
    dead_letters={imports.QUEUE: import_died, exports.QUEUE: export_died},
)

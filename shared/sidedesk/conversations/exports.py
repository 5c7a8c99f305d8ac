"""Exports of the enriched corpus: asked for in a request, written by a worker in flat memory, fetched by a link that expires."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from sidedesk.conversations import documents
from sidedesk.conversations.errors import NoDocument
from sidedesk.conversations.export_formats import FORMATS
from sidedesk.conversations.listing import Filters
from sidedesk.conversations.models import Export, ExportFormat
from sidedesk.conversations.repository import SQL
from sidedesk.platform import audit_log, outbox
from sidedesk.platform.db import Database
from sidedesk.platform.errors import NotFound
from sidedesk.platform.files import Writer
from sidedesk.platform.models import Page, decode_cursor, part_of
from sidedesk.platform.observability import logger
from sidedesk.platform.outbox import Message
from sidedesk.platform.scope import AnyScope, Scope
from sidedesk.platform.uploads import download_link

QUEUE: Final = "export_conversations"
PAGE = 500
LINK_SECONDS = 3_600


def request(database: Database, scope: AnyScope, wanted: ExportFormat, filters: Filters) -> Export:
    """Have it written. Asked again while the same one is under way, the answer is that one."""
    export_id = uuid4()
    wish = filters.model_dump(mode="json", exclude_none=True)
    key = f"exports/{scope.tenant_id}/conversations-{export_id}.{FORMATS[wanted].suffix}"
    message = Message.to_queue(QUEUE, {"export_id": str(export_id)})
    values = {"id": export_id, "format": wanted, "wish": Jsonb(wish), "storage_key": key}
    with database.transaction(scope) as transaction:
        under_way = transaction.value(SQL["export_under_way"], values)
        if under_way is None:
            transaction.run(SQL["request_export"], values)
            transaction.run(*outbox.add(scope, [message]))
            transaction.run(
                *audit_log.record("conversations.export_requested", export_id=export_id, format=wanted, **wish)
            )
    if under_way is None:
        outbox.send_now(database, scope, [message])
    return get(database, scope, under_way or export_id)


def get(database: Database, scope: AnyScope, export_id: UUID) -> Export:
    rows = database.dicts(scope, SQL["find_export"], {"id": export_id})
    if not rows:
        raise NotFound("There is no such export.")
    shown = _shown(rows[0])
    if shown.status == "completed":
        key = rows[0]["storage_key"]
        shown.url = download_link(key, key.rpartition("/")[2], seconds=LINK_SECONDS)
        shown.expires_in = LINK_SECONDS
    return shown


def list_page(database: Database, scope: AnyScope, *, limit: int, cursor: str | None) -> Page[Export]:
    at, after = decode_cursor(cursor, datetime, UUID) or (None, None)
    rows = database.dicts(scope, SQL["list_exports"], {"at": at, "after": after, "limit": limit + 1})
    kept, following = part_of(rows, limit, lambda row: (row["created_at"], row["id"]))
    return Page(data=[_shown(row) for row in kept], next_cursor=following)


def _shown(row: dict[str, Any]) -> Export:
    return Export.model_validate(row | {"status_url": f"/api/conversations/exports/{row['id']}"})


# The worker -----------------------------------------------------------------------------------------------------------


def write(database: Database, scope: Scope, export_id: UUID) -> None:
    """Write the file and say so. Safe to run twice."""
    started = database.dicts(scope, SQL["start_export"], {"id": export_id})
    if not started:
        return
    wanted = FORMATS[started[0]["format"]]
    filters = Filters.model_validate(started[0]["wish"])
    written = skipped = 0
    with Writer(started[0]["storage_key"], wanted.content_type) as file:
        file.write(wanted.head.encode())
        for document in _documents(database, scope, filters):
            line = wanted.line(document) if document is not None else None
            if line is None:
                skipped += 1
                continue
            file.write(line.encode("utf-8", "replace"))
            written += 1
    values = {"id": export_id, "written": written, "skipped": skipped, "size": file.size}
    with database.transaction(scope) as transaction:
        if transaction.value(SQL["finish_export"], values):
            transaction.run(*audit_log.record("conversations.exported", export_id=export_id, written=written))


def fail(database: Database, scope: Scope, export_id: UUID, why: str) -> None:
    database.run(scope, SQL["fail_export"], {"id": export_id, "error": why})


def _documents(database: Database, scope: Scope, filters: Filters) -> Iterator[dict[str, Any] | None]:
    return documents.side_by_side(_loaded, _rows(database, scope, filters))


def _loaded(row: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return documents.load(row["enriched_storage_path"])
    except NoDocument:  # removed since its page was read
        logger.warning("a document of an export is gone", extra={"conversation": str(row["id"])})
        return None


def _rows(database: Database, scope: Scope, filters: Filters) -> Iterator[dict[str, Any]]:
    values: dict[str, Any] = filters.values() | {"after": None, "limit": PAGE}
    while rows := database.dicts(scope, SQL["exportable"], values):
        yield from rows
        values["after"] = rows[-1]["id"]

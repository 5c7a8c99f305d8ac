"""Imports, as people ask for them: noted here, done by a worker, looked at here again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb

from sidedesk.conversations.models import Import, ImportDetail, ImportKind, ImportRequest
from sidedesk.conversations.repository import SQL
from sidedesk.platform import audit_log, files, outbox, uploads
from sidedesk.platform.db import Database
from sidedesk.platform.errors import Conflict, InvalidRequest, NotFound
from sidedesk.platform.models import Page, decode_cursor, part_of
from sidedesk.platform.outbox import Message
from sidedesk.platform.scope import AnyScope

QUEUE: Final = "import_conversations"
MOST_DAYS = 366
_OF_TYPE: Final[dict[str, ImportKind]] = {
    "application/json": "json",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "text/csv": "csv",
}


def request(database: Database, scope: AnyScope, import_id: UUID, ask: ImportRequest) -> ImportDetail:
    """Note what is wanted and wake the worker. The same wish again is the same import."""
    kind, wish, key = _wanted(database, scope, import_id, ask)
    message = Message.to_queue(QUEUE, {"import_id": str(import_id)})
    values = {"id": import_id, "kind": kind, "wish": Jsonb(wish), "storage_key": key}
    with database.transaction(scope) as transaction:
        if transaction.value(SQL["request_import"], values):
            transaction.run(*outbox.add(scope, [message]))
            transaction.run(*audit_log.record("conversations.import_requested", import_id=import_id, kind=kind))
    outbox.send_now(database, scope, [message])
    return get(database, scope, import_id)


def get(database: Database, scope: AnyScope, import_id: UUID) -> ImportDetail:
    rows = database.dicts(scope, SQL["find_import"], {"id": import_id})
    if not rows:
        raise NotFound("There is no such import.")
    return ImportDetail.model_validate(_shown(rows[0]))


def list_page(database: Database, scope: AnyScope, *, limit: int, cursor: str | None) -> Page[Import]:
    at, after = decode_cursor(cursor, datetime, UUID) or (None, None)
    rows = database.dicts(scope, SQL["list_imports"], {"at": at, "after": after, "limit": limit + 1})
    kept, following = part_of(rows, limit, lambda row: (row["created_at"], row["id"]))
    return Page(data=[Import.model_validate(_shown(row)) for row in kept], next_cursor=following)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    done = row["created"] + row["changed"] + row["unchanged"] + row["refused"]
    progress: float | None = None
    if row["status"] == "completed":
        progress = 1.0
    elif row["size"]:
        progress = min(1.0, row["offset"] / row["size"])
    elif row["total"] is not None:
        progress = min(1.0, done / row["total"]) if row["total"] else 1.0
    return row | {"progress": progress, "status_url": f"/api/conversations/imports/{row['id']}"}


# What is wanted -------------------------------------------------------------------------------------------------------


def _wanted(
    database: Database, scope: AnyScope, import_id: UUID, ask: ImportRequest
) -> tuple[ImportKind, dict[str, Any], str | None]:
    """(kind, wish, where the file lies)."""
    if ask.content is not None:
        assert ask.format is not None
        key = f"imports/{scope.tenant_id}/{import_id}"
        content = ask.content.encode("utf-8", "replace")
        files.put(key, content, "application/octet-stream")
        return ask.format, {"bytes": len(content)}, key
    if ask.upload_id is not None:
        upload = uploads.usable(database, scope, ask.upload_id, "import")
        wish = {"upload_id": str(upload.id), "filename": upload.filename, "bytes": upload.size}
        return ask.format or _OF_TYPE[upload.content_type], wish, upload.storage_key
    if ask.source == "audit":
        from sidedesk.audits import service as audits

        audits.audited_ids(database, scope, _given(ask.job_id), limit=1)  # there is such a run
        return "audit", _without_none({"job_id": str(ask.job_id), "limit": ask.limit}), None
    source = _given(ask.source)
    _check_connected(database, scope, source)
    days = _range(database, scope, _given(ask.start), _given(ask.end))
    return source, _without_none({**days, "limit": ask.limit}), None


def _range(database: Database, scope: AnyScope, start: date, end: date) -> dict[str, str]:
    """These days of the organisation, as two moments: the first belongs to them, the second no more."""
    from sidedesk.platform.tenant_options import tenant_options  # all settings of a tenant, for its zone alone

    if end < start:
        raise InvalidRequest.of("to", "Choose a day on or after the first one.")
    if (end - start).days + 1 > MOST_DAYS:
        raise InvalidRequest.of("to", f"An import covers at most {MOST_DAYS} days. Import the rest in a second one.")
    if start < date(2000, 1, 1) or end > datetime.now(UTC).date() + timedelta(days=1):
        raise InvalidRequest.of("from", "Choose days between the year 2000 and today.")
    zone = ZoneInfo(tenant_options(database, scope).timezone)
    first = datetime(start.year, start.month, start.day, tzinfo=zone)
    behind = end + timedelta(days=1)
    last = datetime(behind.year, behind.month, behind.day, tzinfo=zone)
    moments = {"start": first.astimezone(UTC).isoformat(), "end": last.astimezone(UTC).isoformat()}
    return {"from": str(start), "to": str(end), "timezone": zone.key, **moments}


def _check_connected(database: Database, scope: AnyScope, kind: str) -> None:
    from sidedesk.platform import integrations

    if not any(one.kind == kind for one in integrations.list_all(database, scope)):
        name = kind.title()
        raise Conflict(f"No {name} is connected. Add it under Settings → Integrations first.", code="not_connected")


def _given(value: Any) -> Any:
    assert value is not None, "the request's own check has seen to it"
    return value


def _without_none(wish: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wish.items() if value is not None}

"""Everything of a tenant in one file: asked for here, written by a worker, fetched by a link that expires."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

from sidedesk.platform import audit_log, outbox
from sidedesk.platform.aws import client
from sidedesk.platform.db import Database
from sidedesk.platform.errors import NotFound
from sidedesk.platform.models import Answer
from sidedesk.platform.outbox import Message
from sidedesk.platform.scope import AnyScope, Scope
from sidedesk.platform.settings import StorageSettings, cached
from sidedesk.platform.uploads import download_link

if TYPE_CHECKING:
    from sidedesk.platform.capability import Capability

QUEUE: Final = "export_data"
LINK_SECONDS = 3_600

_INSERT: Final = """
INSERT INTO data_exports (id, tenant_id, storage_key, requested_by)
VALUES (%(id)s, current_tenant(), %(key)s, current_setting('app.actor')) ON CONFLICT (id) DO NOTHING RETURNING true
"""
_ONE: Final = """
SELECT id, status, row_count, size, error, created_at, completed_at, storage_key FROM data_exports WHERE id = %(id)s
"""
# A second delivery of the same request starts it again unless it is done: the file is written anew, under the same name.
_START: Final = """
UPDATE data_exports SET status = 'running' WHERE id = %(id)s AND status IN ('queued', 'running') RETURNING storage_key
"""
_FINISH: Final = """
UPDATE data_exports SET status = 'completed', row_count = %(rows)s, size = %(size)s, completed_at = now()
 WHERE id = %(id)s AND status = 'running' RETURNING true
"""
_FAIL: Final = """
UPDATE data_exports SET status = 'failed', error = %(error)s, completed_at = now() WHERE id = %(id)s AND status IN ('queued', 'running')
"""


class DataExport(Answer):
    id: UUID
    status: Literal["queued", "running", "completed", "failed"]
    row_count: int | None
    size: int | None
    error: str | None
    created_at: datetime
    completed_at: datetime | None
    url: str | None = None
    expires_in: int | None = None


class _Kept(DataExport):
    storage_key: str


def request(database: Database, scope: AnyScope, export_id: UUID) -> DataExport:
    message = Message.to_queue(QUEUE, {"export_id": str(export_id)})
    with database.transaction(scope) as transaction:
        key = f"exports/{scope.tenant_id}/{export_id}.jsonl.gz"
        if transaction.value(_INSERT, {"id": export_id, "key": key}):
            transaction.run(*outbox.add(scope, [message]))
            transaction.run(*audit_log.record("data.export_requested", export_id=export_id))
    outbox.send_now(database, scope, [message])
    return get(database, scope, export_id)


def get(database: Database, scope: AnyScope, export_id: UUID) -> DataExport:
    found = database.row(scope, _Kept, _ONE, {"id": export_id})
    if found is None:
        raise NotFound("There is no such export.")
    shown = DataExport.model_validate(found.model_dump())
    if found.status == "completed":
        shown.url = download_link(found.storage_key, f"sidedesk-{export_id}.jsonl.gz", seconds=LINK_SECONDS)
        shown.expires_in = LINK_SECONDS
    return shown


def write(database: Database, scope: Scope, export_id: UUID, capabilities: Iterable[Capability]) -> None:
    """Write the file, one JSON line per row, and say so. Safe to run twice."""
    key = database.value(scope, _START, {"id": export_id})
    if key is None:
        return
    rows = 0
    with tempfile.NamedTemporaryFile(suffix=".jsonl.gz") as file:
        with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
            for capability in capabilities:
                if capability.export is None:
                    continue
                for table, row in capability.export(database, scope):
                    packed.write(_line(capability.name, table, row))
                    rows += 1
        file.flush()
        size = file.tell()
        bucket = cached(StorageSettings).uploads_bucket
        client("s3").upload_file(file.name, bucket, key, ExtraArgs={"ContentType": "application/gzip"})
    with database.transaction(scope) as transaction:
        if transaction.value(_FINISH, {"id": export_id, "rows": rows, "size": size}):
            transaction.run(*audit_log.record("data.exported", export_id=export_id, rows=rows))


def fail(database: Database, scope: Scope, export_id: UUID, why: str) -> None:
    database.run(scope, _FAIL, {"id": export_id, "error": why})


def _line(capability: str, table: str, row: dict[str, Any]) -> bytes:
    document = {"capability": capability, "table": table, "row": row}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str).encode() + b"\n"

"""Uploads: a signed address to put a file at, and a check of what was put there before anybody uses it.

What arrives lies under `incoming/`, where its sender may write for a quarter of an hour. Completing copies it to
`uploads/` and checks the copy, so that nothing can be exchanged after the check.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote
from uuid import UUID

from pydantic import Field

from sidedesk.platform import audit_log
from sidedesk.platform.aws import client
from sidedesk.platform.db import Database
from sidedesk.platform.errors import Conflict, InvalidRequest, NotFound, TooLarge, Unavailable, UnsupportedType
from sidedesk.platform.models import Answer, Body
from sidedesk.platform.scope import AnyScope
from sidedesk.platform.settings import StorageSettings, cached
from sidedesk.platform.upload_types import FIRST_BYTES, MEGABYTE, PURPOSES, Purpose, looks_like

PUT_SECONDS = 900
GET_SECONDS = 300


class NewUpload(Body):
    purpose: Purpose
    filename: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f/\\]+$")]
    content_type: Annotated[str, Field(min_length=3, max_length=150)]
    size: Annotated[int, Field(ge=1, le=5_000_000_000, description="bytes, exactly")]


class UploadSlot(Answer):
    upload_id: UUID
    url: str
    method: Literal["PUT"] = "PUT"
    headers: dict[str, str]
    expires_in: int = PUT_SECONDS


class Upload(Answer):
    id: UUID
    purpose: str
    filename: str
    content_type: str
    size: int
    status: Literal["waiting", "complete", "refused", "used"]
    refusal: str | None
    created_at: datetime
    completed_at: datetime | None


class UploadWithLink(Upload):
    url: str | None = None
    expires_in: int | None = None


class Stored(Upload):
    """For services: where the file lies."""

    storage_key: str


_COLUMNS: Final = "id, purpose, filename, content_type, size, status, refusal, created_at, completed_at, storage_key"
_INSERT: Final = """
INSERT INTO uploads (id, tenant_id, purpose, filename, content_type, size, storage_key, created_by)
VALUES (%(id)s, current_tenant(), %(purpose)s, %(filename)s, %(content_type)s, %(size)s, %(key)s, current_setting('app.actor'))
ON CONFLICT (id) DO NOTHING
"""
# Their own files for everybody, all files for admins.
_MINE: Final = f"""
SELECT {_COLUMNS} FROM uploads
 WHERE id = %(id)s AND (created_by = current_setting('app.actor') OR current_setting('app.role') IN ('admin', 'owner', 'system'))
"""  # noqa: S608
_COMPLETE: Final = f"""
UPDATE uploads SET status = 'complete', completed_at = now(), storage_key = %(key)s
 WHERE id = %(id)s AND status = 'waiting' RETURNING {_COLUMNS}
"""  # noqa: S608
_REFUSE: Final = "UPDATE uploads SET status = 'refused', refusal = %(why)s WHERE id = %(id)s AND status = 'waiting'"
_USE_UP: Final = "UPDATE uploads SET status = 'used' WHERE id = %(id)s AND status = 'complete' RETURNING storage_key"
_DROP_STALE: Final = (
    "DELETE FROM uploads WHERE status IN ('waiting', 'refused') AND created_at < now() - interval '1 day'"
)


def begin(database: Database, scope: AnyScope, upload_id: UUID, new: NewUpload) -> UploadSlot:
    """Note what will come, and sign an address that takes exactly that: this type, this many bytes."""
    allowed = PURPOSES[new.purpose]
    content_type = new.content_type.split(";")[0].strip().lower()
    if content_type not in allowed.types:
        raise UnsupportedType(f"For {new.purpose}, send one of: {', '.join(allowed.types)}.", code="type_not_allowed")
    if new.size > allowed.largest:
        raise TooLarge(f"For {new.purpose}, a file may have {allowed.largest // MEGABYTE} MB at most.")
    key = f"incoming/{scope.tenant_id}/{upload_id}"
    values = new.model_dump() | {"id": upload_id, "content_type": content_type, "key": key}
    with database.batch(scope) as batch:
        batch.run(_INSERT, values)
        kept = batch.rows(Stored, _MINE, {"id": upload_id})
    found = kept.first()
    same = ("purpose", "filename", "content_type", "size")
    if found is None or any(getattr(found, name) != values[name] for name in same):
        raise Conflict("This Idempotency-Key was used for another request.", code="idempotency_key_reused")
    if found.status != "waiting":
        raise Conflict("This file has arrived already.", code="already_complete")
    url = client("s3").generate_presigned_url(
        "put_object",
        Params={"Bucket": _bucket(), "Key": key, "ContentType": content_type, "ContentLength": new.size},
        ExpiresIn=PUT_SECONDS,
    )
    return UploadSlot(upload_id=upload_id, url=url, headers={"Content-Type": content_type})


def complete(database: Database, scope: AnyScope, upload_id: UUID) -> Upload:
    """Check what arrived; from here on it may be used. Again is fine."""
    found = _find(database, scope, upload_id)
    if found.status in ("complete", "used"):
        return found
    if found.status == "refused":
        raise InvalidRequest(found.refusal or "This file was refused.", code="upload_refused")
    final = f"uploads/{scope.tenant_id}/{upload_id}"
    problem = _take(found, final)
    if problem is not None:
        with database.batch(scope) as batch:
            batch.run(_REFUSE, {"id": upload_id, "why": problem})
            batch.run(*audit_log.record("upload.refused", upload_id=upload_id, purpose=found.purpose, why=problem))
        raise InvalidRequest(problem, code="upload_refused")
    with database.transaction(scope) as transaction:
        done = transaction.row(Stored, _COMPLETE, {"id": upload_id, "key": final})
        if done is not None:
            transaction.run(*audit_log.record("upload.completed", upload_id=upload_id, purpose=found.purpose))
    return done or _find(database, scope, upload_id)


def _take(upload: Stored, final: str) -> str | None:
    """Copy the file to where nobody else can write, and look at the copy. The reason, when it cannot be accepted."""
    s3, bucket = client("s3"), _bucket()
    try:
        s3.copy_object(Bucket=bucket, Key=final, CopySource={"Bucket": bucket, "Key": upload.storage_key})
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404", "NotFound"):
            raise Conflict("The file has not arrived yet. Put it at the address first.", code="not_uploaded") from error
        raise Unavailable("The file store does not answer. Try again in a moment.") from error
    size = int(s3.head_object(Bucket=bucket, Key=final)["ContentLength"])
    if size != upload.size:
        problem = f"The file has {size} bytes; {upload.size} were announced."
    else:
        head = s3.get_object(Bucket=bucket, Key=final, Range=f"bytes=0-{FIRST_BYTES - 1}")["Body"].read(FIRST_BYTES)
        if looks_like(upload.content_type, head):
            return None
        problem = f"The file is not what it says: this does not look like {upload.content_type}."
    s3.delete_object(Bucket=bucket, Key=final)
    return problem


def with_link(database: Database, scope: AnyScope, upload_id: UUID) -> UploadWithLink:
    found = _find(database, scope, upload_id)
    shown = UploadWithLink.model_validate(found.model_dump())
    if found.status == "complete":
        shown.url, shown.expires_in = download_link(found.storage_key, found.filename), GET_SECONDS
    return shown


def download_link(key: str, filename: str, *, seconds: int = GET_SECONDS) -> str:
    """An address that hands out one object as a download, never as a page of ours."""
    url: str = client("s3").generate_presigned_url(
        "get_object",
        Params={
            "Bucket": _bucket(),
            "Key": key,
            "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(filename, safe='')}",
            "ResponseContentType": "application/octet-stream",
        },
        ExpiresIn=seconds,
    )
    return url


def usable(database: Database, scope: AnyScope, upload_id: UUID, purpose: Purpose) -> Stored:
    """For services that take an `upload_id`: the checked file, or why there is none."""
    found = _find(database, scope, upload_id)
    if found.purpose != purpose or found.status != "complete":
        raise InvalidRequest.of("upload_id", f"This is no completed upload for {purpose}.")
    return found


def use_up(database: Database, scope: AnyScope, upload_id: UUID) -> None:
    """What the file held lives elsewhere by now, so the file goes. Again is fine."""
    key = database.value(scope, _USE_UP, {"id": upload_id})
    if key is not None:
        client("s3").delete_object(Bucket=_bucket(), Key=key)


def content(upload: Stored) -> bytes:
    """The whole of a checked file, for purposes whose files are small enough to hold."""
    body: bytes = client("s3").get_object(Bucket=_bucket(), Key=upload.storage_key)["Body"].read()
    return body


def drop_stale(database: Database, scope: AnyScope) -> int:
    """Forget what never arrived or was refused. Objects under `incoming/` expire by the bucket's own rule."""
    return database.run(scope, _DROP_STALE)


def _find(database: Database, scope: AnyScope, upload_id: UUID) -> Stored:
    found = database.row(scope, Stored, _MINE, {"id": upload_id})
    if found is None:
        raise NotFound("There is no such upload.")
    return found


def _bucket() -> Any:
    return cached(StorageSettings).uploads_bucket

"""Uploads: files go straight to the store; we sign the way and check what came."""

from uuid import UUID

from sidedesk.platform import uploads
from sidedesk.platform.context import database
from sidedesk.platform.http import Api
from sidedesk.platform.uploads import NewUpload, Upload, UploadSlot, UploadWithLink

api = Api()


@api.post("/api/uploads", allow="uploads.write", keep_answer=False)
def begin_upload(body: NewUpload) -> UploadSlot:
    """An address to PUT the file at, with exactly these headers and this size, for fifteen minutes."""
    return uploads.begin(database(), api.scope, api.new_id("upload"), body)


@api.post("/api/uploads/<upload_id>/complete", allow="uploads.write", idempotent=False)
def complete_upload(upload_id: UUID) -> Upload:
    """Have the file checked; from here on other endpoints take its `upload_id`."""
    return uploads.complete(database(), api.scope, upload_id)


@api.get("/api/uploads/<upload_id>", allow="uploads.write")
def read_upload(upload_id: UUID) -> UploadWithLink:
    """The state of an upload, and a link to download it once it is complete."""
    return uploads.with_link(database(), api.scope, upload_id)


lambda_handler = api.handler

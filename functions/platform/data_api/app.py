"""The owner's rights over data: erase a person, take everything along."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from pydantic import Field

from sidedesk.platform import data_exports, subjects
from sidedesk.platform.context import database
from sidedesk.platform.data_exports import DataExport
from sidedesk.platform.http import Api
from sidedesk.platform.models import Body
from sidedesk.platform.subjects import Forgotten

api = Api()


class Subject(Body):
    subject: Annotated[str, Field(min_length=3, max_length=320, description="e-mail address, or the id of a person")]


@api.post("/api/data/forget", allow="data.forget")
def forget(body: Subject) -> Forgotten:
    """Erase a person everywhere. What counts for others (scores, figures) stays without the name."""
    from sidedesk.capabilities import ALL  # every capability's code: only for those who come for this

    return subjects.forget(database(), api.scope, body.subject, ALL)


@api.post("/api/data/export", allow="data.export", limit="6/hour", status_code=HTTPStatus.ACCEPTED)
def export() -> DataExport:
    """Have everything of this organisation written to one file. Ask for it at /api/data/exports/{id}."""
    return data_exports.request(database(), api.scope, api.new_id("export"))


@api.get("/api/data/exports/<export_id>", allow="data.export")
def read_export(export_id: UUID) -> DataExport:
    """How far the export is, and the link once it is done."""
    return data_exports.get(database(), api.scope, export_id)


lambda_handler = api.handler

"""Conversation routes: store, import, look at, remove and export."""

from datetime import date
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Query

from sidedesk.conversations import listing
from sidedesk.conversations.listing import Filters
from sidedesk.conversations.models import (
    ConversationDetail,
    ConversationPage,
    DocumentLink,
    Export,
    ExportFormat,
    Import,
    ImportDetail,
    ImportRequest,
    StoreAnswer,
    StoreRequest,
)
from sidedesk.conversations.raw import RawConversation, Source
from sidedesk.conversations.states import Status
from sidedesk.platform.context import database
from sidedesk.platform.http import Api
from sidedesk.platform.http_errors import Direct
from sidedesk.platform.models import Done, Page

# Imports and exports are asked for rarely: their code is loaded by their routes.
api = Api()
Limit = Annotated[int, Query(ge=1, le=100)]
Word = Annotated[str | None, Query(max_length=200)]
FirstDay = Annotated[date | None, Query(alias="from", description="first day, in the organisation's time zone")]
LastDay = Annotated[date | None, Query(alias="to", description="last day, included")]


@api.post("/api/conversations", allow="conversations.write", status_code=201)
def store(body: StoreRequest) -> StoreAnswer:
    """Store one conversation, or up to a hundred. The same one again changes nothing; a different text under the same id replaces it."""
    return listing.store(database(), api.person_scope, body)


@api.post("/api/conversations/import", allow="conversations.write", limit="60/hour", status_code=202)
def begin_import(body: ImportRequest) -> ImportDetail:
    """Import a file, days of Chatwoot or Intercom, or the conversations of an audit run. The work goes on by itself."""
    from sidedesk.conversations import imports

    return imports.request(database(), api.person_scope, api.new_id("import"), body)


@api.get("/api/conversations/imports", allow="conversations.read")
def list_imports(limit: Limit = 25, cursor: str | None = None) -> Page[Import]:
    """Imports, newest first."""
    from sidedesk.conversations import imports

    return imports.list_page(database(), api.person_scope, limit=limit, cursor=cursor)


@api.get("/api/conversations/imports/<import_id>", allow="conversations.read")
def get_import(import_id: UUID) -> ImportDetail:
    """How far an import is, and what was refused."""
    from sidedesk.conversations import imports

    return imports.get(database(), api.person_scope, import_id)


@api.get("/api/conversations/export", allow="conversations.export", limit="60/hour", status_code=HTTPStatus.ACCEPTED)
def begin_export(
    format: ExportFormat = "jsonl",
    status: Status | None = "completed",
    source: Source | None = None,
    topic: Word = None,
    language: Word = None,
    start: FirstDay = None,
    end: LastDay = None,
) -> Export:
    """Have the enriched conversations written to a file: JSON lines, chats for fine-tuning, or a table. Ask its status_url for the link."""
    from sidedesk.conversations import exports

    filters = Filters(status=status, source=source, topic=topic, language=language, start=start, end=end)
    return exports.request(database(), api.person_scope, format, filters)


@api.get("/api/conversations/exports", allow="conversations.export")
def list_exports(limit: Limit = 25, cursor: str | None = None) -> Page[Export]:
    """Exports, newest first. Files are kept for a week."""
    from sidedesk.conversations import exports

    return exports.list_page(database(), api.person_scope, limit=limit, cursor=cursor)


@api.get("/api/conversations/exports/<export_id>", allow="conversations.export")
def get_export(export_id: UUID) -> Export:
    """How far an export is, and the link once it is done."""
    from sidedesk.conversations import exports

    return exports.get(database(), api.person_scope, export_id)


@api.get("/api/conversations", allow="conversations.read")
def list_conversations(
    limit: Limit = 25,
    cursor: str | None = None,
    enrichment_status: Status | None = None,
    source: Source | None = None,
    topic: Word = None,
    language: Word = None,
    q: Word = None,
    import_id: UUID | None = None,
    start: FirstDay = None,
    end: LastDay = None,
) -> ConversationPage:
    """Conversations, newest first, and with the first page how many there are of each status."""
    filters = Filters(
        status=enrichment_status,
        source=source,
        topic=topic,
        language=language,
        q=q,
        import_id=import_id,
        start=start,
        end=end,
    )
    return listing.list_page(database(), api.person_scope, filters, limit=limit, cursor=cursor)


@api.get("/api/conversations/<conversation_id>", allow="conversations.read")
def get_conversation(conversation_id: UUID) -> ConversationDetail:
    """One conversation: where it comes from and how far its enrichment is."""
    return listing.get(database(), api.person_scope, conversation_id)


@api.get("/api/conversations/<conversation_id>/raw", allow="conversations.read")
def get_raw(conversation_id: UUID, link: bool = False) -> RawConversation | DocumentLink:
    """The conversation as it came. With `link=1`, or when it is large, an address to fetch it from."""
    return _document(listing.document(database(), api.person_scope, conversation_id, "raw", link=link))


@api.get("/api/conversations/<conversation_id>/enriched", allow="conversations.read")
def get_enriched(conversation_id: UUID, link: bool = False) -> dict[str, Any]:
    """The enriched conversation. With `link=1`, or when it is large, an address to fetch it from."""
    found = _document(listing.document(database(), api.person_scope, conversation_id, "enriched", link=link))
    return found.model_dump()


@api.delete("/api/conversations/<conversation_id>", allow="conversations.write")
def remove_conversation(conversation_id: UUID) -> Done:
    """Remove a conversation with all its documents."""
    listing.remove(database(), api.person_scope, conversation_id)
    return Done()


def _document(found: str | DocumentLink) -> DocumentLink:
    """A document leaves as it was written; only an address is ours to shape."""
    if isinstance(found, str):
        headers = {"Cache-Control": "no-store"}
        raise Direct(Response(int(HTTPStatus.OK), content_types.APPLICATION_JSON, found, headers=headers))
    return found


lambda_handler = api.handler

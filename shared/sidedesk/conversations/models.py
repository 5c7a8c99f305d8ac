"""The words of the conversation routes: what people send, and what they are told."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from sidedesk.conversations.raw import Source
from sidedesk.conversations.shapes import MOST_ID, MOST_TURNS
from sidedesk.conversations.states import Category, Status, Step
from sidedesk.conversations.storing import Stored
from sidedesk.platform.models import Answer, Body, Page

AT_ONCE = 100
MOST_PULLED = 50_000
FileFormat = Literal["json", "jsonl", "csv"]
ImportKind = Literal["json", "jsonl", "csv", "chatwoot", "intercom", "audit"]
ExportFormat = Literal["jsonl", "openai", "csv"]
WorkStatus = Literal["queued", "running", "completed", "failed"]


# Storing --------------------------------------------------------------------------------------------------------------


class _Kept(Body):
    """What somebody said is kept as it came, blanks and all."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False, defer_build=True)


class PersonWrite(_Kept):
    id: Annotated[str, Field(max_length=200)] = ""
    name: Annotated[str, Field(max_length=300)] = ""
    email: Annotated[str, Field(max_length=320)] = ""
    phone: Annotated[str, Field(max_length=50)] = ""


class AttachmentWrite(_Kept):
    name: Annotated[str, Field(max_length=300)] = ""
    type: Annotated[str, Field(max_length=150)] = ""
    url: Annotated[str, Field(max_length=2_000)] = ""
    size: Annotated[int, Field(ge=0, le=2**53)] | None = None


class TurnWrite(_Kept):
    id: Annotated[str, Field(max_length=200)] = ""
    role: Annotated[str, Field(max_length=50, description="customer, agent, bot, note or system")]
    author: Annotated[str, Field(max_length=300)] = ""
    text: str
    at: Annotated[str, Field(max_length=100, description="ISO 8601; without a zone it is taken as UTC")] | None = None
    attachments: Annotated[list[AttachmentWrite], Field(max_length=100)] = []


class ConversationFields(Body):
    external_id: Annotated[
        str, Field(max_length=MOST_ID, description="its id where it comes from; else its content is")
    ] = ""
    title: Annotated[str, Field(max_length=500)] = ""
    channel: Annotated[str, Field(max_length=200)] = ""
    customer: PersonWrite = Field(default_factory=PersonWrite)
    agents: Annotated[list[PersonWrite], Field(max_length=200)] = []
    metadata: dict[str, Any] = {}


class NewConversation(ConversationFields):
    turns: Annotated[list[TurnWrite], Field(min_length=1, max_length=MOST_TURNS)]


class StoreRequest(ConversationFields):
    """One conversation, or a list of them."""

    turns: Annotated[list[TurnWrite], Field(min_length=1, max_length=MOST_TURNS)] | None = None
    conversations: Annotated[list[NewConversation], Field(min_length=1, max_length=AT_ONCE)] | None = None

    @model_validator(mode="after")
    def _one_or_many(self) -> StoreRequest:
        if (self.turns is None) == (self.conversations is None):
            raise ValueError("send the turns of one conversation, or a list called conversations")
        if self.conversations is not None and self.model_fields_set != {"conversations"}:
            raise ValueError("beside a list of conversations there is nothing else to send")
        return self


class StoreAnswer(Answer):
    success: bool = True
    created: int
    changed: int
    unchanged: int
    data: list[Stored]


# Reading --------------------------------------------------------------------------------------------------------------


class Conversation(Answer):
    id: UUID
    source: Source
    external_id: str
    title: str
    channel: str
    customer: str
    started_at: datetime | None
    last_message_at: datetime | None
    message_count: int | None
    enrichment_status: Status
    failed_step: Step | None
    error_category: Category | None
    error_message: str | None
    topic: str | None
    language: str | None
    sentiment: str | None
    resolution: str | None
    predicted_csat: float | None
    created_at: datetime
    updated_at: datetime
    has_raw: bool
    has_enriched: bool


class ConversationDetail(Conversation):
    source_account: str
    raw_bytes: int | None
    enriched_at: datetime | None
    stale: Annotated[bool, Field(description="the source has changed since it was enriched")]
    leased: Annotated[bool, Field(description="a run works on it now")]
    import_id: UUID | None


class ConversationPage(Page[Conversation]):
    counts: Annotated[
        dict[Status, int] | None, Field(description="of all that match but for their status; with the first page only")
    ] = None


class DocumentLink(Answer):
    url: str
    expires_in: int


# Imports --------------------------------------------------------------------------------------------------------------


class ImportRequest(Body):
    """A file (`format` with `content`, or an `upload_id`), days of a connected tool, or the conversations of an audit run."""

    format: FileFormat | None = None
    content: Annotated[str, Field(min_length=1)] | None = None
    upload_id: UUID | None = None
    source: Literal["chatwoot", "intercom", "audit"] | None = None
    start: Annotated[date | None, Field(alias="from", description="first day, in the organisation's time zone")] = None
    end: Annotated[date | None, Field(alias="to", description="last day, included")] = None
    limit: Annotated[int, Field(ge=1, le=MOST_PULLED)] | None = None
    job_id: Annotated[UUID, Field(description="the audit run, for source audit")] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> ImportRequest:
        given = self.model_fields_set - {name for name in self.model_fields_set if getattr(self, name) is None}
        if self.source is None:
            wanted, optional = {"content"} if "content" in given else {"upload_id"}, {"format"}
            if "content" in given and self.format is None:
                raise ValueError("say the format of the content: json, jsonl or csv")
        elif self.source == "audit":
            wanted, optional = {"source", "job_id"}, {"limit"}
        else:
            wanted, optional = {"source", "start", "end"}, {"limit"}
        if not wanted <= given or given - wanted - optional:
            raise ValueError(
                "send format and content, or an upload_id, or a source: chatwoot or intercom with from and to, "
                "audit with job_id"
            )
        return self


class Refusal(Answer):
    row: int
    reason: str


class Import(Answer):
    id: UUID
    kind: ImportKind
    wish: dict[str, Any]
    status: WorkStatus
    progress: Annotated[float | None, Field(description="from 0 to 1; nothing while a source is being listed")]
    total: int | None
    created: int
    changed: int
    unchanged: int
    refused: int
    error: str | None
    created_at: datetime
    completed_at: datetime | None
    status_url: str


class ImportDetail(Import):
    refusals: Annotated[list[Refusal], Field(description="the first 200; refused counts all")]


# Exports --------------------------------------------------------------------------------------------------------------


class Export(Answer):
    id: UUID
    format: ExportFormat
    wish: dict[str, Any]
    status: WorkStatus
    written: int | None
    skipped: Annotated[int | None, Field(description="conversations that have nothing to say in this format")]
    size: int | None
    error: str | None
    created_at: datetime
    completed_at: datetime | None
    status_url: str
    url: str | None = None
    expires_in: int | None = None

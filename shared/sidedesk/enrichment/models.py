"""What callers of enrichment send and get. Field names are those of the first clients, letter by letter."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from sidedesk.enrichment.validation import Finding
from sidedesk.platform.models import Answer, Body

MOST_IDS = 100
MOST_IN_A_BATCH = 500
ResultStatus = Literal["enriched", "failed", "skipped"]
BatchStatus = Literal["running", "completed", "failed"]
ItemStatus = Literal["pending", "completed", "failed"]
Style = Literal["everyday", "formal", "terse", "emotional", "technical"]
Topic = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=300)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
Cost = Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]


class BulkEnrichRequest(Body):
    conversationIds: Annotated[list[UUID], Field(min_length=1, max_length=MOST_IDS)]
    userId: str | None = None
    sequential: Annotated[bool, Field(description="one conversation after the other, else ten at a time")] = True


class Result(Answer):
    """What became of one id. `error` is there when it failed, `error_category` in answers of GET."""

    conversationId: UUID
    status: ResultStatus
    error: str | None = None
    enrichmentStatus: str | None = None
    error_category: str | None = None


class Summary(Answer):
    """Adds up: successful, failed, skipped and pending make the total."""

    total: int
    successful: int
    failed: int
    skipped: int
    pending: int | None = None


class BulkEnrichAnswer(Answer):
    """A run that is over. `success` means that nothing failed."""

    success: bool
    summary: Summary
    results: list[Result]


class Progress(Answer):
    done: int
    total: int
    percent: int


class RunAnswer(BulkEnrichAnswer):
    """A run as it is now: `results` lists what is settled."""

    run_id: UUID
    status: Literal["running", "completed"]
    status_url: str
    progress: Progress
    started_at: datetime
    finished_at: datetime | None = None


class Findings(Answer):
    """What validation found in a conversation's raw document, and when."""

    conversation_id: UUID
    checked_at: datetime
    outdated: bool
    findings: list[Finding]


class GenerateRequest(Body):
    topic: Topic
    style: Style = "everyday"
    language: Language = "en"
    turns: Annotated[int, Field(ge=2, le=40)] = 8


class Generated(Answer):
    success: bool = True
    id: UUID
    conversation_id: UUID
    title: str
    topic: str
    turns: int
    enrichment_status: str
    cost_usd: float


class BatchRequest(Body):
    """`count` conversations, the topics taken in turn."""

    topics: Annotated[list[Topic], Field(min_length=1, max_length=100)]
    count: Annotated[int, Field(ge=1, le=MOST_IN_A_BATCH)] = 1
    style: Style = "everyday"
    language: Language = "en"
    auto_enrich: bool = False
    max_cost_usd: Cost | None = None


class Batch(Answer):
    id: UUID
    status: BatchStatus
    topics: list[str]
    style: str
    language: str
    auto_enrich: bool
    max_cost_usd: float | None
    total: int
    completed: int
    failed: int
    enrich_run_id: UUID | None
    created_by: str
    created_at: datetime
    finished_at: datetime | None


class BatchItem(Answer):
    id: UUID
    conversation_id: UUID | None
    status: ItemStatus
    topic: str
    error: str | None = None


class BatchItems(Answer):
    success: bool = True
    data: list[BatchItem]


def plain(answer: Answer) -> dict[str, Any]:
    """As JSON without what is not there."""
    return answer.model_dump(mode="json", exclude_none=True)

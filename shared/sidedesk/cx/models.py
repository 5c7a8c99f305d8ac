"""What reviewers, graders and Chatwoot exchange with the pipeline."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from sidedesk.platform.models import Answer, Body, Page

Status = Literal["pending", "sending", "sent", "rejected", "regenerated", "superseded", "answered_manually", "closed"]
Risk = Literal["low", "medium", "high"]
Priority = Literal["urgent", "high", "normal", "low"]
Channel = Literal["email", "live_chat", "sms", "other"]
Mark = Annotated[int, Field(ge=1, le=5, strict=True)]
ReplyText = Annotated[str, Field(min_length=1, max_length=20_000)]
Note = Annotated[str, Field(max_length=2_000)]

FLAG_SENTENCES: dict[str, str] = {
    "instructions_in_message": "The customer's message tries to give the AI instructions.",
    "foreign_link": "The reply links to a place that is not on your list of allowed hosts.",
    "promise": "The reply promises something nobody has decided.",
    "prompt_text": "The reply repeats the AI's own instructions.",
    "foreign_personal_data": "The reply holds personal data that is not from this conversation.",
    "unsupported_claim": "The reply states something that no source says.",
}


class Check(Answer):
    """One check of a draft, with its reason: not a yes or no."""

    name: str
    group: Literal["tone", "citations", "staleness", "injection", "safety"]
    ok: bool
    reason: str


class Source(Answer):
    """A piece of knowledge the draft was given."""

    id: str
    title: str
    kind: Literal["article", "past_reply"]
    excerpt: str
    score: float
    url: str = ""
    updated_at: datetime | None = None
    cited: bool = False


class Evidence(Answer):
    """A claim of the draft and where it stands. Without a source it is not a fact."""

    claim: str
    source_id: str | None
    quote: str = ""


class ThreadMessage(Answer):
    id: int
    direction: Literal["incoming", "outgoing", "note"]
    author: str
    text: str
    at: datetime
    ours: bool = False
    attachments: int = 0


class Contact(Answer):
    name: str = ""
    email: str = ""
    phone: str = ""


class Approval(Answer):
    """A line of the queue."""

    id: UUID
    kind: Literal["cx_reply"] = "cx_reply"
    status: Status
    conversation_id: UUID
    chatwoot_conversation: int
    number: int
    customer: str
    subject: str
    channel: Channel
    plan: str
    priority: Priority
    risk: Risk
    confidence: float
    sentiment: float
    flags: list[str]
    stale: Annotated[bool, Field(description="the customer has written since; a new draft is on its way")]
    asked_at: datetime
    waiting_seconds: int
    sla_due_at: datetime | None
    sla_breached: bool
    escalated_to: str
    send_problem: str
    created_at: datetime
    decided_at: datetime | None
    decided_by: str
    sent_at: datetime | None


class Decision(Answer):
    """What a person decided, with marks."""

    approved: bool
    tone: int
    accuracy: int
    policy: int
    reply: str | None
    edit_distance: int | None
    edit_ratio: float | None
    graded_by: str
    graded_at: datetime


class ApprovalDetail(Approval):
    contact: Contact
    chatwoot_url: str
    customer_message: str
    draft: str
    evidence: list[Evidence]
    sources: list[Source]
    unknowns: list[str]
    tone: dict[str, Any]
    validation: list[Check]
    risk_reasons: list[str]
    rollback: str
    summary: str | None
    messages: list[ThreadMessage]
    instruction: str
    previous_id: UUID | None
    earlier: Annotated[list[EarlierDraft], Field(description="drafts of this conversation before this one")]
    examples: list[str]
    variant: str
    model: str
    prompt_version: str
    cost_usd: float
    from_cache: bool
    note_posted: bool
    decision: Decision | None
    version: Annotated[int, Field(description="id of the newest message seen; what a decision is about")]


class EarlierDraft(Answer):
    id: UUID
    number: int
    status: Status
    reply: str
    instruction: str
    created_at: datetime


class Queue(Page[Approval]):
    """Drafts, the most pressing first, and how many wait."""

    counts: dict[str, int] = {}


class Grades(Body):
    tone: Mark
    accuracy: Mark
    policy: Mark


class Approve(Body):
    grades: Grades
    reply: Annotated[ReplyText | None, Field(description="what to send instead of the draft")] = None
    note: Note | None = None
    override: Annotated[
        str | None,
        Field(min_length=5, max_length=500, description="why a flagged reply may go out; kept in the audit trail"),
    ] = None
    review_seconds: Annotated[int | None, Field(ge=0, le=86_400, description="time on screen")] = None


class Reject(Body):
    grades: Grades
    reason: Annotated[str, Field(min_length=1, max_length=2_000)]
    review_seconds: Annotated[int | None, Field(ge=0, le=86_400)] = None


class Regenerate(Body):
    instruction: Annotated[
        str, Field(min_length=1, max_length=1_000, description="what the next draft should do differently")
    ]


class Escalate(Body):
    to: Annotated[str, Field(min_length=1, max_length=320, description="e-mail of an agent in Chatwoot, or team:<id>")]
    note: Note = ""


class Decided(Answer):
    """Where a decision left the draft. A reply goes out moments later; ask again for `sent`."""

    success: bool = True
    id: UUID
    status: Status
    edit_distance: int | None = None
    edit_ratio: float | None = None

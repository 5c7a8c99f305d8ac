"""The words of looking at audits: one audit, disputes, people's own marks, agreement."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from sidedesk.audits.models import Assignment, Criterion
from sidedesk.platform.models import Answer, Body

CriterionId = Annotated[str, Field(min_length=1, max_length=64)]
Mark = bool | int | float | str
Marks = Annotated[dict[CriterionId, Mark], Field(min_length=1, max_length=60)]


class Quote(Answer):
    """A sentence that is in the transcript, and where: `turn.text[start:end] == text`."""

    part_id: str
    start: int
    end: int
    text: str
    role: str = "agent"


class Judged(Answer):
    """One criterion of one audit: what the AI said, what holds now, and the sentences behind it."""

    id: str
    label: str
    type: str
    max: float
    weight: float
    critical: bool
    value: Any
    ai_value: Any
    earned: float | None
    reason: str
    status: Literal["supported", "unsupported", "unverified"]
    quotes: list[Quote]
    override: dict[str, Any] | None


class Dispute(Answer):
    id: UUID
    assignment_id: UUID
    opened_by: str
    criteria: list[str]
    reason: str
    status: Literal["open", "accepted", "rejected"]
    resolution: str
    changes: dict[str, Any]
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None


class Review(Answer):
    reviewer: str
    marks: dict[str, Any]
    note: str
    created_at: datetime


class Audit(Assignment):
    """One audit, whole."""

    job_id: UUID | None
    scorecard_id: UUID
    scorecard_name: str
    scorecard_version: int
    pass_threshold: float
    audit_date: datetime
    ai_score: float | None
    ai_verdict: str | None
    criteria: list[Judged]
    transcript: list[dict[str, Any]] | None
    provenance: dict[str, Any]
    dispute: Dispute | None
    reviews: list[Review]
    mine: bool
    may_dispute: bool
    may_review: bool


class DisputeRequest(Body):
    reason: Annotated[str, Field(min_length=20, max_length=4000, description="what is wrong, at least 20 characters")]
    criteria: Annotated[list[CriterionId], Field(max_length=60)] = []


class ResolveRequest(Body):
    decision: Literal["accepted", "rejected"]
    resolution: Annotated[str, Field(min_length=1, max_length=4000, description="what the person is told")]
    changes: Annotated[dict[CriterionId, Mark], Field(max_length=60)] = {}


class ReviewRequest(Body):
    marks: Marks
    publish: Annotated[bool, Field(description="let these marks be the result of an audit that is held")] = False
    note: Annotated[str, Field(max_length=4000)] = ""


class Agreement(Answer):
    """How far people and the AI agree on one criterion."""

    criterion: str
    label: str
    pairs: int
    exact_percent: float
    weighted_kappa: float | None
    bias: float
    confusion: list[dict[str, Any]]


class Drift(Answer):
    week: date
    pairs: int
    exact_percent: float
    bias: float


class Calibration(Answer):
    pairs: int
    audits: int
    criteria: list[Agreement]
    drift: list[Drift]


__all__ = [
    "Agreement", "Audit", "Calibration", "Criterion", "Dispute", "DisputeRequest", "Drift", "Judged", "Quote",
    "ResolveRequest", "Review", "ReviewRequest",
]  # fmt: skip

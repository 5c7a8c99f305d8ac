"""Audit routes: see audits, contest them, decide, mark them oneself, and calibration."""

from typing import Annotated, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query

from sidedesk.audits import reviews
from sidedesk.audits.models import Assignment
from sidedesk.audits.review_models import (
    Audit,
    Calibration,
    Dispute,
    DisputeRequest,
    ResolveRequest,
    Review,
    ReviewRequest,
)
from sidedesk.platform.context import database
from sidedesk.platform.http import Api
from sidedesk.platform.models import Page
from sidedesk.platform.settings import LinkSettings, load

api = Api()
links = load(LinkSettings)


@api.get("/api/audits", allow="audits.read_own")
def list_audits(
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
    cursor: str | None = None,
    person: str | None = None,
    verdict: Literal["passed", "failed", "held"] | None = None,
    job_id: UUID | None = None,
    disputed: bool = False,
) -> Page[Assignment]:
    """Audits, newest first. Without the right to read all, one sees one's own."""
    return reviews.list_audits(
        database(),
        api.person_scope,
        public_url=links.public_url,
        person=person,
        verdict=verdict,
        job_id=job_id,
        disputed=disputed,
        limit=limit,
        cursor=cursor,
    )


@api.get("/api/audits/calibration", allow="audits.read")
def calibration(days: Annotated[int, Query(ge=1, le=730)] = 90, scorecard_id: UUID | None = None) -> Calibration:
    """How far people and the AI agree, per criterion and by week."""
    return reviews.calibration(database(), api.person_scope, days=days, scorecard_id=scorecard_id)


@api.get("/api/audits/<audit_id>", allow="audits.read_own")
def get_audit(audit_id: UUID) -> Audit:
    """One audit with its quotes and transcript."""
    return reviews.get_audit(database(), api.person_scope, audit_id, public_url=links.public_url)


@api.post("/api/audits/<audit_id>/dispute", allow="audits.read_own", status_code=201)
def dispute(audit_id: UUID, body: DisputeRequest) -> Dispute:
    """The audited person contests an audit."""
    return reviews.dispute(
        database(), api.person_scope, audit_id, body, dispute_id=api.new_id("dispute"), public_url=links.public_url
    )


@api.post("/api/audits/<audit_id>/review", allow="audits.review", status_code=201)
def review(audit_id: UUID, body: ReviewRequest) -> Review:
    """A reviewer's own marks; they feed calibration and change no score."""
    return reviews.review(database(), api.person_scope, audit_id, body, public_url=links.public_url)


@api.post("/api/disputes/<dispute_id>/resolve", allow="audits.review")
def resolve(dispute_id: UUID, body: ResolveRequest) -> Dispute:
    """Accept or reject a dispute; accepting may change marks."""
    return reviews.resolve(database(), api.person_scope, dispute_id, body, public_url=links.public_url)


lambda_handler = api.handler

"""Approval routes: the queue, one draft, and what people decide."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query

from sidedesk.cx import approvals, escalation
from sidedesk.cx.models import (
    ApprovalDetail,
    Approve,
    Channel,
    Decided,
    Escalate,
    Queue,
    Regenerate,
    Reject,
    Risk,
    Status,
)
from sidedesk.platform.context import database
from sidedesk.platform.http import Api
from sidedesk.platform.settings import LinkSettings, load

api = Api()
links = load(LinkSettings)


@api.get("/api/cx/approvals", allow="cx.read")
def list_approvals(
    status: Status | Literal["waiting", "decided"] = "waiting",
    risk: Risk | None = None,
    channel: Channel | None = None,
    flagged: bool | None = None,
    q: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
    cursor: str | None = None,
) -> Queue:
    """Drafts that wait, the most pressing first; or decided ones, newest first."""
    named = {"waiting": approvals.WAITING, "decided": approvals.DECIDED}
    return approvals.queue(
        database(),
        api.person_scope,
        statuses=named.get(status, (status,)),
        risk=risk,
        channel=channel,
        flagged=flagged,
        q=q,
        limit=limit,
        cursor=cursor,
        now=datetime.now(UTC),
    )


@api.get("/api/cx/approvals/<draft_id>", allow="cx.read")
def get_approval(draft_id: UUID) -> ApprovalDetail:
    """One draft with its conversation, sources, checks and earlier drafts."""
    return approvals.get(database(), api.person_scope, draft_id, now=datetime.now(UTC))


@api.post("/api/cx/approvals/<draft_id>/approve", allow="cx.decide")
def approve(draft_id: UUID, body: Approve) -> Decided:
    """Send the draft, or your words instead, with three grades. The reply goes out once, moments later."""
    return approvals.approve(database(), api.person_scope, draft_id, body)


@api.post("/api/cx/approvals/<draft_id>/reject", allow="cx.decide")
def reject(draft_id: UUID, body: Reject) -> Decided:
    """Send nothing, and say why."""
    return approvals.reject(database(), api.person_scope, draft_id, body)


@api.post("/api/cx/approvals/<draft_id>/regenerate", allow="cx.decide")
def regenerate(draft_id: UUID, body: Regenerate) -> Decided:
    """Ask for another draft. This one is kept."""
    return approvals.regenerate(database(), api.person_scope, draft_id, body)


@api.post("/api/cx/approvals/<draft_id>/escalate", allow="cx.decide")
def escalate(draft_id: UUID, body: Escalate) -> Decided:
    """Assign the conversation to an agent or a team in Chatwoot, and tell them."""
    return escalation.escalate(database(), api.person_scope, draft_id, body, public_url=links.public_url)


lambda_handler = api.handler

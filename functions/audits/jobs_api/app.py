"""Audit run routes: start, read, cancel, retry, and what it may cost."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query

from sidedesk.audits import estimate, export, service
from sidedesk.audits.models import (
    Assignment,
    CapChange,
    Changed,
    Estimate,
    Job,
    JobError,
    JobStatus,
    JobWithAgents,
    StartAnswer,
    StartRequest,
)
from sidedesk.platform.context import database
from sidedesk.platform.http import Api
from sidedesk.platform.http_errors import Direct
from sidedesk.platform.models import Page
from sidedesk.platform.settings import LinkSettings, load

api = Api()
links = load(LinkSettings)
Limit = Annotated[int, Query(ge=1, le=100)]


@api.post("/api/massive-ai-audit/start", allow="audits.run", status_code=202)
def start(body: StartRequest) -> StartAnswer:
    """Audit these people over these days by this scorecard. Answers at once; the work goes on by itself."""
    return service.start_job(database(), api.person_scope, body, job_id=api.new_id("audit_job"), now=datetime.now(UTC))


@api.post("/api/massive-ai-audit/estimate", allow="audits.run", idempotent=False)
def estimate_run(body: StartRequest) -> Estimate:
    """What this run would take and cost. Starts nothing."""
    deadline = api.resolver.lambda_context.get_remaining_time_in_millis() / 1000 - 3
    return estimate.estimate(database(), api.person_scope, body, now=datetime.now(UTC), seconds=deadline)


@api.get("/api/massive-ai-audit/jobs", allow="audits.read")
def list_jobs(
    limit: Limit = 25,
    cursor: str | None = None,
    created_by: str | None = None,
    status: JobStatus | None = None,
    start: Annotated[date | None, Query(alias="from")] = None,
    end: Annotated[date | None, Query(alias="to")] = None,
) -> Page[Job]:
    """Runs, newest first."""
    return service.list_jobs(
        database(),
        api.person_scope,
        created_by=created_by,
        status=status,
        start=start,
        end=end,
        limit=limit,
        cursor=cursor,
        now=datetime.now(UTC),
    )


@api.get("/api/massive-ai-audit/jobs/<job_id>", allow="audits.read")
def get_job(job_id: UUID) -> JobWithAgents:
    """One run: its progress and its agents."""
    return service.get_job(database(), api.scope, job_id, now=datetime.now(UTC))


@api.get("/api/massive-ai-audit/jobs/<job_id>/assignments", allow="audits.read")
def list_assignments(
    job_id: UUID,
    limit: Limit = 25,
    cursor: str | None = None,
    agent: str | None = None,
    verdict: Literal["passed", "failed", "held"] | None = None,
) -> Page[Assignment]:
    """Results of a run. Ask with `Accept: text/csv` for all of them as a table."""
    ask: dict[str, Any] = {"public_url": links.public_url, "agent": agent, "verdict": verdict}
    if "text/csv" in api.resolver.current_event.headers.get("accept", ""):
        rows = service.all_assignments(database(), api.person_scope, job_id, **ask)
        raise Direct.file(export.table(rows), "text/csv; charset=utf-8", f"audit-{job_id}.csv")
    return service.list_assignments(database(), api.person_scope, job_id, limit=limit, cursor=cursor, **ask)


@api.get("/api/massive-ai-audit/jobs/<job_id>/errors", allow="audits.read")
def list_errors(job_id: UUID, limit: Limit = 25, cursor: str | None = None) -> Page[JobError]:
    """What failed, per agent and per conversation."""
    return service.list_errors(database(), api.person_scope, job_id, limit=limit, cursor=cursor)


@api.post("/api/massive-ai-audit/jobs/<job_id>/cancel", allow="audits.stop")
def cancel(job_id: UUID) -> Changed:
    """Trigger nothing further. What is finished is kept."""
    return service.cancel_job(database(), api.person_scope, job_id)


@api.patch("/api/massive-ai-audit/jobs/<job_id>", allow="audits.stop")
def change_cap(job_id: UUID, body: CapChange) -> JobWithAgents:
    """Change what a run may cost. One that waits at its cap goes on at once."""
    return service.change_cap(database(), api.person_scope, job_id, body, now=datetime.now(UTC))


@api.post("/api/massive-ai-audit/jobs/<job_id>/retry", allow="audits.stop", status_code=202)
def retry(job_id: UUID) -> Changed:
    """Start the failed agents again, in the same run."""
    return service.retry_job(database(), api.person_scope, job_id)


lambda_handler = api.handler

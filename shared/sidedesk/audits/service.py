"""Runs: start, read, cancel, retry. Rules only; figures are counted from rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from psycopg.types.json import Jsonb

from sidedesk.audits.errors import (
    JobFinished,
    JobNotFound,
    NothingToRetry,
    NotYourJob,
    RunTooLarge,
    ScorecardNotFound,
    UnknownPeople,
)
from sidedesk.audits.handover import Audited as Audited
from sidedesk.audits.handover import audited as audited
from sidedesk.audits.handover import audited_ids as audited_ids
from sidedesk.audits.handover import read_intercom as read_intercom
from sidedesk.audits.models import (
    AgentRow,
    Assignment,
    CapChange,
    Changed,
    Job,
    JobError,
    JobWithAgents,
    StartAnswer,
    StartRequest,
)
from sidedesk.audits.progress import Sums, progress_of, sums_of
from sidedesk.audits.repository import SQL
from sidedesk.platform import audit_log, outbox
from sidedesk.platform.db import Database, constraint_of
from sidedesk.platform.errors import FieldError, InvalidRequest
from sidedesk.platform.models import Page, decode_cursor, part_of
from sidedesk.platform.permissions import allow
from sidedesk.platform.run_limits import Limits
from sidedesk.platform.scope import AnyScope, Scope

NAMED_AT_MOST = 20


@dataclass(frozen=True, slots=True)
class StartFacts:
    """What a start must know before it writes."""

    scorecard_id: UUID
    scorecard_version: int
    timezone: str
    engine: str
    limits: Limits
    attribution: str
    employees: dict[str, dict[str, Any]]
    destination: str


# Start --------------------------------------------------------------------------------------------------------------


def start_job(database: Database, scope: Scope, ask: StartRequest, *, job_id: UUID, now: datetime) -> StartAnswer:
    """One press of Run: a job, its agents and a message for each, in one transaction."""
    created_by = scope.email or scope.actor
    fingerprint = fingerprint_of(ask)
    facts, duplicate = start_facts(database, scope, ask, created_by, fingerprint)
    if duplicate is not None and duplicate != job_id:
        return _duplicate(database, scope, duplicate)
    check(ask, facts, now)
    hints = {hint.intercom_admin_id: hint for hint in ask.agents or ()}
    people = [facts.employees[admin_id] for admin_id in ask.intercom_admin_ids]
    emails = [
        person["email"] or (hints[admin_id].email.lower() if admin_id in hints else "")
        for admin_id, person in zip(ask.intercom_admin_ids, people, strict=True)
    ]
    zone = ZoneInfo(facts.timezone)
    values = {
        "job_id": job_id,
        "created_by": created_by,
        "fingerprint": fingerprint,
        "admin_ids": ask.intercom_admin_ids,
        "employee_ids": [person["id"] for person in people],
        "emails": emails,
        "names": [person["name"] for person in people],
        "scorecard_id": facts.scorecard_id,
        "scorecard_version": facts.scorecard_version,
        "start_date": ask.start_date,
        "end_date": ask.end_date,
        "range_start": datetime.combine(ask.start_date, time.min, zone),
        "range_end": datetime.combine(ask.end_date + timedelta(days=1), time.min, zone),
        "timezone": facts.timezone,
        "engine": facts.engine,
        "destination": facts.destination,
        "attribution": facts.attribution,
        "gap": facts.limits.pacing_seconds,
        "notify_me": ask.notify_me_when_done,
        "notify_people": ask.notify_results_to_audited_people,
        "max_cost": ask.max_cost_usd,
        "payload": Jsonb(json.loads(ask.model_dump_json())),
    }
    try:
        with database.batch(scope) as batch:
            # Two presses at the same instant: the second waits here and then finds the first one's job.
            batch.run(
                "SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))", {"key": f"{created_by} {fingerprint}"}
            )
            written = batch.dicts(SQL["start_job"], values)
            if ask.max_cost_usd is not None:
                from sidedesk.ai import ledger  # only runs with a cap of their own need it

                batch.run(*ledger.set_job_cap(job_id, Decimal(str(ask.max_cost_usd))))
            batch.run(
                *audit_log.record(
                    "audit_job.started", job_id=job_id, agents=len(people), scorecard_id=facts.scorecard_id
                )
            )
    except psycopg.errors.UniqueViolation as error:
        if constraint_of(error) != "massive_ai_audit_jobs_pkey":
            raise
        return _duplicate(database, scope, job_id, repeated=False)
    result = written.all()[0]
    if not result["started"]:
        return start_job(database, scope, ask, job_id=job_id, now=now)  # the other press was first: answer its job
    outbox.send_soon(database, scope, result["ready"])
    return StartAnswer(job_id=job_id, status="queued")


def start_facts(
    database: Database, scope: Scope, ask: StartRequest, created_by: str, fingerprint: str
) -> tuple[StartFacts, UUID | None]:
    values = {
        "admin_ids": ask.intercom_admin_ids,
        "scorecard_id": ask.scorecard_id,
        "created_by": created_by,
        "fingerprint": fingerprint,
    }
    row = database.dicts(scope, SQL["start_facts"], values)[0]
    if row["scorecard_id"] is None:
        raise ScorecardNotFound(details=[FieldError("scorecard_id", "There is no scorecard with this id.")])
    engine = row["audit_engine"]
    facts = StartFacts(
        scorecard_id=row["scorecard_id"],
        scorecard_version=row["scorecard_version"],
        timezone=row["timezone"],
        engine=engine,
        limits=Limits.model_validate(row["limits"]),
        attribution=str(row["options"].get("attribution", "assignee")),
        employees=row["employees"],
        destination=f"n8n:{row['n8n_id']}" if engine == "n8n" else "native",
    )
    return facts, row["duplicate_of"]


def check(ask: StartRequest, facts: StartFacts, now: datetime) -> None:
    problems: list[FieldError] = []
    today = now.astimezone(ZoneInfo(facts.timezone)).date()
    days = (ask.end_date - ask.start_date).days + 1
    if days < 1:
        problems.append(FieldError("end_date", "Choose a day on or after the start."))
    if ask.end_date > today:
        problems.append(
            FieldError("end_date", f"The range may not end in the future; today is {today} in {facts.timezone}.")
        )
    if days > facts.limits.range_days:
        problems.append(FieldError("end_date", f"This is {days} days; a run covers at most {facts.limits.range_days}."))
    if ask.start_date < date(2000, 1, 1):
        problems.append(FieldError("start_date", "Choose a day after 1999."))
    if problems:
        raise InvalidRequest(" ".join(problem.message for problem in problems), code="invalid_range", details=problems)
    if len(ask.intercom_admin_ids) > facts.limits.agents_per_run:
        raise RunTooLarge.of(
            "intercom_admin_ids",
            f"These are {len(ask.intercom_admin_ids)} people; a run takes at most {facts.limits.agents_per_run}.",
        )
    if unknown := [admin_id for admin_id in ask.intercom_admin_ids if admin_id not in facts.employees]:
        named = ", ".join(unknown[:NAMED_AT_MOST]) + (" …" if len(unknown) > NAMED_AT_MOST else "")
        raise UnknownPeople(
            f"Nobody here has these Intercom ids: {named}. Sync people first.",
            details=[FieldError("intercom_admin_ids", f"{admin_id} is not known") for admin_id in unknown[:100]],
        )


def _duplicate(database: Database, scope: Scope, job_id: UUID, *, repeated: bool = True) -> StartAnswer:
    row = database.dicts(scope, SQL["find_job_status"], {"id": job_id})
    if not row:
        raise JobNotFound()
    return StartAnswer(job_id=job_id, status=row[0]["status"], duplicate=repeated)


def fingerprint_of(ask: StartRequest) -> str:
    same = ask.model_dump(mode="json", exclude={"agents"})
    same["intercom_admin_ids"] = sorted(same["intercom_admin_ids"])
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()


# Read ---------------------------------------------------------------------------------------------------------------


def get_job(database: Database, scope: AnyScope, job_id: UUID, *, now: datetime) -> JobWithAgents:
    """A run with its agents: one round trip."""
    with database.batch(scope) as batch:
        row = batch.dicts(SQL["job_row"], {"id": job_id})
        agents = batch.rows(AgentRow, SQL["agent_rows"], {"id": job_id})
    found = row.first()
    if found is None:
        raise JobNotFound()
    listed = agents.all()
    job = _job(found, sums_of(listed), now)
    return JobWithAgents(**job.model_dump(), agents=listed)


def list_jobs(
    database: Database,
    scope: Scope,
    *,
    created_by: str | None,
    status: str | None,
    start: date | None,
    end: date | None,
    limit: int,
    cursor: str | None,
    now: datetime,
) -> Page[Job]:
    at, after = decode_cursor(cursor, datetime, UUID) or (None, None)
    values = {"created_by": created_by, "status": status, "from": start, "to": end, "at": at, "after": after}
    rows = database.dicts(scope, SQL["list_jobs"], values | {"limit": limit + 1})
    kept, following = part_of(rows, limit, lambda row: (row["created_at"], row["id"]))
    return Page(data=[_job(row, _listed_sums(row), now) for row in kept], next_cursor=following)


def _listed_sums(row: dict[str, Any]) -> Sums:
    return Sums(
        total_agents=row["total_agents"],
        agents_completed=row["agents_completed"],
        agents_failed=row["agents_failed"],
        totals_known=row["totals_known"],
        total_reported=int(row["total"] or 0),
        completed=row["completed"],
        failed=row["failed"],
        skipped=row["skipped"],
        first_dispatch=row["first_seen"],
    )


def _job(row: dict[str, Any], sums: Sums, now: datetime) -> Job:
    progress, total = progress_of(row["status"], sums, now)
    return Job(
        **{name: row[name] for name in Job.model_fields if name in row},
        total_conversations=total,
        completed_agents=sums.agents_completed,
        completed_conversations=sums.completed,
        progress=progress,
    )


def list_assignments(
    database: Database,
    scope: Scope,
    job_id: UUID,
    *,
    public_url: str,
    agent: str | None = None,
    verdict: str | None = None,
    limit: int = 25,
    cursor: str | None = None,
) -> Page[Assignment]:
    at, after = decode_cursor(cursor, datetime, UUID) or (None, None)
    values = {"job_id": job_id, "agent": agent, "verdict": verdict, "at": at, "after": after, "limit": limit + 1}
    with database.batch(scope) as batch:
        job = batch.dicts(SQL["find_job_status"], {"id": job_id})
        pending = batch.dicts(SQL["list_assignments"], values)
    if job.first() is None:
        raise JobNotFound()
    return assignments_page(pending.all(), limit, public_url=public_url)


def assignments_page(rows: list[dict[str, Any]], limit: int, *, public_url: str) -> Page[Assignment]:
    """Audits as a list shows them, each with the address of its page."""
    kept, following = part_of(rows, limit, lambda row: (row["audited_at"], row["id"]))
    return Page(data=[Assignment(**row, link=audit_link(public_url, row["id"])) for row in kept], next_cursor=following)


def audit_link(public_url: str, audit_id: UUID) -> str:
    return f"{public_url}/console#/audits/{audit_id}"


def all_assignments(
    database: Database, scope: Scope, job_id: UUID, *, public_url: str, agent: str | None, verdict: str | None
) -> Iterator[Assignment]:
    """Every result, page by page, so that memory stays flat."""
    cursor: str | None = None
    while True:
        page = list_assignments(
            database, scope, job_id, public_url=public_url, agent=agent, verdict=verdict, limit=1000, cursor=cursor
        )
        yield from page.data
        cursor = page.next_cursor
        if cursor is None:
            return


def list_errors(database: Database, scope: Scope, job_id: UUID, *, limit: int, cursor: str | None) -> Page[JobError]:
    at, after = decode_cursor(cursor, datetime, UUID) or (None, None)
    with database.batch(scope) as batch:
        job = batch.dicts(SQL["find_job_status"], {"id": job_id})
        pending = batch.dicts(SQL["list_errors"], {"job_id": job_id, "at": at, "after": after, "limit": limit + 1})
    if job.first() is None:
        raise JobNotFound()
    kept, following = part_of(pending.all(), limit, lambda row: (row["created_at"], row["id"]))
    return Page(data=[JobError.model_validate(row) for row in kept], next_cursor=following)


# Change -------------------------------------------------------------------------------------------------------------


def cancel_job(database: Database, scope: Scope, job_id: UUID) -> Changed:
    """Nothing further is triggered. What was finished is kept; what comes late is stored and marked."""
    _may_change(database, scope, job_id)
    with database.batch(scope) as batch:
        changed = batch.dicts(SQL["cancel_job"], {"id": job_id})
        batch.run(*audit_log.record("audit_job.cancelled", job_id=job_id))
        status = batch.dicts(SQL["find_job_status"], {"id": job_id})
    now_is = status.all()[0]["status"]
    result = changed.all()[0]
    if not result["changed"] and now_is != "cancelled":
        raise JobFinished(f"This run is already {now_is}; there is nothing left to cancel.")
    return Changed(status=now_is, agents=result["agents"])


def retry_job(database: Database, scope: Scope, job_id: UUID) -> Changed:
    """Start the failed agents again, in the same job."""
    row = _may_change(database, scope, job_id)
    if row["status"] not in ("completed", "failed"):
        raise JobFinished(f"This run is {row['status']}. Only a run that ended with failures can be retried.")
    limits = Limits.model_validate(database.value(scope, SQL["tenant_limits"]))
    with database.batch(scope) as batch:
        messages = batch.values(SQL["retry_job"], {"id": job_id, "gap": limits.pacing_seconds})
        batch.run(*audit_log.record("audit_job.retried", job_id=job_id))
    ids = messages.all()
    if not ids:
        raise NothingToRetry()
    outbox.send_soon(database, scope, ids)
    return Changed(status="running", agents=len(ids))


def change_cap(database: Database, scope: Scope, job_id: UUID, wish: CapChange, *, now: datetime) -> JobWithAgents:
    """What a run may cost from now on; one that waits for money goes on at once."""
    _may_change(database, scope, job_id)
    cap = None if wish.max_cost_usd is None else Decimal(str(wish.max_cost_usd))
    from sidedesk.audits import money  # with the model gateway, so only where it is asked for

    money.set_cap(database, scope, job_id, cap)
    return get_job(database, scope, job_id, now=now)


def _may_change(database: Database, scope: Scope, job_id: UUID) -> dict[str, Any]:
    rows = database.dicts(scope, SQL["job_row"], {"id": job_id})
    if not rows:
        raise JobNotFound()
    if rows[0]["created_by"] != (scope.email or scope.actor) and not allow(scope.role, "audits.review"):
        raise NotYourJob()
    return rows[0]

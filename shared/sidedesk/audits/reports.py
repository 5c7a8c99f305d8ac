"""What an engine says about its work: an agent's state and totals, a whole run's, or a crash."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from sidedesk.audits import closing, service
from sidedesk.audits.errors import JobNotFound
from sidedesk.audits.models import Applied, EngineError, Job, ProgressReport
from sidedesk.audits.repository import SQL
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope

TERMINAL = ("completed", "failed", "cancelled")
NO_RESULTS = "The run was reported as completed, but this agent sent no result."


def report(
    database: Database, scope: AnyScope, job_id: UUID, told: ProgressReport, *, public_url: str, now: datetime
) -> Applied:
    """Late and repeated reports are answered kindly: n8n repeats whatever is refused."""
    if told.intercom_admin_id:
        applied, reason = _agent(database, scope, job_id, told, public_url)
    else:
        applied, reason = _run(database, scope, job_id, told, public_url)
    return Applied(applied=applied, reason=reason, job=_job(database, scope, job_id, now))


def crash(database: Database, scope: AnyScope, told: EngineError, *, public_url: str) -> Applied:
    """A crash report knows only its execution; the agent it was for fails with its words."""
    rows = database.dicts(scope, SQL["agent_of_execution"], {"execution_id": told.n8n_execution_id})
    if not rows:
        return Applied(applied=False, reason="no agent belongs to this execution")
    agent = rows[0]
    where = f" (at {told.last_node})" if told.last_node else ""
    failed = fail_agent(
        database,
        scope,
        agent["job_id"],
        agent["intercom_admin_id"],
        f"The workflow crashed{where}: {told.error_message}",
        public_url=public_url,
    )
    return Applied(applied=failed, reason=None if failed else f"the agent is already {agent['status']}")


def fail_agent(
    database: Database,
    scope: AnyScope,
    job_id: UUID,
    admin_id: str,
    error: str,
    *,
    public_url: str,
    run_no: int | None = None,
) -> bool:
    """End one agent with a reason, and the run with it when it was the last."""
    failed = fail_agent_quietly(database, scope, job_id, admin_id, error, run_no=run_no)
    if failed:
        closing.close_if_done(database, scope, [job_id], public_url=public_url)
    return failed


def fail_agent_quietly(
    database: Database, scope: AnyScope, job_id: UUID, admin_id: str, error: str, *, run_no: int | None = None
) -> bool:
    """The same, leaving the run to the caller."""
    values = {"job_id": job_id, "admin_id": admin_id, "error": error[:2000], "run_no": run_no}
    return bool(database.values(scope, SQL["fail_agent"], values))


def _agent(
    database: Database, scope: AnyScope, job_id: UUID, told: ProgressReport, public_url: str
) -> tuple[bool, str | None]:
    agent = {"job_id": job_id, "admin_id": told.intercom_admin_id}
    values = agent | {
        "status": told.status,
        "total": told.total_conversations,
        "execution_id": told.n8n_execution_id,
        "error": told.error_message,
    }
    with database.batch(scope) as batch:
        changed = batch.values(SQL["report_agent"], values)
        batch.run(SQL["start_running"], {"job_id": job_id})
        batch.run(SQL["note_agent_failure"], agent)
        batch.commit()
        finished = batch.values(SQL["finish_agents"], {"job_ids": [job_id], "admin_ids": [told.intercom_admin_id]})
        facts = batch.dicts(SQL["dispatch_facts"], agent)
    status = changed.first()
    if status in TERMINAL or finished.all():
        closing.close_if_done(database, scope, [job_id], public_url=public_url)
    if status is not None:
        return True, None
    found = facts.first()
    if found is None:
        raise JobNotFound("There is no such agent in such a run.")
    if found["job_status"] in TERMINAL:
        return False, f"job is {found['job_status']}"
    return False, f"agent is {found['agent_status']}"


def _run(
    database: Database, scope: AnyScope, job_id: UUID, told: ProgressReport, public_url: str
) -> tuple[bool, str | None]:
    reported = told.model_dump(
        mode="json", exclude_none=True, include={"total_conversations", "completed_agents", "completed_conversations"}
    )
    with database.batch(scope) as batch:
        kept = batch.values(
            SQL["keep_reported"],
            {"job_id": job_id, "reported": Jsonb({f"reported_{k}": v for k, v in reported.items()})},
        )
        waiting = batch.values(SQL["never_started"], {"job_id": job_id})
    status = kept.first()
    if status is None:
        raise JobNotFound()
    if status in TERMINAL:
        return False, f"job is {status}"
    if told.status == "running":
        database.run(scope, SQL["start_running"], {"job_id": job_id})
    elif told.status == "failed":
        error = told.error_message or "The workflow reported a failure without saying why."
        return closing.abort(database, scope, job_id, error, public_url=public_url), None
    elif told.status == "completed":
        if never := waiting.first():
            return False, f"{never} agents were never started"
        database.run(scope, SQL["end_open_agents"], {"job_id": job_id, "error": NO_RESULTS})
        closing.close_if_done(database, scope, [job_id], public_url=public_url)
    elif told.status == "cancelled":
        return False, "a run is cancelled by a person"
    return True, None


def _job(database: Database, scope: AnyScope, job_id: UUID, now: datetime) -> Job:
    job = service.get_job(database, scope, job_id, now=now)
    return Job(**job.model_dump(exclude={"agents"}))

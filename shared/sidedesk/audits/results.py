"""Results come back: one conversation or up to a hundred, any number of times, in any order. Each counts once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from sidedesk.audits import closing, scoring
from sidedesk.audits.errors import JobNotFound
from sidedesk.audits.models import CallbackAnswer, Criterion, Result
from sidedesk.audits.repository import SQL
from sidedesk.platform.db import Database
from sidedesk.platform.errors import InvalidRequest
from sidedesk.platform.scope import AnyScope

MOST_AT_ONCE = 100
_CRITERIA: TypeAdapter[list[Criterion]] = TypeAdapter(list[Criterion])


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What never changes about a job, so a container may keep it: its scorecard version and its agents."""

    scorecard_id: UUID
    scorecard_version: int
    criteria: list[Criterion]
    pass_threshold: float
    agents: dict[str, tuple[str, str]]  # Intercom id -> (e-mail, name)
    by_email: dict[str, str]


# Keyed by actor too: what one key may see tells nothing about another's tenant.
_kept: dict[tuple[str, UUID], JobFacts] = {}
KEPT_AT_MOST = 200


def store(
    database: Database, scope: AnyScope, results: Sequence[Result], *, public_url: str, now: datetime
) -> CallbackAnswer:
    """Store what is new, replace what is newer, refuse by name what belongs to no run; then see who has finished."""
    if not 1 <= len(results) <= MOST_AT_ONCE:
        raise InvalidRequest.of("body", f"Send between 1 and {MOST_AT_ONCE} results.")
    facts = _facts(database, scope, {result.job for result in results if result.job})
    rows: dict[tuple[UUID, str], dict[str, Any]] = {}
    refused: list[dict[str, str]] = []
    for result in results:
        job = facts.get(result.job) if result.job else None
        admin_id = _agent(job, result) if job else None
        if job is None or admin_id is None:
            reason = "this agent is not in the run" if job else "there is no run with this id"
            refused.append({"conversation_id": result.conversation_id, "error": reason})
            continue
        row = _row(job, admin_id, result, now)
        key = (row["job_id"], row["conversation_id"])
        if key not in rows or _newer(row, rows[key]):
            rows[key] = row
    if not rows:
        raise JobNotFound("None of these results belongs to a run of yours.")
    stored = _write(database, scope, list(rows.values()), public_url=public_url)
    new = sum(row["is_new"] for row in stored)
    return CallbackAnswer(
        stored=new,
        updated=len(stored) - new,
        repeated=len(results) - len(refused) - len(stored),
        late=sum(row["late"] for row in stored),
        refused=refused,
    )


def _write(database: Database, scope: AnyScope, rows: list[dict[str, Any]], *, public_url: str) -> list[dict[str, Any]]:
    """Append, commit, then ask with a new snapshot whether an agent is through: one round trip."""
    agents = sorted({(row["job_id"], row["intercom_admin_id"]) for row in rows})
    touched = {"job_ids": [job for job, _ in agents], "admin_ids": [admin for _, admin in agents]}
    with database.batch(scope) as batch:
        stored = batch.dicts(SQL["store_results"], {"items": Jsonb(rows, dumps=_dumps)})
        batch.run(SQL["note_life"], touched)
        batch.commit()
        finished = batch.values(SQL["finish_agents"], touched)
    if done := finished.all():
        closing.close_if_done(database, scope, done, public_url=public_url)
    return stored.all()


def _facts(database: Database, scope: AnyScope, job_ids: set[UUID]) -> dict[UUID, JobFacts]:
    missing = [job_id for job_id in job_ids if (scope.actor, job_id) not in _kept]
    if missing:
        for row in database.dicts(scope, SQL["job_facts"], {"ids": missing}):
            if len(_kept) >= KEPT_AT_MOST:
                _kept.clear()
            agents = {admin_id: (email, name) for admin_id, email, name in row["agents"]}
            _kept[scope.actor, row["id"]] = JobFacts(
                scorecard_id=row["scorecard_id"],
                scorecard_version=row["scorecard_version"],
                criteria=_CRITERIA.validate_python(row["criteria"]),
                pass_threshold=float(row["pass_threshold"]),
                agents=agents,
                by_email={email: admin_id for admin_id, (email, _) in agents.items() if email},
            )
    return {job_id: _kept[scope.actor, job_id] for job_id in job_ids if (scope.actor, job_id) in _kept}


def _agent(job: JobFacts, result: Result) -> str | None:
    if result.intercom_admin_id:
        return result.intercom_admin_id if result.intercom_admin_id in job.agents else None
    return job.by_email.get(result.employee_email.strip().lower())


def _row(job: JobFacts, admin_id: str, result: Result, now: datetime) -> dict[str, Any]:
    email, name = job.agents[admin_id]
    outcome = "failed" if result.error is not None else "skipped" if result.skipped_reason else "completed"
    score = (
        scoring.score(job.criteria, result.ai_scorecard_data, job.pass_threshold) if outcome == "completed" else None
    )
    held = None
    if score is not None and (score.score is None or score.unreadable):
        held = "No score: " + (", ".join(score.unreadable) or "no criterion") + " could not be read."
    return {
        "job_id": result.job,
        "conversation_id": result.conversation_id,
        "intercom_admin_id": admin_id,
        "employee_email": email or result.employee_email.strip().lower(),
        "employee_name": name or result.employee_name,
        "scorecard_id": job.scorecard_id,
        "scorecard_version": job.scorecard_version,
        "audit_date": _moment(result.audit_date, now),
        "outcome": outcome,
        "score": score.score if score else None,
        "verdict": "held" if held else score.verdict if score else None,
        "held_reason": held,
        "ai_confidence_score": result.confidence,
        "ai_notes": result.ai_notes,
        "skipped_reason": result.skipped_reason,
        "error_message": result.error,
        "created_by": result.created_by,
        "revision": result.revision,
        "ai_scorecard_data": result.ai_scorecard_data,
        "evidence": {field: given.model_dump() for field, given in result.evidence.items()},
        "transcript": [turn.model_dump() for turn in result.transcript] if result.transcript is not None else None,
        "provenance": {"n8n_execution_id": result.n8n_execution_id, "engine": "n8n"},
        "meta": result.meta | ({"table_id": result.table_id} if result.table_id else {}),
    }


def _moment(value: datetime | date | None, now: datetime) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if value else now


def _newer(row: dict[str, Any], other: dict[str, Any]) -> bool:
    return (row["revision"], row["audit_date"]) > (other["revision"], other["audit_date"])


def _dumps(value: Any) -> str:
    import json

    return json.dumps(value, default=str)

"""Results come back: one conversation or up to a hundred, any number of times, in any order. Each counts once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg.types.json import Jsonb

from sidedesk.audits import closing, evidence, scoring
from sidedesk.audits.errors import JobNotFound
from sidedesk.audits.models import CRITERIA, CallbackAnswer, Criterion, Result
from sidedesk.audits.repository import SQL
from sidedesk.platform import outbox
from sidedesk.platform.db import Database
from sidedesk.platform.errors import InvalidRequest
from sidedesk.platform.outbox import Message
from sidedesk.platform.scope import AnyScope

if TYPE_CHECKING:
    from sidedesk.audits import guard

MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What never changes about a job, so a container may keep it: its scorecard version and its agents."""

    scorecard_id: UUID
    scorecard_version: int
    criteria: list[Criterion]
    pass_threshold: float
    agents: dict[str, tuple[str, str]]  # Intercom id -> (e-mail, name)
    by_email: dict[str, str]
    can_fetch: bool  # an Intercom is connected, so a transcript that was not sent can be had


@dataclass(frozen=True, slots=True)
class Own:
    """What we know of a result because our own judge made it."""

    provenance: Mapping[str, Any]
    held_reason: str | None = None


# Keyed by actor too: what one key may see tells nothing about another's tenant.
_kept: dict[tuple[str, UUID], JobFacts] = {}
KEPT_AT_MOST = 200


def store(
    database: Database,
    scope: AnyScope,
    results: Sequence[Result],
    *,
    public_url: str,
    now: datetime,
    own: Mapping[str, Own] | None = None,
) -> CallbackAnswer:
    """Store what is new, replace what is newer, refuse by name what belongs to no run; then see who has finished.

    `own` names by conversation what our own judge made; everything else was judged where nobody saw how.
    """
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
        row = _row(job, admin_id, result, now, (own or {}).get(result.conversation_id))
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
    again = [_second_reading(row) for row in rows if row["read_again"]]
    touched = {"job_ids": [job for job, _ in agents], "admin_ids": [admin for _, admin in agents]}
    with database.batch(scope) as batch:
        stored = batch.dicts(SQL["store_results"], {"items": Jsonb(rows, dumps=_dumps)})
        batch.run(SQL["note_life"], touched)
        if again:
            batch.run(*outbox.add(scope, again))
        batch.commit()
        finished = batch.values(SQL["finish_agents"], touched)
    if again:
        outbox.send_now(database, scope, again)
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
                criteria=CRITERIA.validate_python(row["criteria"]),
                pass_threshold=float(row["pass_threshold"]),
                agents=agents,
                by_email={email: admin_id for admin_id, (email, _) in agents.items() if email},
                can_fetch=row["can_fetch"],
            )
    return {job_id: _kept[scope.actor, job_id] for job_id in job_ids if (scope.actor, job_id) in _kept}


def _agent(job: JobFacts, result: Result) -> str | None:
    if result.intercom_admin_id:
        return result.intercom_admin_id if result.intercom_admin_id in job.agents else None
    return job.by_email.get(result.employee_email.strip().lower())


def _row(job: JobFacts, admin_id: str, result: Result, now: datetime, own: Own | None) -> dict[str, Any]:
    email, name = job.agents[admin_id]
    outcome = "failed" if result.error is not None else "skipped" if result.skipped_reason else "completed"
    seen = _seen(job, admin_id, result, own) if outcome == "completed" else _Seen()
    score = seen.score
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
        # What is held for a person has no score that anything could sum up.
        "score": score.score if score and not seen.held else None,
        "verdict": "held" if seen.held else score.verdict if score else None,
        "held_reason": seen.held,
        "ai_confidence_score": seen.checked.confidence(result.confidence) if seen.checked else result.confidence,
        "ai_notes": result.ai_notes,
        "skipped_reason": result.skipped_reason,
        "error_message": result.error,
        "created_by": result.created_by,
        "revision": result.revision,
        "ai_scorecard_data": result.ai_scorecard_data,
        "evidence": seen.checked.criteria if seen.checked else {},
        "transcript": [turn.model_dump() for turn in result.transcript] if result.transcript is not None else None,
        "provenance": dict(own.provenance) if own else _foreign(result, seen),
        "meta": result.meta | ({"table_id": result.table_id} if result.table_id else {}),
        "read_again": seen.read_again,
    }


@dataclass(frozen=True, slots=True)
class _Seen:
    """What code finds in a judged conversation: its score, true quotes, and reasons not to publish."""

    score: scoring.Score | None = None
    checked: evidence.Checked | None = None
    suspects: tuple[guard.Suspect, ...] = ()
    held: str | None = None
    read_again: bool = False


def _seen(job: JobFacts, admin_id: str, result: Result, own: Own | None) -> _Seen:
    values = result.ai_scorecard_data
    score = scoring.score(job.criteria, values, job.pass_threshold)
    checked = evidence.check(job.criteria, values, result.evidence, result.transcript, person=admin_id)
    if score.score is None or score.unreadable:
        held = "No score: " + (", ".join(score.unreadable) or "no criterion") + " could not be read."
        return _Seen(score, checked, held=held)
    if own is not None:
        return _Seen(score, checked, held=own.held_reason)
    from sidedesk.audits import guard  # its patterns are compiled for those who have a transcript to screen

    if suspects := tuple(guard.screen(result.transcript or ())):
        held = guard.held(suspects, "It is being read again without that line.")
        return _Seen(score, checked, suspects, held, read_again=True)
    quoted = any(told.quotes for told in result.evidence.values())
    return _Seen(score, checked, read_again=not result.transcript and quoted and job.can_fetch)


def _foreign(result: Result, seen: _Seen) -> dict[str, Any]:
    told: dict[str, Any] = {"n8n_execution_id": result.n8n_execution_id, "engine": "n8n"}
    if seen.suspects:
        score = seen.score.score if seen.score else None
        told["guard"] = {"hostile": True, "scores": [score], "suspects": [s.shown() for s in seen.suspects]}
    return told


def _second_reading(row: dict[str, Any]) -> Message:
    """Later, apart from the answer: with our own judge, or with the transcript from Intercom."""
    return Message.to_queue(
        "second_reading",
        {
            "job_id": str(row["job_id"]),
            "conversation_id": row["conversation_id"],
            "revision": row["revision"],
            "audit_date": row["audit_date"].isoformat(),
        },
    )


def _moment(value: datetime | date | None, now: datetime) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if value else now


def _newer(row: dict[str, Any], other: dict[str, Any]) -> bool:
    return (row["revision"], row["audit_date"]) > (other["revision"], other["audit_date"])


def _dumps(value: Any) -> str:
    import json

    return json.dumps(value, default=str)

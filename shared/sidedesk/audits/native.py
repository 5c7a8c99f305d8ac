"""The native engine: the steps of one agent's workflow. No n8n: Intercom and a model are enough.

list → next → judge each (some at a time) → next → … → finish. The workflow carries ids only; what is open is read from
rows each time, so a step may be repeated, killed between any two lines, or run late: what has a result is never judged
again, and what has none is handed out again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from sidedesk.ai.errors import CapReached, NoProvider
from sidedesk.ai.gateway import Deadline, Gateway
from sidedesk.audits import guard, judge, money, reports, results, transcript
from sidedesk.audits.judge import Card
from sidedesk.audits.models import CRITERIA, ProgressReport, Result
from sidedesk.audits.repository import SQL
from sidedesk.audits.results import Own
from sidedesk.audits.transcript import Chat
from sidedesk.clients.intercom import ConversationGone, Intercom, IntercomRefused
from sidedesk.platform.db import Database
from sidedesk.platform.errors import DomainError
from sidedesk.platform.observability import count, logger
from sidedesk.platform.scope import Scope

BATCH = 40
ATTEMPTS = 3
# A worker that died keeps its item this much longer than its own time.
LEASE_MARGIN_SECONDS = 5.0
FIRST_WAIT_SECONDS = 5
NOT_CONNECTED = "No Intercom is connected. Add it under Settings → Integrations, then retry."


class Work(BaseModel):
    """Whose conversations, of which run: the input of every step."""

    tenant_id: UUID
    job_id: UUID
    intercom_admin_id: str
    run_no: int = 1

    @property
    def scope(self) -> Scope:
        return Scope.system(self.tenant_id, "native_audit")

    @property
    def key(self) -> dict[str, Any]:
        return {"job_id": self.job_id, "admin_id": self.intercom_admin_id}


class Listed(BaseModel):
    cursor: str | None
    more: bool


class Next(BaseModel):
    """What the workflow does now: `go` with these, `wait` for others, `paused` at a cap, or `done` or `stopped` for good."""

    status: Literal["go", "wait", "paused", "done", "stopped"]
    conversation_ids: list[str] = []


@dataclass(frozen=True, slots=True)
class Tools:
    """What the steps need from outside. `gateway` makes one for one conversation."""

    database: Callable[[], Database]
    intercom: Callable[[Scope], Intercom | None]
    gateway: Callable[[Scope, UUID, Deadline], Gateway]
    public_url: str
    now: Callable[[], datetime]


# Steps ----------------------------------------------------------------------------------------------------------------


def list_conversations(tools: Tools, work: Work, cursor: str | None, until: float) -> Listed:
    """Page by page into rows, as far as the time allows; listing again from the start changes nothing."""
    facts = _facts(tools, work)
    intercom = tools.intercom(work.scope)
    if facts is None or intercom is None:
        if facts is not None:
            finish(tools, work, error=NOT_CONNECTED)
        return Listed(cursor=None, more=False)
    start, end = int(facts["range_start"].timestamp()), int(facts["range_end"].timestamp())
    while True:
        page = intercom.search(
            work.intercom_admin_id, start, end, written_by=facts["attribution"] != "assignee", cursor=cursor
        )
        with tools.database().batch(work.scope) as batch:
            batch.run(SQL["native_add_items"], work.key | {"ids": page.ids, "run_no": work.run_no})
            batch.run(SQL["native_still_working"], work.key)
        cursor = page.cursor
        if cursor is None:
            total = tools.database().value(work.scope, SQL["native_count"], work.key)
            _report(tools, work, status="running", total_conversations=total)
            return Listed(cursor=None, more=False)
        if time.monotonic() > until:
            return Listed(cursor=cursor, more=True)


def next_batch(tools: Tools, work: Work) -> Next:
    """What is still open, a batch of it; whoever failed too often gets a failed result with its reason."""
    facts = _row(tools, work)
    if facts is None or not _open(facts, work):
        # An agent whose last result came in is done by that.
        done = facts is not None and facts["agent_status"] == "completed" and facts["run_no"] == work.run_no
        return Next(status="done" if done else "stopped")
    if facts["paused_reason"] and not money.resume_if_room(tools.database(), work.scope, work.job_id):
        return Next(status="paused")
    rows = tools.database().dicts(work.scope, SQL["native_open_items"], work.key)
    free = [row for row in rows if not row["leased"]]
    if hopeless := [row for row in free if row["attempts"] >= ATTEMPTS]:
        _give_up(tools, work, hopeless)
    ready = [str(row["conversation_id"]) for row in free if row["attempts"] < ATTEMPTS]
    if ready:
        return Next(status="go", conversation_ids=ready[:BATCH])
    return Next(status="wait" if len(rows) > len(free) else "done")


def judge_conversation(tools: Tools, work: Work, conversation_id: str, deadline: Deadline) -> str:
    """One conversation from Intercom to its stored result. Returns what became of it."""
    item = work.key | {"conversation_id": conversation_id}
    lease = {"run_no": work.run_no, "seconds": max(0.0, deadline.left()) + LEASE_MARGIN_SECONDS}
    claimed = tools.database().dicts(work.scope, SQL["native_claim"], item | lease)
    if not claimed:
        return "nothing to do"
    facts = claimed[0]
    try:
        return _judge(tools, work, conversation_id, facts, deadline)
    except CapReached as refusal:
        money.pause(tools.database(), work.scope, work.job_id, refusal)
        _release(tools, work, item, refusal, seconds=0, give_back=1)
        return "paused"
    except (IntercomRefused, NoProvider) as error:
        # Nobody's conversation can be judged until a person changes something.
        _release(tools, work, item, error, seconds=0)
        finish(tools, work, error=error.message)
        return "stopped"
    except ConversationGone as error:
        return _store(tools, work, conversation_id, Result(**_identity(work, conversation_id), error=error.message))
    except DomainError as error:
        wait = error.retry_after or FIRST_WAIT_SECONDS * 2 ** (facts["attempts"] - 1)
        _release(tools, work, item, error, seconds=min(300, wait))
        logger.warning("conversation not judged", extra={"job": str(work.job_id), "code": error.code})
        return "again later"


def finish(tools: Tools, work: Work, *, error: str | None = None) -> bool:
    """The agent's own end, with what was really counted."""
    if error is not None:
        told = ProgressReport(intercom_admin_id=work.intercom_admin_id, status="failed", error_message=error[:2000])
        return reports.report(
            tools.database(), work.scope, work.job_id, told, public_url=tools.public_url, now=tools.now()
        ).applied
    total = tools.database().value(work.scope, SQL["native_own_results"], work.key)
    return _report(tools, work, status="completed", total_conversations=total)


# Inside ---------------------------------------------------------------------------------------------------------------


def _facts(tools: Tools, work: Work) -> dict[str, Any] | None:
    """None when there is nothing left to do."""
    row = _row(tools, work)
    return row if row is not None and _open(row, work) else None


def _row(tools: Tools, work: Work) -> dict[str, Any] | None:
    rows = tools.database().dicts(work.scope, SQL["native_facts"], work.key)
    return rows[0] if rows else None


def _open(row: dict[str, Any], work: Work) -> bool:
    """Not cancelled, not failed by the watchdog, and no newer run has taken over."""
    open_job = row["job_status"] in ("queued", "running")
    return open_job and row["agent_status"] in ("pending", "processing") and row["run_no"] == work.run_no


def _judge(tools: Tools, work: Work, conversation_id: str, facts: dict[str, Any], deadline: Deadline) -> str:
    intercom = tools.intercom(work.scope)
    if intercom is None:
        raise IntercomRefused(NOT_CONNECTED)
    chat = transcript.read(intercom.conversation(conversation_id))
    if not transcript.belongs_to(chat, work.intercom_admin_id, facts["attribution"]):
        tools.database().run(work.scope, SQL["native_drop"], work.key | {"conversation_id": conversation_id})
        return "not theirs"
    common = _identity(work, conversation_id) | {
        "audit_date": tools.now(),
        "created_by": facts["created_by"],
        "transcript": chat.turns,
        "missing_messages": chat.missing,
    }
    if reason := transcript.noise(chat, work.intercom_admin_id):
        return _store(tools, work, conversation_id, Result(**common, skipped_reason=reason))
    card = Card(
        CRITERIA.validate_python(facts["criteria"]),
        float(facts["pass_threshold"]),
        str(facts["scorecard_id"]),
        facts["scorecard_version"],
    )
    gateway = tools.gateway(work.scope, work.job_id, deadline)
    guarded = guard.judged(chat.turns, judge.reader(gateway, card, work.intercom_admin_id))
    reading = guarded.judgement
    result = Result(
        **common,
        ai_scorecard_data=dict(reading.marks),
        ai_confidence_score=reading.confidence,
        ai_notes=_notes(chat, reading.notes),
        evidence=dict(reading.evidence),
    )
    own = Own(
        provenance={"engine": "native", **reading.provenance, "guard": guarded.provenance()},
        held_reason=guarded.held_reason or reading.contradiction,
    )
    return _store(tools, work, conversation_id, result, own)


def _notes(chat: Chat, notes: str) -> str:
    if not chat.missing:
        return notes
    return f"Intercom hands out the newest messages only; {chat.missing} older ones were not read. {notes}"[:20_000]


def _identity(work: Work, conversation_id: str) -> dict[str, Any]:
    return {
        "conversation_id": conversation_id,
        "job_id": work.job_id,
        "intercom_admin_id": work.intercom_admin_id,
    }


def _store(tools: Tools, work: Work, conversation_id: str, result: Result, own: Own | None = None) -> str:
    """The very code that stores what n8n sends."""
    results.store(
        tools.database(),
        work.scope,
        [result],
        public_url=tools.public_url,
        now=tools.now(),
        own={conversation_id: own or Own({"engine": "native"})},
    )
    outcome = "failed" if result.error else "skipped" if result.skipped_reason else "judged"
    count(f"Conversations{outcome.title()}")
    return outcome


def _give_up(tools: Tools, work: Work, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), results.MOST_AT_ONCE):
        some = rows[start : start + results.MOST_AT_ONCE]
        failed = [
            Result(
                **_identity(work, row["conversation_id"]),
                error=f"Not judged after {row['attempts']} attempts: {row['last_error'] or 'the worker died each time.'}",
            )
            for row in some
        ]
        results.store(
            tools.database(),
            work.scope,
            failed,
            public_url=tools.public_url,
            now=tools.now(),
            own={result.conversation_id: Own({"engine": "native"}) for result in failed},
        )


def _release(
    tools: Tools, work: Work, item: dict[str, Any], error: DomainError, *, seconds: float, give_back: int = 0
) -> None:
    values = item | {"seconds": seconds, "give_back": give_back, "error": error.message[:1000]}
    tools.database().run(work.scope, SQL["native_release"], values)


def _report(tools: Tools, work: Work, **told: Any) -> bool:
    report = ProgressReport(intercom_admin_id=work.intercom_admin_id, **told)
    answer = reports.report(
        tools.database(), work.scope, work.job_id, report, public_url=tools.public_url, now=tools.now()
    )
    return answer.applied

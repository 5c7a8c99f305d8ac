"""The end of a run: closed once, told once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sidedesk.audits.repository import SQL
from sidedesk.platform import audit_log, notifications, outbox
from sidedesk.platform.db import Database, Transaction
from sidedesk.platform.notifications import Notice
from sidedesk.platform.outbox import Message
from sidedesk.platform.scope import AnyScope


def close_if_done(database: Database, scope: AnyScope, job_ids: Iterable[UUID], *, public_url: str) -> list[UUID]:
    """Close each run whose last agent has ended. Asked after the commit of what ended it, never inside."""
    closed = []
    for job_id in sorted(set(job_ids)):
        with database.transaction(scope) as transaction:
            if transaction.value(SQL["close_job"], {"job_id": job_id}) is None:
                continue
            messages = tell(transaction, scope, job_id, public_url=public_url)
        outbox.send_now(database, scope, messages)
        closed.append(job_id)
    return closed


def abort(database: Database, scope: AnyScope, job_id: UUID, error: str, *, public_url: str) -> bool:
    """The whole run is over: a crash or a configuration that lets nobody start."""
    with database.transaction(scope) as transaction:
        if transaction.value(SQL["abort_job"], {"job_id": job_id, "error": error}) is None:
            return False
        messages = tell(transaction, scope, job_id, public_url=public_url)
    outbox.send_now(database, scope, messages)
    return True


def tell(transaction: Transaction, scope: AnyScope, job_id: UUID, *, public_url: str) -> list[Message]:
    """Notices and mails, in the transaction that closed the run. One per person and run, whatever is repeated."""
    facts = transaction.dicts(SQL["closing_facts"], {"job_id": job_id})[0]
    messages = notifications.tell(transaction, scope, list(_notices(facts)), public_url=public_url)
    transaction.run(
        *audit_log.record(
            "audit_job.ended", job_id=job_id, status=facts["status"], conversations=facts["conversations"]
        )
    )
    return messages


def _notices(facts: dict[str, Any]) -> Iterable[Notice]:
    run = f"audit_job:{facts['id']}:{facts['run_no']}"
    if facts["notify_me_when_done"]:
        yield Notice(
            facts["created_by"],
            "audit_job",
            f"Audit {facts['status']}: {facts['scorecard_name']}",
            _summary(facts),
            f"#/audits/jobs/{facts['id']}",
            run,
        )
    if facts["notify_results_to_audited_people"] and facts["status"] == "completed":
        for person in facts["people"]:
            yield Notice(
                person["email"],
                "audit_results",
                f"{person['results']} of your chats were audited",
                f"Scorecard: {facts['scorecard_name']}. You see the sentence behind every mark, and you may contest it.",
                "#/audits/mine",
                f"{run}:results",
            )


def _summary(facts: dict[str, Any]) -> str:
    if facts["status"] == "failed":
        return f"The run was stopped: {facts['error_message']}"
    return (
        f"{facts['agents_completed']} succeeded, {facts['agents_failed']} failed. "
        f"{facts['conversations']} chats were audited."
    )

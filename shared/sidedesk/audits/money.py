"""At its cap a run pauses, says so, and goes on by itself when there is room again."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from psycopg.types.json import Jsonb

from sidedesk.ai import ledger
from sidedesk.ai.errors import CapReached
from sidedesk.audits.errors import JobFinished, JobNotFound
from sidedesk.audits.repository import SQL
from sidedesk.platform import audit_log
from sidedesk.platform.db import Database
from sidedesk.platform.observability import count
from sidedesk.platform.scope import AnyScope


def pause(database: Database, scope: AnyScope, job_id: UUID, refusal: CapReached) -> None:
    """Stop the run's clock and remember how little was left when a call was refused."""
    note = {"kind": refusal.kind, "left": str(refusal.cap_usd - refusal.taken_usd)}
    with database.batch(scope) as batch:
        paused = batch.values(SQL["pause_job"], {"job_id": job_id, "pause": Jsonb(note)})
        batch.run(*audit_log.record("audit_job.cap_reached", job_id=job_id, cap=refusal.kind))
    if paused.first():
        count("AuditJobsPaused")


def resume_if_room(database: Database, scope: AnyScope, job_id: UUID) -> bool:
    """Go on when more is left than when it was refused: a cap was raised, a month began, or a reservation came back."""
    note = database.value(scope, SQL["pause_note"], {"job_id": job_id})
    if note is None:
        return False
    of_month = note["kind"] == "month"
    budget = ledger.month_budget(database, scope) if of_month else ledger.job_budget(database, scope, job_id)
    if budget.left_usd is not None and budget.left_usd <= Decimal(note["left"]):
        return False
    return bool(database.values(scope, SQL["resume_job"], {"job_id": job_id}))


def set_cap(database: Database, scope: AnyScope, job_id: UUID, cap_usd: Decimal | None) -> None:
    """Change what a run may cost; a run that waits for it goes on at once."""
    with database.transaction(scope) as transaction:
        if transaction.value(SQL["set_max_cost"], {"job_id": job_id, "cap": cap_usd}) is None:
            if not transaction.dicts(SQL["find_job_status"], {"id": job_id}):
                raise JobNotFound()
            raise JobFinished("This run has ended; its cap cannot be changed any more.")
        transaction.run(*ledger.set_job_cap(job_id, cap_usd))
        transaction.run(*audit_log.record("audit_job.cap_changed", job_id=job_id, cap_usd=str(cap_usd)))
    resume_if_room(database, scope, job_id)

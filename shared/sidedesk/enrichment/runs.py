"""Runs: a list of conversations to be enriched, one summary, and the workflow that works it off.

A run's items are rows; everything told of a run is counted from them. The workflow is started after the rows are there,
by a name that makes a second start harmless; the watchdog starts it again when it died.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sidedesk.clients.n8n import Accepted
from sidedesk.clients.workflows import start as start_workflow
from sidedesk.conversations import service as conversations
from sidedesk.enrichment.errors import ConversationsMissing, NothingToRetry, RunNotFound, RunStillGoing
from sidedesk.enrichment.models import BulkEnrichAnswer, Progress, Result, RunAnswer, Summary
from sidedesk.enrichment.repository import SQL
from sidedesk.platform import audit_log
from sidedesk.platform.db import Database
from sidedesk.platform.observability import logger
from sidedesk.platform.scope import AnyScope, Scope

AT_ONCE = 10
# What a run may take at most: some time to begin, and so much for each conversation.
PATIENCE_SECONDS = 1_800.0
PATIENCE_EACH = {True: 90.0, False: 15.0}
_FIRST_LOOK, _LONGEST_LOOK = 0.15, 1.0


@dataclass(frozen=True, slots=True)
class Run:
    """A run with its items, as one snapshot shows it."""

    row: dict[str, Any]
    items: list[dict[str, Any]]

    @property
    def pending(self) -> int:
        return sum(item["status"] == "pending" for item in self.items)

    @property
    def over(self) -> bool:
        return self.pending == 0

    def summary(self, *, with_pending: bool) -> Summary:
        count = {name: sum(item["status"] == name for item in self.items) for name in ("enriched", "failed", "skipped")}
        return Summary(
            total=len(self.items),
            successful=count["enriched"],
            failed=count["failed"],
            skipped=count["skipped"],
            pending=self.pending if with_pending else None,
        )

    def results(self, *, with_category: bool) -> list[Result]:
        """Settled ids in the order of the asking. A repeated id tells how its first mention went."""
        first = {item["conversation_id"]: item["enrichment_status"] for item in self.items if not item["repeated"]}
        return [
            Result(
                conversationId=item["conversation_id"],
                status=item["status"],
                error=item["error_message"],
                enrichmentStatus=(first.get(item["conversation_id"]) if item["repeated"] else None)
                or item["enrichment_status"],
                error_category=item["error_category"] if with_category else None,
            )
            for item in self.items
            if item["status"] != "pending"
        ]

    def final(self) -> BulkEnrichAnswer:
        summary = self.summary(with_pending=False)
        return BulkEnrichAnswer(success=summary.failed == 0, summary=summary, results=self.results(with_category=False))

    def live(self, public_url: str, *, with_category: bool) -> RunAnswer:
        summary = self.summary(with_pending=True)
        done = summary.total - self.pending
        return RunAnswer(
            success=summary.failed == 0,
            summary=summary,
            results=self.results(with_category=with_category),
            run_id=self.row["id"],
            status="completed" if self.over else "running",
            status_url=f"{public_url}/api/conversations/bulk-enrich/{self.row['id']}",
            progress=Progress(
                done=done, total=summary.total, percent=100 * done // summary.total if summary.total else 100
            ),
            started_at=self.row["created_at"],
            finished_at=self.row["finished_at"] if self.over else None,
        )


def create(
    database: Database,
    scope: AnyScope,
    ids: Sequence[UUID],
    *,
    run_id: UUID,
    sequential: bool,
    batch_id: UUID | None = None,
    machine_arn: str,
) -> None:
    """Make the run and start its workflow. Made before, by the same wish: nothing is made twice."""
    standing = conversations.statuses(database, scope, ids)
    if missing := [one for one in dict.fromkeys(ids) if one not in standing]:
        raise ConversationsMissing(missing)
    seen: set[UUID] = set()
    repeated, skipped = [], []
    for one in ids:
        found = standing[one]
        done = found.enrichment_status == "completed" and found.enriched_from == found.raw_digest
        repeated.append(one in seen)
        skipped.append(one in seen or done or bool(found.leased))
        seen.add(one)
    values = {
        "id": run_id,
        "batch_job_id": batch_id,
        "sequential": sequential,
        "patience": PATIENCE_SECONDS + PATIENCE_EACH[sequential] * len(ids),
    }
    with database.batch(scope) as batch:
        made = batch.values(SQL["create_run"], values)
        batch.run(
            SQL["create_items"],
            {
                "run_id": run_id,
                "ids": list(ids),
                "repeated": repeated,
                "skipped": skipped,
                "statuses": [
                    standing[one].enrichment_status if skip else None for one, skip in zip(ids, skipped, strict=True)
                ],
            },
        )
        if batch_id is not None:
            batch.run(SQL["note_batch_run"], {"batch_id": batch_id, "run_id": run_id})
        batch.run(SQL["close_run"], {"run_id": run_id})
        batch.run(*audit_log.record("enrichment.run_started", run_id=run_id, conversations=len(ids), batch_id=batch_id))
    if made.first() and not all(skipped):
        start(database, scope, run_id, 1, sequential=sequential, machine_arn=machine_arn)


def start(
    database: Database, scope: AnyScope, run_id: UUID, execution_no: int, *, sequential: bool, machine_arn: str
) -> None:
    """Start the workflow under its name. What fails here is the watchdog's."""
    payload = {
        "tenant_id": str(scope.tenant_id),
        "run_id": str(run_id),
        "execution_no": execution_no,
        "concurrency": 1 if sequential else AT_ONCE,
    }
    answer = start_workflow(machine_arn, execution_name(run_id, execution_no), payload)
    if isinstance(answer, Accepted):
        database.run(scope, SQL["note_started"], {"run_id": run_id, "execution_no": execution_no})
    else:
        logger.warning(
            "a run waits for the watchdog to start it", extra={"run": str(run_id), "answer": type(answer).__name__}
        )


def execution_name(run_id: UUID, execution_no: int) -> str:
    return str(run_id) if execution_no == 1 else f"{run_id}-{execution_no}"


def find(database: Database, scope: AnyScope, run_id: UUID) -> Run:
    """A run as it is now; one whose last item is settled is closed on the way."""
    with database.batch(scope) as batch:
        batch.run(SQL["close_run"], {"run_id": run_id})
        row = batch.dicts(SQL["run"], {"run_id": run_id})
        items = batch.dicts(SQL["run_items"], {"run_id": run_id})
    found = row.first()
    if found is None:
        raise RunNotFound()
    return Run(found, items.all())


def wait(
    database: Database, scope: AnyScope, run_id: UUID, seconds: float, sleep: Callable[[float], None] = time.sleep
) -> Run:
    """The run when it is over, or as it is when the time is."""
    end, pause = time.monotonic() + seconds, _FIRST_LOOK
    while True:
        run = find(database, scope, run_id)
        left = end - time.monotonic()
        if run.over or left <= 0:
            return run
        sleep(min(pause, left))
        pause = min(_LONGEST_LOOK, pause * 1.5)


def retry(database: Database, scope: Scope, run_id: UUID, *, machine_arn: str) -> None:
    """Only what failed, in the same run."""
    run = find(database, scope, run_id)
    if not run.over:
        raise RunStillGoing()
    failed = sum(item["status"] == "failed" for item in run.items)
    if not failed:
        raise NothingToRetry()
    sequential = bool(run.row["sequential"])
    values = {"run_id": run_id, "patience": PATIENCE_SECONDS + PATIENCE_EACH[sequential] * failed}
    with database.transaction(scope) as transaction:
        opened = transaction.dicts(SQL["retry_run"], values)
        if not opened:
            raise RunStillGoing()
        transaction.run(*audit_log.record("enrichment.run_retried", run_id=run_id, conversations=opened[0]["items"]))
    start(database, scope, run_id, opened[0]["execution_no"], sequential=sequential, machine_arn=machine_arn)

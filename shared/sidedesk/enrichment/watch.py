"""The watchdog: whatever was killed or lost, every run and every batch ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sidedesk.clients import workflows
from sidedesk.enrichment import batches, runs, steps
from sidedesk.enrichment.repository import SQL
from sidedesk.platform.db import Database
from sidedesk.platform.observability import count, logger
from sidedesk.platform.scope import Scope

OVERDUE: Final = "It did not end in the time that its run had. Retry it."
GIVEN_UP: Final = "The workflow of its run died several times. Retry it; if it goes on, look at the workflow's log."
BATCH_OVERDUE: Final = "It was not made in the time that its batch had."


@dataclass(frozen=True, slots=True)
class Watched:
    restarted: int
    failed: int


def watch_all(database: Database, machine_arn: str) -> Watched:
    """Every tenant with something open; one tenant's trouble is not the others'."""
    restarted = failed = 0
    for tenant_id in database.values(None, "SELECT sweep.tenants_with_open_enrichment()"):
        try:
            seen = watch(database, tenant_id, machine_arn)
        except Exception:
            logger.exception("watchdog failed for a tenant", extra={"tenant": str(tenant_id)})
            count("WatchdogFailed")
            continue
        restarted += seen.restarted
        failed += seen.failed
    return Watched(restarted, failed)


def watch(database: Database, tenant_id: UUID, machine_arn: str) -> Watched:
    """End what is overdue, start again what died, close what has nothing open."""
    scope = Scope.system(tenant_id, "watch_runs")
    failed = 0
    for run_id in database.values(scope, SQL["overdue_runs"]):
        failed += _end(database, scope, run_id, OVERDUE)
    restarted = 0
    for run in database.dicts(scope, SQL["running_runs"]):
        if runs.find(database, scope, run["id"]).over:
            continue
        status = workflows.status(machine_arn, runs.execution_name(run["id"], run["execution_no"]))
        if status == "MISSING":
            runs.start(
                database, scope, run["id"], run["execution_no"], sequential=run["sequential"], machine_arn=machine_arn
            )
            restarted += 1
        elif status not in ("RUNNING", "PENDING_REDRIVE", "UNKNOWN"):
            values = {"run_id": run["id"], "execution_no": run["execution_no"]}
            following = database.values(scope, SQL["next_execution"], values)
            if following:
                runs.start(
                    database, scope, run["id"], following[0], sequential=run["sequential"], machine_arn=machine_arn
                )
                restarted += 1
            else:
                failed += _end(database, scope, run["id"], GIVEN_UP)
    _batches(database, scope, machine_arn)
    return Watched(restarted, failed)


def _end(database: Database, scope: Scope, run_id: UUID, message: str) -> int:
    open_ids = database.values(scope, SQL["open_items"], {"run_id": run_id})
    for start in range(0, len(open_ids), steps.CHUNK):
        steps.fail_items(database, scope, run_id, open_ids[start : start + steps.CHUNK], "timeout", message)
    runs.find(database, scope, run_id)
    logger.warning("a run was ended", extra={"run": str(run_id), "open": len(open_ids)})
    return len(open_ids)


def _batches(database: Database, scope: Scope, machine_arn: str) -> None:
    database.run(scope, SQL["fail_overdue_batches"], {"error": BATCH_OVERDUE})
    for batch_id in database.values(scope, SQL["running_batches"]):
        batches.close(database, scope, batch_id, machine_arn=machine_arn)
    for batch_id in database.values(scope, SQL["batch_to_enrich"]):
        batches.enrich_made(database, scope, batch_id, machine_arn=machine_arn)

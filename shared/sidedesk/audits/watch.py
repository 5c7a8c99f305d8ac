"""The watchdog: whatever was killed or lost, every run ends."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sidedesk.audits import closing
from sidedesk.audits.repository import SQL
from sidedesk.platform import outbox
from sidedesk.platform.db import Database
from sidedesk.platform.observability import count, logger
from sidedesk.platform.run_limits import Limits
from sidedesk.platform.scope import Scope

# A turn that passed this long ago without any try: its message, or its worker, is gone.
LOST_AFTER_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Watched:
    failed: int
    closed: int


def watch_all(database: Database, *, public_url: str) -> Watched:
    """Every tenant with open runs; one tenant's trouble is not the others'."""
    failed = closed = 0
    for tenant_id in database.values(None, "SELECT sweep.tenants_with_open_jobs()"):
        try:
            seen = watch(database, tenant_id, public_url=public_url)
        except Exception:
            logger.exception("watchdog failed for a tenant", extra={"tenant": str(tenant_id)})
            count("WatchdogFailed")
            continue
        failed += seen.failed
        closed += seen.closed
    return Watched(failed, closed)


def watch(database: Database, tenant_id: UUID, *, public_url: str) -> Watched:
    """Fail who is silent, finish who has all results, close what has no open agent."""
    scope = Scope.system(tenant_id, "watch_jobs")
    limits = Limits.model_validate(database.value(scope, SQL["tenant_limits"]))
    minutes = limits.agent_timeout_minutes
    finishable = database.dicts(scope, SQL["finishable_agents"])
    with database.batch(scope) as batch:
        if finishable:
            batch.run(
                SQL["finish_agents"],
                {
                    "job_ids": [row["job_id"] for row in finishable],
                    "admin_ids": [row["intercom_admin_id"] for row in finishable],
                },
            )
        silent = batch.dicts(
            SQL["fail_silent"],
            {
                "minutes": minutes,
                "silent": f"No sign of life for {minutes} minutes. Results that arrived before are kept; retry this agent.",
                "never": f"This agent was never started within {minutes} minutes of its turn. Retry it.",
            },
        )
        lost = batch.values(
            SQL["nudge_lost"],
            {"grace": limits.trigger_grace_seconds, "patience": LOST_AFTER_SECONDS, "gap": limits.pacing_seconds},
        )
        batch.commit()
        closable = batch.values(SQL["closable_jobs"])
    closed = closing.close_if_done(database, scope, closable.all(), public_url=public_url)
    if nudged := lost.all():
        logger.warning("turns given anew", extra={"tenant": str(tenant_id), "agents": len(nudged)})
        outbox.send_soon(database, scope, nudged)
    failed = silent.all()
    if failed:
        count("AgentsTimedOut", len(failed))
    return Watched(len(failed), len(closed))

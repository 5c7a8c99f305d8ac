"""Audit runs to measure on, made by the service that people's requests reach."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from sidedesk.audits import service
from sidedesk.audits.models import Result, StartRequest
from sidedesk.platform import outbox
from sidedesk.platform.db import Database
from sidedesk.platform.identity import parse_service_key
from sidedesk.platform.scope import ServiceScope
from tests.support.audits import CRITERIA
from tests.support.world import Tenant, World

REASON = "The customer asked twice for a date and was told to wait; the second answer named one and apologised. "
DOCUMENT = {"greeting": "yes", "empathy": 4, "accuracy": 5}


def leave_the_outbox_alone() -> None:
    """What leaves the database is measured by the sender's section."""
    outbox.send_soon = lambda *_: None


def people(world: World, count: int) -> list[str]:
    """So many employees known to Intercom."""
    ids = [str(10_000 + number) for number in range(count)]
    world.database.run(
        world.northwind.system,
        "INSERT INTO employees (tenant_id, name, email, intercom_admin_id) "
        "SELECT current_tenant(), 'Agent ' || id, 'agent' || id || '@northwind.example', id FROM unnest(%(ids)s::text[]) AS id "
        "ON CONFLICT ON CONSTRAINT employees_intercom_unique DO NOTHING",
        {"ids": ids},
    )
    return ids


def scorecard(world: World) -> UUID:
    """A scorecard of three criteria."""
    from sidedesk.audits import scorecards
    from sidedesk.audits.models import ScorecardWrite

    body = ScorecardWrite.model_validate(
        {"name": f"Support {uuid4().hex[:8]}", "criteria": CRITERIA, "pass_threshold": 80}
    )
    return scorecards.create(world.database, world.northwind.scope("admin"), uuid4(), body).id


def wish(card: UUID, ids: Sequence[str], day: int = 0) -> StartRequest:
    """A request to start; another `day` makes it another wish."""
    start = date(2001, 1, 1) + timedelta(days=day)
    return StartRequest(
        scorecard_id=card, start_date=start, end_date=start, intercom_admin_ids=list(ids), notify_me_when_done=True
    )


def start(database: Database, tenant: Tenant, ask: StartRequest) -> UUID:
    job_id = uuid4()
    service.start_job(database, tenant.scope("member"), ask, job_id=job_id, now=datetime.now(UTC))
    return job_id


def start_run(world: World, agents: int) -> UUID:
    """One run under way."""
    leave_the_outbox_alone()
    return start(world.database, world.northwind, wish(scorecard(world), people(world, agents)))


def announce(world: World, total: int) -> None:
    """Every agent of every run has said how many conversations are to come."""
    world.sql("UPDATE massive_ai_audit_progress SET total_conversations = %s, status = 'processing'", (total,))
    world.sql("UPDATE massive_ai_audit_jobs SET status = 'running'")


def machine(key: str) -> ServiceScope:
    """A callback's scope: new for each call, proven by its first statement."""
    claimed = parse_service_key(key)
    return ServiceScope(claimed.key_id, claimed.digest, "audits.callback", str(uuid4()))


def result(job_id: UUID, admin_id: str, conversation: str) -> Result:
    """What a workflow reports about one conversation, as large as it usually is."""
    return Result.model_validate(
        {
            "job_id": job_id,
            "intercom_admin_id": admin_id,
            "conversation_id": conversation,
            "ai_scorecard_data": DOCUMENT,
            "ai_confidence_score": 0.9,
            "ai_notes": REASON * 2,
            "audit_date": "2026-10-08T09:00:00Z",
            "evidence": {name: {"reason": REASON, "quotes": [REASON[:60]]} for name in DOCUMENT},
        }
    )

"""How the functions of enrichment get their models."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from sidedesk.ai.gateway import Deadline, Gateway, Redactor
from sidedesk.enrichment import batches, steps
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope


def gateway(
    database: Database, scope: AnyScope, job_id: UUID | None, deadline: Deadline, redactor: Redactor | None
) -> Gateway:
    """One conversation's gateway: its memory of personal data ends with it."""
    return Gateway(database, scope, deadline=deadline, job_id=job_id, redactor=redactor)


def step_tools(database: Callable[[], Database]) -> steps.Tools:
    """What the workflow's steps work with; nothing connects before it is used."""
    return steps.Tools(
        database=database,
        gateway=lambda scope, job_id, deadline, redactor: gateway(database(), scope, job_id, deadline, redactor),
        now=lambda: datetime.now(UTC),
    )


def batch_tools(database: Callable[[], Database], machine_arn: str) -> batches.Tools:
    """What making conversations needs."""
    return batches.Tools(
        database=database,
        gateway=lambda scope, job_id, deadline, redactor: gateway(database(), scope, job_id, deadline, redactor),
        machine_arn=machine_arn,
    )

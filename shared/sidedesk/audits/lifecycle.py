"""What audits tell the workers that visit every capability: first rows, erasure, export, dead messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID, uuid5

from psycopg.types.json import Jsonb

from sidedesk.audits import reports
from sidedesk.audits.models import Choice, Criterion
from sidedesk.audits.repository import SQL
from sidedesk.platform.capability import Capability
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope, Scope
from sidedesk.platform.settings import LinkSettings, cached
from sidedesk.platform.streams import rows_of

FIRST_SCORECARD: Final = "Support quality"
CRITERIA: Final = (
    Criterion(
        id="greeting",
        label="Greets the customer",
        type="yes_no",
        weight=1,
        guidance="The agent's first message greets the customer.",
    ),
    Criterion(
        id="empathy",
        label="Shows empathy",
        weight=2,
        guidance="Acknowledges the customer's situation in their own words, without blaming anyone.",
    ),
    Criterion(
        id="accuracy",
        label="Answers the question",
        weight=3,
        critical=True,
        guidance="The question is answered completely and correctly, or a clear next step with a time is named.",
    ),
    Criterion(
        id="promises",
        label="Promises nothing it cannot keep",
        type="yes_no",
        weight=2,
        guidance="No guarantee, refund or date is promised that the agent cannot give. Yes means none was.",
    ),
    Criterion(
        id="closing",
        label="Closes well",
        type="choice",
        weight=1,
        guidance="How the conversation ends on the agent's side.",
        options=[
            Choice(value="offered_help", label="Offers further help", points=2),
            Choice(value="plain", label="Ends politely", points=1),
            Choice(value="abrupt", label="Ends abruptly", points=0),
        ],
    ),
)
PASS_THRESHOLD: Final = 75

_HAS_SCORECARD: Final = "SELECT true FROM scorecards LIMIT 1"
# Scores and figures stay, without the person they were about.
_ERASE: Final[dict[str, str]] = {
    "employees": "UPDATE employees SET name = 'Forgotten person', email = '', team = '', active = false WHERE lower(email) = %(s)s",
    "massive_ai_audit_progress": "UPDATE massive_ai_audit_progress SET employee_email = '', employee_name = '' "
    "WHERE lower(employee_email) = %(s)s",
    # Whoever wrote in a conversation, agent or customer: the words go, the marks stay.
    "audit_documents": "UPDATE audit_documents SET transcript = NULL, evidence = '{}', meta = '{}' WHERE assignment_id IN "
    "(SELECT id FROM audit_assignments WHERE lower(employee_email) = %(s)s) "
    "OR position(%(s)s IN lower(transcript::text)) > 0 OR position(%(s)s IN lower(evidence::text)) > 0",
    "audit_assignments": "UPDATE audit_assignments SET employee_email = '', employee_name = '', ai_notes = '' "
    "WHERE lower(employee_email) = %(s)s",
    "massive_ai_audit_jobs": "UPDATE massive_ai_audit_jobs SET created_by = 'forgotten', payload_snapshot = payload_snapshot - 'agents' "
    "WHERE lower(created_by) = %(s)s OR position(%(s)s IN lower(payload_snapshot::text)) > 0",
    "audit_disputes": "UPDATE audit_disputes SET opened_by = 'forgotten', reason = 'Erased.' WHERE lower(opened_by) = %(s)s",
    "audit_disputes_resolved": "UPDATE audit_disputes SET resolved_by = 'forgotten' WHERE lower(resolved_by) = %(s)s",
    "audit_reviews": "UPDATE audit_reviews SET reviewer = 'forgotten-' || id, note = '' WHERE lower(reviewer) = %(s)s",
}
_TABLES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("employees", ("id",)),
    ("scorecards", ("id",)),
    ("scorecard_versions", ("scorecard_id", "version")),
    ("massive_ai_audit_jobs", ("id",)),
    ("massive_ai_audit_progress", ("job_id", "intercom_admin_id")),
    ("massive_ai_audit_errors", ("id",)),
    ("audit_native_items", ("job_id", "intercom_admin_id", "conversation_id")),
    ("audit_assignments", ("id",)),
    ("audit_documents", ("assignment_id",)),
    ("audit_disputes", ("id",)),
    ("audit_reviews", ("id",)),
)


def seed_tenant(database: Database, scope: Scope) -> None:
    """A scorecard to begin with, so that the first run needs no homework."""
    if database.value(scope, _HAS_SCORECARD):
        return
    values = {
        "id": uuid5(scope.tenant_id, FIRST_SCORECARD),
        "name": FIRST_SCORECARD,
        "criteria": Jsonb([criterion.model_dump() for criterion in CRITERIA]),
        "pass_threshold": PASS_THRESHOLD,
    }
    database.run(scope, SQL["create_scorecard"], values)


def forget(database: Database, scope: AnyScope, subject: str) -> dict[str, int]:
    with database.batch(scope) as batch:
        touched = {table: batch.run(statement, {"s": subject}) for table, statement in _ERASE.items()}
    return {table: done.count() for table, done in touched.items()}


def export(database: Database, scope: AnyScope) -> Iterator[tuple[str, dict[str, Any]]]:
    for table, key in _TABLES:
        yield from rows_of(database, scope, table, key)


def trigger_died(database: Database, scope: Scope, payload: dict[str, Any]) -> None:
    """A message nobody could handle: its agent fails, so that the run never waits for it."""
    reports.fail_agent(
        database,
        scope,
        UUID(payload["job_id"]),
        str(payload["intercom_admin_id"]),
        "Starting this agent failed several times and was given up. Retry it; if it goes on, look at the dead letters.",
        public_url=cached(LinkSettings).public_url,
        run_no=int(payload.get("run_no", 1)),
    )


def second_reading_died(database: Database, scope: Scope, payload: dict[str, Any]) -> None:
    """An audit that waits for a reading nobody could make must not say that it still waits."""
    values = {"job_id": UUID(payload["job_id"]), "conversation_id": str(payload["conversation_id"])}
    database.run(scope, SQL["second_reading_gave_up"], values)


CAPABILITY: Final = Capability(
    "audits",
    seed_tenant=seed_tenant,
    forget=forget,
    export=export,
    dead_letters={"trigger_agent": trigger_died, "second_reading": second_reading_died},
)

"""What the functions of enrichment offer to people: start, look, retry; reports; the published schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sidedesk.conversations import service as conversations
from sidedesk.enrichment import runs
from sidedesk.enrichment.errors import NoReport, OtherUser
from sidedesk.enrichment.models import BulkEnrichAnswer, BulkEnrichRequest, Findings, RunAnswer
from sidedesk.enrichment.repository import SQL
from sidedesk.enrichment.validation import Finding
from sidedesk.platform.db import Database
from sidedesk.platform.errors import NotFound
from sidedesk.platform.scope import AnyScope, Scope

# What is answered while a caller waits; the rest of the gateway's patience is ours to answer in.
WAIT_SECONDS = 20.0


def bulk_enrich(database: Database, scope: Scope, wish: BulkEnrichRequest, *, run_id: UUID, machine_arn: str) -> None:
    """Who asks is known from the token; an id in the body may only say the same."""
    if wish.userId is not None and wish.userId != scope.actor:
        raise OtherUser()
    start(database, scope, wish.conversationIds, run_id=run_id, sequential=wish.sequential, machine_arn=machine_arn)


def start(
    database: Database, scope: Scope, ids: Sequence[UUID], *, run_id: UUID, sequential: bool, machine_arn: str
) -> None:
    runs.create(database, scope, ids, run_id=run_id, sequential=sequential, machine_arn=machine_arn)


def answer(
    database: Database, scope: Scope, run_id: UUID, *, seconds: float, public_url: str
) -> BulkEnrichAnswer | RunAnswer:
    """The final answer if the run ends within the time, else how far it is."""
    run = runs.wait(database, scope, run_id, seconds) if seconds > 0 else runs.find(database, scope, run_id)
    return run.final() if run.over and seconds > 0 else run.live(public_url, with_category=False)


def report(database: Database, scope: AnyScope, conversation_id: UUID) -> Findings:
    """The newest validation of a conversation."""
    standing = conversations.statuses(database, scope, [conversation_id]).get(conversation_id)
    if standing is None:
        raise NotFound("There is no such conversation.")
    rows: list[dict[str, Any]] = database.dicts(scope, SQL["report"], {"id": conversation_id})
    if not rows:
        raise NoReport()
    return Findings(
        conversation_id=conversation_id,
        checked_at=rows[0]["checked_at"],
        outdated=rows[0]["raw_digest"] != standing.raw_digest,
        findings=[Finding.model_validate(finding) for finding in rows[0]["findings"]],
    )

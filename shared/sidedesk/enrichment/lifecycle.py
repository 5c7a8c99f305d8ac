"""What enrichment tells the workers that visit every capability: export, erasure, dead messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from sidedesk.enrichment import batches
from sidedesk.platform.capability import Capability
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope, Scope
from sidedesk.platform.settings import EnrichmentSettings, cached
from sidedesk.platform.streams import rows_of

_TABLES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("enrichment_runs", ("id",)),
    ("enrichment_run_items", ("run_id", "position")),
    ("enrichment_reports", ("conversation_id",)),
    ("enrichment_windows", ("conversation_id", "number")),
    ("batch_jobs", ("id",)),
    ("batch_items", ("id",)),
)
# Reports and windows go with their conversation. Topics and reports are people's words: whoever is named in them is taken out.
_ERASE: Final[dict[str, str]] = {
    "enrichment_runs": "UPDATE enrichment_runs SET created_by = 'forgotten' WHERE lower(created_by) = %(s)s",
    "batch_jobs": "UPDATE batch_jobs SET created_by = CASE WHEN lower(created_by) = %(s)s THEN 'forgotten' ELSE created_by END, "
    "topics = CASE WHEN position(%(s)s IN lower(topics::text)) > 0 THEN '{erased}' ELSE topics END "
    "WHERE lower(created_by) = %(s)s OR position(%(s)s IN lower(topics::text)) > 0",
    "batch_items": "UPDATE batch_items SET topic = 'erased', error = CASE WHEN error IS NULL THEN NULL ELSE 'Erased.' END "
    "WHERE position(%(s)s IN lower(topic)) > 0 OR position(%(s)s IN lower(error)) > 0",
    "enrichment_run_items": "UPDATE enrichment_run_items SET error_message = 'Erased.' WHERE position(%(s)s IN lower(error_message)) > 0",
    "enrichment_reports": "DELETE FROM enrichment_reports WHERE position(%(s)s IN lower(findings::text)) > 0",
    "enrichment_windows": "DELETE FROM enrichment_windows WHERE position(%(s)s IN lower(answer::text)) > 0",
}


def forget(database: Database, scope: AnyScope, subject: str) -> dict[str, int]:
    with database.batch(scope) as batch:
        touched = {table: batch.run(statement, {"s": subject}) for table, statement in _ERASE.items()}
    return {table: done.count() for table, done in touched.items()}


def export(database: Database, scope: AnyScope) -> Iterator[tuple[str, dict[str, Any]]]:
    for table, key in _TABLES:
        yield from rows_of(database, scope, table, key)


def generation_died(database: Database, scope: Scope, payload: dict[str, Any]) -> None:
    """A message nobody could handle: its item fails, so that the batch never waits for it."""
    reason = "Making this conversation failed several times and was given up. Look at the dead letters."
    batch_id = batches.settle(database, scope, UUID(payload["item_id"]), error=reason)
    if batch_id is not None:
        # Starting a run needs the workflow; where this function has no right to it, the watchdog does it.
        batches.close(database, scope, batch_id, machine_arn=cached(EnrichmentSettings).enrich_conversations_arn)


CAPABILITY: Final = Capability(
    "enrichment", forget=forget, export=export, dead_letters={batches.QUEUE: generation_died}
)

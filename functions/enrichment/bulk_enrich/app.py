"""Enrichment routes: runs over conversations, batches of made-up ones, reports, and the published schema."""

import json
from typing import Annotated
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from sidedesk.ai.deadline import Deadline
from sidedesk.enrichment import batches, runs, service
from sidedesk.enrichment.models import (
    Batch,
    BatchItems,
    BatchRequest,
    BulkEnrichAnswer,
    BulkEnrichRequest,
    Findings,
    Generated,
    GenerateRequest,
    ItemStatus,
    RunAnswer,
    plain,
)
from sidedesk.platform.context import database
from sidedesk.platform.http import Api
from sidedesk.platform.http_errors import Direct
from sidedesk.platform.models import Page
from sidedesk.platform.settings import EnrichmentSettings, LinkSettings, load

api = Api()
links = load(LinkSettings)
machine_arn = load(EnrichmentSettings).enrich_conversations_arn
EITHER = {
    200: {"description": "The run is over.", "content": {"application/json": {"model": BulkEnrichAnswer}}},
    202: {"description": "The run goes on.", "content": {"application/json": {"model": RunAnswer}}},
}


def told(run_id: UUID) -> Direct:
    """200 when the run ended while the caller waited, else 202; 202 at once for who prefers that."""
    left = api.resolver.lambda_context.get_remaining_time_in_millis() / 1000 - 3
    at_once = "respond-async" in api.resolver.current_event.headers.get("prefer", "")
    seconds = 0 if at_once else min(service.WAIT_SECONDS, left)
    found = service.answer(database(), api.person_scope, run_id, seconds=seconds, public_url=links.public_url)
    status = 202 if isinstance(found, RunAnswer) else 200
    headers = {"Location": found.status_url} if isinstance(found, RunAnswer) else {}
    return Direct(Response(status, "application/json", json.dumps(plain(found)), headers=headers))


@api.post("/api/conversations/bulk-enrich", allow="enrichment.run", responses=EITHER)
def bulk_enrich(body: BulkEnrichRequest) -> BulkEnrichAnswer:
    """Enrich up to 100 conversations. Waits for the end of the run, or answers 202 with where to look."""
    run_id = api.new_id("enrichment_run")
    service.bulk_enrich(database(), api.person_scope, body, run_id=run_id, machine_arn=machine_arn)
    raise told(run_id)


@api.get("/api/conversations/bulk-enrich/<run_id>", allow="enrichment.read")
def get_run(run_id: UUID) -> RunAnswer:
    """A run as it is now, with the category of each error."""
    found = runs.find(database(), api.scope, run_id).live(links.public_url, with_category=True)
    raise Direct(Response(200, "application/json", json.dumps(plain(found))))


@api.post("/api/conversations/bulk-enrich/<run_id>/retry", allow="enrichment.run", responses=EITHER)
def retry_run(run_id: UUID) -> BulkEnrichAnswer:
    """Enrich what failed in this run again, and nothing else."""
    runs.retry(database(), api.person_scope, run_id, machine_arn=machine_arn)
    raise told(run_id)


@api.post("/api/conversations/<conversation_id>/enrich", allow="enrichment.run", responses=EITHER)
def enrich_one(conversation_id: UUID) -> BulkEnrichAnswer:
    """Enrich one conversation: a run of one."""
    run_id = api.new_id("enrichment_run")
    ids = [conversation_id]
    service.start(database(), api.person_scope, ids, run_id=run_id, sequential=True, machine_arn=machine_arn)
    raise told(run_id)


@api.get("/api/conversations/<conversation_id>/findings", allow="enrichment.read")
def get_findings(conversation_id: UUID) -> Findings:
    """Everything that validation found in a conversation's raw document."""
    return service.report(database(), api.scope, conversation_id)


@api.post("/api/conversations/generate", allow="enrichment.run", status_code=201, limit="30/minute")
def generate(body: GenerateRequest) -> Generated:
    """Make up one conversation on a topic."""
    from sidedesk.enrichment import wiring  # the model client: only this route waits for one

    deadline = Deadline.of(api.resolver.lambda_context, keep_seconds=3)
    gateway = wiring.gateway(database(), api.person_scope, None, deadline, None)
    name = api.new_id("conversation")
    return batches.generate_one(database(), api.person_scope, body, conversation_name=name, gateway=gateway)


@api.post("/api/conversations/batch", allow="enrichment.run", status_code=202)
def create_batch(body: BatchRequest) -> Batch:
    """Make up many conversations by topics, in the background."""
    return batches.create(database(), api.person_scope, body, batch_id=api.new_id("batch"))


@api.get("/api/conversations/batch", allow="enrichment.read")
def list_batches(limit: Annotated[int, Query(ge=1, le=100)] = 25, cursor: str | None = None) -> Page[Batch]:
    """Batches, newest first."""
    return batches.list_page(database(), api.scope, limit=limit, cursor=cursor)


@api.get("/api/conversations/batch/<batch_id>", allow="enrichment.read")
def get_batch(batch_id: UUID) -> Batch:
    """One batch and its counts."""
    return batches.get(database(), api.scope, batch_id)


@api.get("/api/conversations/batch/<batch_id>/items", allow="enrichment.read")
def list_items(
    batch_id: UUID, status: ItemStatus | None = None, limit: Annotated[int | None, Query(ge=1, le=500)] = None
) -> BatchItems:
    """The conversations of a batch: all of them unless a limit is given."""
    return batches.items(database(), api.scope, batch_id, status=status, limit=limit)


@api.post("/api/conversations/batch/<batch_id>/enrich", allow="enrichment.run", responses=EITHER)
def enrich_batch(batch_id: UUID) -> BulkEnrichAnswer:
    """Enrich a whole batch, as one run with one summary."""
    run_id = api.new_id("enrichment_run")
    scope = api.person_scope
    batches.enrich(database(), scope, batch_id, run_id=run_id, sequential=False, machine_arn=machine_arn)
    raise told(run_id)


@api.get("/schemas/enriched-conversation/v1.json", allow="public")
def schema() -> dict[str, object]:
    """The JSON Schema that every enriched document follows."""
    headers = {"Cache-Control": "public, max-age=3600"}
    from sidedesk.enrichment import document

    raise Direct(Response(200, "application/schema+json", json.dumps(document.schema()), headers=headers))


lambda_handler = api.handler

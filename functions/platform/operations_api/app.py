"""For whoever keeps it running: dead letters, and figures for Prometheus."""

from typing import Annotated, Final, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from sidedesk.platform import dead_letters, durable_metrics
from sidedesk.platform.context import database
from sidedesk.platform.dead_letters import DeadLetter
from sidedesk.platform.http import Api
from sidedesk.platform.models import Done, Page

api = Api()


@api.get("/api/dead-letters", allow="queues.read")
def list_dead_letters(
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
    cursor: str | None = None,
    queue: str | None = None,
    state: Literal["open", "redriven"] | None = None,
) -> Page[DeadLetter]:
    """What queues gave up on, newest first."""
    return dead_letters.list_page(database(), api.scope, limit=limit, cursor=cursor, queue=queue, state=state)


@api.post("/api/dead-letters/<letter_id>/redrive", allow="queues.redrive")
def redrive(letter_id: UUID) -> Done:
    """Send a message again, once."""
    dead_letters.redrive(database(), api.scope, letter_id)
    return Done()


PROMETHEUS: Final = {
    200: {"description": "Prometheus text format 0.0.4", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


@api.get("/metrics", allow="metrics.read", responses=PROMETHEUS)
def metrics() -> Response[str]:
    """Counters and histograms as Prometheus text: your own, or every tenant's for a key that carries `operator` too."""
    return Response(200, "text/plain; version=0.0.4; charset=utf-8", durable_metrics.page(database(), api.scope))


lambda_handler = api.handler

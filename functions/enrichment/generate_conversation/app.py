"""Make conversations up: one message makes one conversation of a batch, safe to deliver twice."""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.parser.models import SqsRecordModel
from pydantic import Json

from sidedesk.ai.gateway import Deadline
from sidedesk.enrichment import batches, wiring
from sidedesk.enrichment.batches import Wanted
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.settings import EnrichmentSettings, load


class Message(SqsRecordModel):
    body: Json[Wanted]


processor = BatchProcessor(EventType.SQS, model=Message)
tools = wiring.batch_tools(database, load(EnrichmentSettings).enrich_conversations_arn)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> PartialItemFailureResponse:
    def make(record: Message) -> None:
        outcome = batches.generate(tools, record.body, Deadline.of(context))
        logger.info("generate", extra={"item": str(record.body.item_id), "outcome": outcome})

    try:
        return process_partial_response(event, make, processor, context)
    finally:
        flush_metrics()

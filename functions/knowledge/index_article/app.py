"""Index articles: one message makes one version findable, safe to deliver twice."""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.parser.models import SqsRecordModel
from pydantic import Json

from sidedesk.ai.gateway import Deadline, Gateway
from sidedesk.knowledge import indexing
from sidedesk.knowledge.models import IndexMessage
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.scope import Scope


class Message(SqsRecordModel):
    body: Json[IndexMessage]


processor = BatchProcessor(EventType.SQS, model=Message)


def gateway(scope: Scope, deadline: Deadline) -> Gateway:
    return Gateway(database(), scope, deadline=deadline)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> PartialItemFailureResponse:
    def index(record: Message) -> None:
        outcome = indexing.index(database(), record.body, gateway, Deadline.of(context, keep_seconds=5))
        logger.info("index", extra={"article": str(record.body.article_id), "outcome": outcome})

    try:
        return process_partial_response(event, index, processor, context)
    finally:
        flush_metrics()

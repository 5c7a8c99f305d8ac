"""Import conversations: one message moves one import on, as far as the time allows; safe to deliver twice."""

from functools import partial
from typing import Any
from uuid import UUID

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.parser.models import SqsRecordModel
from pydantic import BaseModel, Json

from sidedesk.conversations import importing, wiring
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.scope import Scope

# What one part may take once it is begun: fifty conversations fetched, stored and written down.
SPARE_SECONDS = 30


class ImportMessage(BaseModel):
    tenant_id: UUID
    import_id: UUID


class Message(SqsRecordModel):
    body: Json[ImportMessage]


processor = BatchProcessor(EventType.SQS, model=Message, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> PartialItemFailureResponse:
    def go_on(record: Message) -> None:
        message = record.body
        outcome = importing.work(
            database(),
            Scope.system(message.tenant_id, "import_conversations", record.messageId),
            message.import_id,
            seconds=context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS,
            pull=partial(wiring.source, database()),
        )
        logger.info("import", extra={"import": str(message.import_id), "outcome": outcome})

    try:
        return process_partial_response(event, go_on, processor, context)
    finally:
        flush_metrics()

"""Send the outbox: one tenant when its writer says so, everybody's leftovers every minute."""

import time
from typing import Any
from uuid import UUID

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.parser.models import SqsRecordModel
from pydantic import BaseModel, Json

from sidedesk.platform import outbox
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.scope import Scope

SPARE_SECONDS = 10  # for the batch under way when time is up


class Wake(BaseModel):
    tenant_id: UUID


class Message(SqsRecordModel):
    body: Json[Wake]


processor = BatchProcessor(EventType.SQS, model=Message, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    until = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS

    def send(record: Message) -> None:
        scope = Scope.system(record.body.tenant_id, "send_outbox", record.messageId)
        outbox.send_due(database(), scope, until=until)

    try:
        if "Records" in event:
            return process_partial_response(event, send, processor, context)
        return {"sent": outbox.sweep(database(), until=until)}
    finally:
        flush_metrics()

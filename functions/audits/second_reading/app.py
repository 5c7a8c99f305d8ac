"""Second readings: one message looks again at one audit that another engine judged."""

from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.parser.models import SqsRecordModel
from pydantic import Json

from sidedesk.ai.gateway import Deadline
from sidedesk.audits import second_reading, wiring
from sidedesk.audits.second_reading import Wanted
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger


class Message(SqsRecordModel):
    body: Json[Wanted]


processor = BatchProcessor(EventType.SQS, model=Message)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> PartialItemFailureResponse:
    def look(record: Message) -> None:
        outcome = second_reading.look(
            database(),
            record.body,
            partial(wiring.intercom, database()),
            partial(wiring.gateway, database()),
            Deadline.of(context),
        )
        logger.info("second reading", extra={"job": str(record.body.job_id), "outcome": outcome})

    try:
        return process_partial_response(event, look, processor, context)
    finally:
        flush_metrics()

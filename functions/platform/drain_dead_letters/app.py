"""Drain every dead-letter queue: a dead message becomes a visible failure of the thing it belonged to."""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from sidedesk.capabilities import dead_letter_hooks
from sidedesk.platform import dead_letters
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.settings import DeadLetterSettings, load

HOOKS = dead_letter_hooks()
queues = {arn: name for name, arn in load(DeadLetterSettings).dead_letter_queues.items()}
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


def bury(record: SQSRecord) -> None:
    arn = record.event_source_arn
    dead_letters.bury(
        database(),
        HOOKS,
        queue=queues.get(arn, arn.rpartition(":")[2]),
        message_id=record.message_id,
        body=record.body,
        deliveries=int(record.attributes.approximate_receive_count),
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> PartialItemFailureResponse:
    try:
        return process_partial_response(event, bury, processor, context)
    finally:
        flush_metrics()

"""Drain every dead-letter queue: a dead message becomes a visible failure of the thing it belonged to."""

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from sidedesk.capabilities import dead_letter_hooks
from sidedesk.platform import dead_letters
from sidedesk.platform.consumer import consume
from sidedesk.platform.context import database
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


lambda_handler = consume(processor, bury)

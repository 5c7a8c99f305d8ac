"""Write an export of enriched conversations: one message, one file, safe to deliver twice."""

from uuid import UUID

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.parser.models import SqsRecordModel
from pydantic import BaseModel, Json

from sidedesk.conversations import exports
from sidedesk.platform.consumer import consume
from sidedesk.platform.context import database
from sidedesk.platform.scope import Scope


class ExportMessage(BaseModel):
    tenant_id: UUID
    export_id: UUID


class Message(SqsRecordModel):
    body: Json[ExportMessage]


processor = BatchProcessor(EventType.SQS, model=Message, raise_on_entire_batch_failure=False)


def write(record: Message) -> None:
    message = record.body
    exports.write(
        database(), Scope.system(message.tenant_id, "export_conversations", record.messageId), message.export_id
    )


lambda_handler = consume(processor, write)

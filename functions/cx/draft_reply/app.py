"""Draft replies: one message looks at one conversation's wish. Safe to deliver twice, late, or never: the wish is in its row."""

from typing import Any
from uuid import UUID

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.parser.models import SqsRecordModel
from pydantic import BaseModel, Json

from sidedesk.ai.gateway import Deadline
from sidedesk.cx import drafting, tools, wishes
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.scope import Scope
from sidedesk.platform.settings import LinkSettings, load

links = load(LinkSettings)


class Wish(BaseModel):
    tenant_id: UUID
    conversation_id: UUID


class Message(SqsRecordModel):
    body: Json[Wish]


processor = BatchProcessor(EventType.SQS, model=Message)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> PartialItemFailureResponse:
    work = tools.workshop(database, Deadline.of(context))

    def draft(record: Message) -> None:
        scope = Scope.system(record.body.tenant_id, "draft_reply", record.messageId)
        wish = record.body.conversation_id
        outcome = drafting.draft(database(), scope, wish, work, public_url=links.public_url)
        if outcome == "overtaken":
            wishes.nudge_drafter(scope, wish, seconds=10)
        logger.info("draft", extra={"conversation": str(wish), "outcome": outcome})

    try:
        return process_partial_response(event, draft, processor, context)
    finally:
        flush_metrics()

"""Post notes and approved replies to Chatwoot: one message, one post, exactly once."""

from typing import Any, Literal
from uuid import UUID

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.parser.models import SqsRecordModel
from pydantic import BaseModel, Json

from sidedesk.ai.deadline import Deadline
from sidedesk.cx import posting, tools
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.scope import Scope
from sidedesk.platform.settings import LinkSettings, load

links = load(LinkSettings)


class Post(BaseModel):
    tenant_id: UUID
    kind: Literal["note", "reply"]
    draft_id: UUID


class Message(SqsRecordModel):
    body: Json[Post]


processor = BatchProcessor(EventType.SQS, model=Message)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> PartialItemFailureResponse:
    work = tools.workshop(database, Deadline.of(context))

    def post(record: Message) -> None:
        wish = record.body
        scope = Scope.system(wish.tenant_id, "post_message", record.messageId)
        if wish.kind == "reply":
            outcome = posting.send_reply(database(), scope, wish.draft_id, work)
        else:
            outcome = posting.post_note(database(), scope, wish.draft_id, work, public_url=links.public_url)
        logger.info("post", extra={"kind": wish.kind, "draft": str(wish.draft_id), "outcome": outcome})

    try:
        return process_partial_response(event, post, processor, context)
    finally:
        flush_metrics()

"""Trigger agents: one message starts one agent at its destination, safe to deliver twice."""

from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.parser.models import SqsRecordModel
from pydantic import Json

from sidedesk.audits import dispatch
from sidedesk.audits.dispatch import TriggerMessage
from sidedesk.clients.n8n import N8n
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.settings import LinkSettings, StageSettings, WorkflowSettings, load


class Message(SqsRecordModel):
    body: Json[TriggerMessage]


links = load(LinkSettings)
stage = load(StageSettings).stage
workflows = load(WorkflowSettings)
processor = BatchProcessor(EventType.SQS, model=Message)


@lru_cache(maxsize=1)
def http() -> Any:
    import httpx

    return httpx.Client(follow_redirects=False)


def n8n(url: str, token: str) -> N8n:
    return N8n(http(), url, token, allow_test_urls=stage in ("local", "dev"))


def start(record: Message) -> None:
    message = record.body
    outcome = dispatch.trigger(
        database(), n8n, message, public_url=links.public_url, native_audits_arn=workflows.native_audits_arn
    )
    logger.info("trigger", extra={"job": str(message.job_id), "agent": message.intercom_admin_id, "outcome": outcome})


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> PartialItemFailureResponse:
    try:
        return process_partial_response(event, start, processor, context)
    finally:
        flush_metrics()

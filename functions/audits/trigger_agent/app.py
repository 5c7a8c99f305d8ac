"""Trigger agents: one message starts one agent at its destination, safe to deliver twice."""

from functools import lru_cache

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.parser.models import SqsRecordModel
from pydantic import Json

from sidedesk.audits import dispatch
from sidedesk.audits.dispatch import TriggerMessage
from sidedesk.clients.n8n import N8n
from sidedesk.platform import outbound
from sidedesk.platform.consumer import consume
from sidedesk.platform.context import database
from sidedesk.platform.observability import logger
from sidedesk.platform.settings import LinkSettings, StageSettings, WorkflowSettings, load


class Message(SqsRecordModel):
    body: Json[TriggerMessage]


links = load(LinkSettings)
stage = load(StageSettings).stage
workflows = load(WorkflowSettings)
processor = BatchProcessor(EventType.SQS, model=Message)


# One for all messages of this container: connections and certificates are kept.
http = lru_cache(maxsize=1)(outbound.client)


def n8n(url: str, token: str) -> N8n:
    return N8n(http(), url, token, allow_test_urls=stage in ("local", "dev"))


def start(record: Message) -> None:
    message = record.body
    outcome = dispatch.trigger(
        database(), n8n, message, public_url=links.public_url, native_audits_arn=workflows.native_audits_arn
    )
    logger.info("trigger", extra={"job": str(message.job_id), "agent": message.intercom_admin_id, "outcome": outcome})


lambda_handler = consume(processor, start)

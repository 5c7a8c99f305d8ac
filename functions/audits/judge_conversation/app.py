"""Step of the native engine: fetch, read, judge and store one conversation."""

from typing import Any

from sidedesk.ai.gateway import Deadline
from sidedesk.audits import native, wiring
from sidedesk.audits.native import Work
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.settings import LinkSettings, load

tools = wiring.native_tools(database, load(LinkSettings).public_url)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    work, conversation = Work.model_validate(event), str(event["conversation_id"])
    try:
        outcome = native.judge_conversation(tools, work, conversation, Deadline.of(context))
    finally:
        flush_metrics()
    logger.info("conversation", extra={"job": str(work.job_id), "conversation": conversation, "outcome": outcome})
    return {"outcome": outcome}

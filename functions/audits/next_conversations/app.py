"""Step of the native engine: which conversations come next, or why there are none."""

from typing import Any

from sidedesk.audits import native, wiring
from sidedesk.audits.native import Work
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.settings import LinkSettings, load

tools = wiring.native_tools(database, load(LinkSettings).public_url)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001
    try:
        following = native.next_batch(tools, Work.model_validate(event))
    finally:
        flush_metrics()
    logger.info("next", extra={"job": event["job_id"], "status": following.status})
    return following.model_dump()

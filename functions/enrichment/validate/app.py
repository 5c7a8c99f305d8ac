"""Step of enrichment: take hold of one conversation and check its raw document."""

from typing import Any

from sidedesk.enrichment import steps, wiring
from sidedesk.enrichment.steps import Work
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger

tools = wiring.step_tools(database)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, str]:  # noqa: ARG001
    work = Work.model_validate(event)
    try:
        outcome = steps.validate(tools, work)
    finally:
        flush_metrics()
    logger.info(
        "validate", extra={"run": str(work.run_id), "conversation": str(work.conversation_id), "outcome": outcome}
    )
    return {"outcome": outcome}

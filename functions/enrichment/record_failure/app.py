"""Step of enrichment: write down what the workflow caught after the last try of another step."""

from typing import Any

from sidedesk.enrichment import steps, wiring
from sidedesk.enrichment.steps import Work
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger

tools = wiring.step_tools(database)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, str]:  # noqa: ARG001
    work = Work.model_validate(event)
    error = str(event.get("error") or "")
    try:
        steps.record_failure(tools, work, event["step"], error, str(event.get("cause") or ""))
    finally:
        flush_metrics()
    ids = {"run": str(work.run_id), "conversation": str(work.conversation_id)}
    logger.info("failure recorded", extra=ids | {"step": event["step"], "error": error})
    return {"outcome": "settled"}

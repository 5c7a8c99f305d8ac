"""Step of enrichment: which conversations of a run come next, or that it is over."""

from typing import Any
from uuid import UUID

from sidedesk.enrichment import steps, wiring
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger

tools = wiring.step_tools(database)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001
    try:
        tenant_id, run_id = UUID(event["tenant_id"]), UUID(event["run_id"])
        rounds = int(event.get("rounds", 0))
        following = steps.next_items(tools, tenant_id, run_id, int(event["execution_no"]), rounds)
    finally:
        flush_metrics()
    logger.info("next", extra={"run": event["run_id"], "items": len(following.conversation_ids)})
    return following.model_dump()

"""Step of the native engine: report how an agent ended."""

from typing import Any

from sidedesk.audits import native, wiring
from sidedesk.audits.native import Work
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.settings import LinkSettings, load

tools = wiring.native_tools(database, load(LinkSettings).public_url)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, bool]:  # noqa: ARG001
    try:
        applied = native.finish(tools, Work.model_validate(event), error=event.get("error"))
    finally:
        flush_metrics()
    return {"applied": applied}

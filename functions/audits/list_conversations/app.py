"""Step of the native engine: list an agent's conversations of the range, as many pages as the time allows."""

import time
from typing import Any

from sidedesk.audits import native, wiring
from sidedesk.audits.native import Work
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.settings import LinkSettings, load

tools = wiring.native_tools(database, load(LinkSettings).public_url)
# A page may have to wait for the rate limit and answer slowly.
SLOWEST_PAGE_SECONDS = 40


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    until = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - SLOWEST_PAGE_SECONDS
    try:
        listed = native.list_conversations(tools, Work.model_validate(event), event.get("cursor"), until)
    finally:
        flush_metrics()
    return listed.model_dump()

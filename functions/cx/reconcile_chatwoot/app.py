"""Look for lost messages, every five minutes: what no webhook told us is found in Chatwoot itself."""

import time
from typing import Any

from sidedesk.ai.deadline import Deadline
from sidedesk.cx import reconcile, tools
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger

SPARE_SECONDS = 15


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001
    until = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS
    missed = reconcile.visit_all(database(), tools.workshop(database, Deadline.of(context)), until=until)
    logger.info("reconciled", extra={"missed": missed})
    flush_metrics()
    return {"missed": missed}

"""Housekeeping, every day: partitions for the months to come, and an end for what only served its moment."""

from typing import Any

from sidedesk.ai import ledger
from sidedesk.platform import housekeeping
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001
    done = housekeeping.run(database()) | {"assumed_ai_calls": ledger.sweep(database())}
    logger.info("housekeeping", extra=done)
    flush_metrics()
    return done

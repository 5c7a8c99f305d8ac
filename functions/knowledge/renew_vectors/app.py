"""Every hour: vectors for texts that have none of the model wished today, of any capability."""

from typing import Any

from sidedesk.ai.gateway import Deadline, Gateway
from sidedesk.knowledge import indexing
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.scope import Scope


def gateway(scope: Scope, deadline: Deadline) -> Gateway:
    return Gateway(database(), scope, deadline=deadline)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(_event: dict[str, Any], context: Any) -> dict[str, int]:
    try:
        return indexing.renew_all(database(), gateway, Deadline.of(context, keep_seconds=10))
    finally:
        flush_metrics()

"""Watch replies, every minute: lost messages go again, broken promises are told, approved replies become examples."""

import time
from typing import Any

from sidedesk.ai.deadline import Deadline
from sidedesk.cx import tools, watch
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.settings import LinkSettings, load

links = load(LinkSettings)
SPARE_SECONDS = 10


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001
    until = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS
    done = watch.tick(
        database(), tools.workshop(database, Deadline.of(context)), public_url=links.public_url, until=until
    )
    if any(done.values()):
        logger.info("watched", extra=done)
    flush_metrics()
    return done

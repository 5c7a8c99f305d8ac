"""Watch runs, every minute: silent agents fail, finished runs close."""

from typing import Any

from sidedesk.audits import watch
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.settings import LinkSettings, load

links = load(LinkSettings)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001
    seen = watch.watch_all(database(), public_url=links.public_url)
    if seen.failed or seen.closed:
        logger.info("watched", extra={"agents_failed": seen.failed, "jobs_closed": seen.closed})
    flush_metrics()
    return {"agents_failed": seen.failed, "jobs_closed": seen.closed}

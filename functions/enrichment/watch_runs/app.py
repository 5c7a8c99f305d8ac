"""Watch enrichment, every minute: runs whose workflow died go on, what is overdue ends, finished batches close."""

from typing import Any

from sidedesk.enrichment import watch
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.settings import EnrichmentSettings, load

machine_arn = load(EnrichmentSettings).enrich_conversations_arn


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001
    seen = watch.watch_all(database(), machine_arn)
    if seen.restarted or seen.failed:
        logger.info("watched", extra={"restarted": seen.restarted, "failed": seen.failed})
    flush_metrics()
    return {"restarted": seen.restarted, "failed": seen.failed}

"""Visit every connected Chatwoot, every five minutes: does it serve, and does it serve us?"""

from typing import Any

from sidedesk.cx import visits
from sidedesk.platform.context import database
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.settings import LinkSettings, load

links = load(LinkSettings)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ARG001
    seen = visits.probe_all(database(), public_url=links.public_url)
    logger.info("visited", extra={"ok": seen.ok, "failed": seen.failed, "broken": seen.broken})
    flush_metrics()
    if seen.broken:
        raise RuntimeError(f"{seen.broken} organisations could not be visited; the log says why")
    return {"ok": seen.ok, "failed": seen.failed}

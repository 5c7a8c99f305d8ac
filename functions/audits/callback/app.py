"""Machine doors of audit runs: results, progress and crashes."""

from datetime import UTC, datetime
from uuid import UUID

from sidedesk.audits import reports, results
from sidedesk.audits.models import Applied, CallbackAnswer, EngineError, ProgressReport, Result
from sidedesk.platform.context import database
from sidedesk.platform.http import Api
from sidedesk.platform.settings import LinkSettings, load

api = Api()
links = load(LinkSettings)


@api.post("/functions/v1/ai-audit-callback", allow="audits.callback", idempotent=False)
@api.post("/api/massive-ai-audit/callback", allow="audits.callback", idempotent=False)
def callback(body: Result | list[Result]) -> CallbackAnswer:
    """One result, or up to a hundred. Sending it again changes nothing."""
    many = body if isinstance(body, list) else [body]
    return results.store(database(), api.scope, many, public_url=links.public_url, now=datetime.now(UTC))


@api.patch("/api/massive-ai-audit/jobs/<job_id>/progress", allow="audits.progress")
def progress(job_id: UUID, body: ProgressReport) -> Applied:
    """Figures and state of one agent, or of a whole run. Late reports are answered, not refused."""
    return reports.report(database(), api.scope, job_id, body, public_url=links.public_url, now=datetime.now(UTC))


@api.post("/api/massive-ai-audit/engine-errors", allow="audits.progress", idempotent=False)
def engine_error(body: EngineError) -> Applied:
    """A workflow crashed and knows only its execution."""
    return reports.crash(database(), api.scope, body, public_url=links.public_url)


lambda_handler = api.handler

"""Deliveries of Chatwoot: verified, stored, answered. Everything else happens later."""

from datetime import UTC, datetime
from uuid import UUID

from sidedesk.cx import webhooks
from sidedesk.cx.webhooks import Taken
from sidedesk.platform.context import database
from sidedesk.platform.http import Api
from sidedesk.platform.permissions import PUBLIC

api = Api()


def _delivery() -> tuple[str, str | None, str | None]:
    event = api.resolver.current_event
    return event.body or "", event.headers.get("x-chatwoot-timestamp"), event.headers.get("x-chatwoot-signature")


@api.post("/webhooks/chatwoot/<integration_id>", allow=PUBLIC, idempotent=False)
def deliver(integration_id: UUID) -> Taken:
    """An event of the Chatwoot that this integration connects; its signature says whether it is genuine."""
    return webhooks.take(database(), integration_id, *_delivery(), now=datetime.now(UTC))


@api.post("/api/chatwoot/webhook", allow=PUBLIC, idempotent=False)
def deliver_by_account() -> Taken:
    """The same for a Chatwoot that knows one address for all: the account in the payload and the signature say whose it is."""
    return webhooks.take_for_account(database(), *_delivery(), now=datetime.now(UTC))


lambda_handler = api.handler

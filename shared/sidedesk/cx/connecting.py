"""Connecting a Chatwoot: our webhook is made there, and the secret it signs with is kept here."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sidedesk.cx.tools import NoChatwoot, chatwoot
from sidedesk.platform import audit_log, integrations
from sidedesk.platform.db import Database
from sidedesk.platform.errors import Conflict
from sidedesk.platform.integrations import IntegrationChange
from sidedesk.platform.models import Answer, Body
from sidedesk.platform.scope import AnyScope


class CannotSign(Conflict):
    code = "chatwoot_cannot_sign"
    message = (
        "This Chatwoot is older than 4.11.2 and cannot sign what it sends. Update it, or set `signed` to false in the "
        "integration's configuration if its address is known to nobody else."
    )


class ConnectWish(Body):
    integration_id: UUID | None = None


class Connected(Answer):
    """Where Chatwoot delivers to from now on."""

    success: bool = True
    integration_id: UUID
    webhook_url: str
    events: list[str]
    connected_at: datetime


def subscribe(database: Database, scope: AnyScope, integration_id: UUID | None, *, public_url: str) -> Connected:
    """Safe to repeat: the same address is one webhook."""
    if integration_id is None:
        first = integrations.connection(database, scope, "chatwoot")
        if first is None:
            raise NoChatwoot("Connect a Chatwoot under Settings, Integrations first.")
        integration_id = first.id
    found = integrations.connection_of(database, scope, integration_id)
    if found is None or found.kind != "chatwoot":
        raise NoChatwoot()
    url = f"{public_url}/webhooks/chatwoot/{integration_id}"
    hook = chatwoot(database, scope, integration_id).connect_webhook(url)
    if hook.secret:
        integrations.change(database, scope, integration_id, IntegrationChange(webhook_secret=hook.secret))
    elif found.config.get("signed", True):
        raise CannotSign()
    database.run(scope, *audit_log.record("cx.connected", integration_id=integration_id))
    return Connected(
        integration_id=integration_id, webhook_url=url, events=list(hook.events), connected_at=datetime.now(UTC)
    )

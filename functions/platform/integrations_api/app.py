"""Integrations: the tools beside us. The one function that may write tenants' secrets."""

from uuid import UUID

from sidedesk.platform import integrations
from sidedesk.platform.context import database
from sidedesk.platform.http import Api
from sidedesk.platform.integration_kinds import TestResult
from sidedesk.platform.integrations import Integration, IntegrationChange, NewIntegration
from sidedesk.platform.models import Done, Page

api = Api()


@api.get("/api/integrations", allow="integrations.read")
def list_integrations() -> Page[Integration]:
    """All of them. Secrets are never shown; `has_secret` says whether one is stored."""
    return Page(data=integrations.list_all(database(), api.scope))


@api.post("/api/integrations", allow="integrations.write")
def create_integration(body: NewIntegration) -> Integration:
    """Connect a tool. What `config` holds depends on `kind`."""
    return integrations.create(database(), api.scope, api.new_id("integration"), body)


@api.put("/api/integrations/<integration_id>", allow="integrations.write")
def change_integration(integration_id: UUID, body: IntegrationChange) -> Integration:
    """Change what is sent. A new server needs its secret entered again."""
    return integrations.change(database(), api.scope, integration_id, body)


@api.delete("/api/integrations/<integration_id>", allow="integrations.write")
def remove_integration(integration_id: UUID) -> Done:
    """Disconnect a tool and delete its secrets."""
    integrations.remove(database(), api.scope, integration_id)
    return Done()


@api.post("/api/integrations/<integration_id>/test", allow="integrations.write", idempotent=False, limit="20/minute")
def test_integration(integration_id: UUID) -> TestResult:
    """Ask the tool now whether address and secret work."""
    return integrations.test(database(), api.scope, integration_id)


lambda_handler = api.handler

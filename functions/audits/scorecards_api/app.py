"""Scorecard and people routes: what is judged, and whose work."""

from typing import Annotated
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query

from sidedesk.audits import people, scorecards
from sidedesk.audits.models import Employee, PersonWrite, Scorecard, ScorecardWrite, Synced
from sidedesk.platform.context import database
from sidedesk.platform.errors import Conflict
from sidedesk.platform.http import Api
from sidedesk.platform.models import Page

api = Api()
Limit = Annotated[int, Query(ge=1, le=100)]


@api.get("/api/scorecards", allow="scorecards.read")
def list_scorecards(limit: Limit = 25, cursor: str | None = None) -> Page[Scorecard]:
    """Scorecards by name, each in its newest version."""
    return scorecards.list_scorecards(database(), api.scope, limit=limit, cursor=cursor)


@api.post("/api/scorecards", allow="scorecards.write", status_code=201)
def create_scorecard(body: ScorecardWrite) -> Scorecard:
    """A new scorecard."""
    return scorecards.create(database(), api.scope, api.new_id("scorecard"), body)


@api.get("/api/scorecards/<scorecard_id>", allow="scorecards.read")
def get_scorecard(scorecard_id: UUID, version: Annotated[int | None, Query(ge=1)] = None) -> Scorecard:
    """One scorecard, in its newest version or an older one."""
    return scorecards.get_scorecard(database(), api.scope, scorecard_id, version=version)


@api.put("/api/scorecards/<scorecard_id>", allow="scorecards.write")
def change_scorecard(scorecard_id: UUID, body: ScorecardWrite) -> Scorecard:
    """A change makes a new version; audits keep the one they were judged by."""
    return scorecards.change(database(), api.scope, scorecard_id, body)


@api.get("/api/people", allow="people.read")
def list_people(limit: Limit = 25, cursor: str | None = None, has_intercom: bool = False) -> Page[Employee]:
    """Employees by name."""
    return people.list_people(database(), api.scope, has_intercom=has_intercom, limit=limit, cursor=cursor)


@api.post("/api/people", allow="people.write", status_code=201)
def save_person(body: PersonWrite) -> Employee:
    """Add an employee, or bring the one with this Intercom id up to date."""
    return people.save(database(), api.scope, api.new_id("person"), body)


@api.post("/api/people/sync", allow="people.write", limit="6/minute", idempotent=False)
def sync_people() -> Synced:
    """Take over the teammates of the connected Intercom."""
    from sidedesk.audits import wiring  # models and HTTP clients load only for this

    client = wiring.intercom(database(), api.scope)
    if client is None:
        raise Conflict("No Intercom is connected. Add it under Settings → Integrations.", code="not_connected")
    return people.sync(database(), api.scope, client)


lambda_handler = api.handler

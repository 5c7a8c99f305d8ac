"""Account routes: who I am, and what I should know."""

from typing import Annotated
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query

from sidedesk.platform import account
from sidedesk.platform.account import Health, Me, Notification
from sidedesk.platform.context import database
from sidedesk.platform.http import Api
from sidedesk.platform.models import Done, Page
from sidedesk.platform.permissions import PUBLIC
from sidedesk.platform.settings import StageSettings, load

api = Api()
stage = load(StageSettings)


@api.get("/health", allow=PUBLIC)
def health() -> Health:
    """Is the API up, and does its database answer?"""
    return account.health(database(), stage.release)


@api.get("/api/me", allow="me.read")
def me() -> Me:
    """The signed-in person, their rights and their organisation."""
    return account.me(database(), api.scope, api.person)


@api.get("/api/notifications", allow="notifications.read")
def list_notifications(
    limit: Annotated[int, Query(ge=1, le=100)] = 25, cursor: str | None = None, unread: bool = False
) -> Page[Notification]:
    """What this person should know, newest first."""
    return account.notifications(database(), api.scope, limit=limit, cursor=cursor, unread=unread)


@api.post("/api/notifications/read-all", allow="notifications.read", idempotent=False)
def read_all() -> Done:
    """Mark everything as read."""
    account.mark_all_read(database(), api.scope)
    return Done()


@api.post("/api/notifications/<notification_id>/read", allow="notifications.read", idempotent=False)
def read_one(notification_id: UUID) -> Done:
    """Mark one notification as read; again is fine."""
    account.mark_read(database(), api.scope, notification_id)
    return Done()


lambda_handler = api.handler

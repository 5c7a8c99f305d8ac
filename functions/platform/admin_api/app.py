"""Administration of a tenant: settings, members, service keys, usage. Database only."""

from typing import Annotated
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query

from sidedesk.platform import members, secrets, service_keys, tenant_options, usage
from sidedesk.platform.context import database
from sidedesk.platform.http import Api
from sidedesk.platform.members import Member, MemberChange, NewMember
from sidedesk.platform.models import Done, Page
from sidedesk.platform.service_keys import MadeServiceKey, NewServiceKey, ServiceKeys
from sidedesk.platform.settings import SecretSettings, cached
from sidedesk.platform.tenant_options import SettingsChange, TenantSettings
from sidedesk.platform.usage import Usage

api = Api()
Limit = Annotated[int, Query(ge=1, le=100)]


@api.get("/api/settings", allow="settings.read")
def read_settings() -> TenantSettings:
    """The organisation's settings, with defaults filled in."""
    return tenant_options.read_settings(database(), api.scope)


@api.put("/api/settings", allow="settings.write")
def change_settings(body: SettingsChange) -> TenantSettings:
    """Change some settings. `version` is the one you read; 409 when somebody else was faster."""
    return tenant_options.change_settings(database(), api.scope, body)


@api.get("/api/members", allow="members.read")
def list_members(limit: Limit = 25, cursor: str | None = None, removed: bool = False) -> Page[Member]:
    """Who may come in, by e-mail address."""
    return members.list_page(database(), api.scope, limit=limit, cursor=cursor, removed=removed)


@api.post("/api/members", allow="members.write")
def invite_member(body: NewMember) -> Member:
    """Let somebody in, or back in. Nobody can give more than their own role."""
    return members.invite(database(), api.scope, api.new_id("member"), body)


@api.put("/api/members/<member_id>", allow="members.write")
def change_member(member_id: UUID, body: MemberChange) -> Member:
    """Change name or role. The last owner stays one."""
    return members.change(database(), api.scope, member_id, body)


@api.delete("/api/members/<member_id>", allow="members.write")
def remove_member(member_id: UUID) -> Done:
    """Works at once, also for sessions that are open."""
    members.remove(database(), api.scope, member_id)
    return Done()


@api.get("/api/service-keys", allow="service_keys.read")
def list_service_keys(limit: Limit = 25, cursor: str | None = None) -> ServiceKeys:
    """The keys of machines, newest first, and what a key may be allowed to do."""
    return service_keys.list_page(database(), api.scope, limit=limit, cursor=cursor)


@api.post("/api/service-keys", allow="service_keys.write", keep_answer=False)
def make_service_key(body: NewServiceKey) -> MadeServiceKey:
    """Make a key. It is shown in this answer only. Two may live at a time, so that one can follow the other."""
    repeatable_with = None
    if api.repeatable:
        repeatable_with = str(secrets.read(cached(SecretSettings).app_secret_name)["jwt_secret"])
    key_id = api.new_id("service_key")
    return service_keys.create(database(), api.scope, key_id, body, repeatable_with=repeatable_with)


@api.delete("/api/service-keys/<key_id>", allow="service_keys.write")
def revoke_service_key(key_id: UUID) -> Done:
    """Whatever calls with this key is refused from now on."""
    service_keys.revoke(database(), api.scope, key_id)
    return Done()


@api.get("/api/usage", allow="usage.read")
def read_usage() -> Usage:
    """What models cost this month, and on what."""
    return usage.this_month(database(), api.scope)


lambda_handler = api.handler

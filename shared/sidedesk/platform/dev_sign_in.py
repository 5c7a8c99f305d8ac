"""Tokens for the people of a local stack, signed with its own secret."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sidedesk.platform import secrets
from sidedesk.platform.db import Database
from sidedesk.platform.errors import NotFound
from sidedesk.platform.identity import mint_local_token
from sidedesk.platform.models import Answer
from sidedesk.platform.outbound import LOCAL_STAGES
from sidedesk.platform.scope import Scope
from sidedesk.platform.settings import DevSignInSettings, IdentitySettings, StageSettings, cached

SECONDS = 12 * 3_600
AUDITED: Final = "ana.petrovic"

_MEMBER: Final = """
SELECT user_id, email, name, role FROM members
 WHERE lower(email) = %(email)s AND status <> 'removed' AND user_id IS NOT NULL
"""


class Session(Answer):
    access_token: str
    expires_in: int


def sign_in(database: Database, account: str) -> Session:
    """Three locks, each enough alone: the stage, the setting, and a stack that signs its own tokens."""
    settings, identity = cached(DevSignInSettings), cached(IdentitySettings)
    local = cached(StageSettings).stage in LOCAL_STAGES and not identity.jwks_url
    if settings.dev_sign_in != "true" or not settings.dev_tenant_id or not local:
        raise NotFound
    tenant = UUID(settings.dev_tenant_id)
    email = f"{AUDITED if account == 'audited' else account}@{settings.dev_email_domain}"
    rows = database.dicts(Scope.system(tenant, "dev_sign_in"), _MEMBER, {"email": email})
    if not rows:
        raise NotFound(f"The local organisation has nobody called {email}.")
    person = rows[0]
    token = mint_local_token(
        secret=str(secrets.read(identity.app_secret_name)["jwt_secret"]),
        issuer=identity.jwt_issuer,
        tenant_id=tenant,
        user_id=UUID(person["user_id"]),
        email=person["email"],
        name=person["name"],
        role=person["role"],
        seconds=SECONDS,
    )
    return Session(access_token=token, expires_in=SECONDS)

"""How the import worker gets its sources."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

from sidedesk.audits import service as audits
from sidedesk.clients.chatwoot import Chatwoot
from sidedesk.clients.intercom import TIMEOUT_SECONDS, VERSION, Intercom
from sidedesk.conversations.errors import ImportFailed
from sidedesk.conversations.pulling import FromAudit, FromChatwoot, FromIntercom, Pull
from sidedesk.platform import integrations, outbound
from sidedesk.platform.db import Database
from sidedesk.platform.scope import Scope

if TYPE_CHECKING:
    import httpx


@lru_cache(maxsize=1)
def _http() -> httpx.Client:
    return outbound.client(read=TIMEOUT_SECONDS)


def source(database: Database, scope: Scope, kind: str) -> Pull:
    """The tenant's source of this kind."""
    if kind == "audit":

        def ids(job_id: UUID, after: str, limit: int) -> list[str]:
            return audits.audited_ids(database, scope, job_id, after=after, limit=limit)

        def kept(job_id: UUID, conversation_id: str) -> audits.Audited | None:
            return audits.audited(database, scope, job_id, conversation_id)

        return FromAudit(ids, kept, _intercom(database, scope))
    found = _chatwoot(database, scope) if kind == "chatwoot" else _intercom(database, scope)
    if found is None:
        raise ImportFailed(f"No {kind.title()} is connected any more. Add it under Settings → Integrations.")
    return found


def _chatwoot(database: Database, scope: Scope) -> FromChatwoot | None:
    found = integrations.connection(database, scope, "chatwoot")
    if found is None:
        return None
    account_id = int(found.config.get("account_id") or 1)
    return FromChatwoot(Chatwoot(_http(), found.base_url, found.secret, account_id), str(found.id))


def _intercom(database: Database, scope: Scope) -> FromIntercom | None:
    found = integrations.connection(database, scope, "intercom")
    if found is None:
        return None
    version = str(found.config.get("api_version") or VERSION)
    client = Intercom(_http(), found.base_url, found.secret, version=version)
    return FromIntercom(client, str(found.id), audits.read_intercom)

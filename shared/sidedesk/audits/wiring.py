"""How the functions that judge get their Intercom and their models."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

from sidedesk.ai.gateway import Deadline, Gateway
from sidedesk.audits.native import Tools
from sidedesk.clients.intercom import TIMEOUT_SECONDS, VERSION, Intercom
from sidedesk.platform import integrations, outbound
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope, Scope

if TYPE_CHECKING:
    import httpx


@lru_cache(maxsize=1)
def _http() -> httpx.Client:
    return outbound.client(read=TIMEOUT_SECONDS)


def intercom(database: Database, scope: AnyScope) -> Intercom | None:
    """The tenant's Intercom, or None when there is none."""
    found = integrations.connection(database, scope, "intercom")
    if found is None:
        return None
    version = str(found.config.get("api_version") or VERSION)
    return Intercom(_http(), found.base_url, found.secret, version=version)


def gateway(database: Database, scope: Scope, job_id: UUID, deadline: Deadline) -> Gateway:
    """One conversation's gateway: its memory of personal data ends with it, and the job pays."""
    return Gateway(database, scope, deadline=deadline, job_id=job_id)


def native_tools(database: Callable[[], Database], public_url: str) -> Tools:
    """What the native engine's steps work with; nothing connects before it is used."""
    return Tools(
        database=database,
        intercom=lambda scope: intercom(database(), scope),
        gateway=lambda scope, job_id, deadline: gateway(database(), scope, job_id, deadline),
        public_url=public_url,
        now=lambda: datetime.now(UTC),
    )

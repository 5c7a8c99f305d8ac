"""What the workers of the pipeline work with. Nothing connects before it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

from sidedesk.platform import integrations, outbound
from sidedesk.platform.db import Database
from sidedesk.platform.errors import Conflict
from sidedesk.platform.scope import AnyScope

if TYPE_CHECKING:
    import httpx

    from sidedesk.ai.gateway import Deadline, Gateway
    from sidedesk.clients.chatwoot import Chatwoot

# How long whoever posts may hold a reply or note: longer than its function lives, so that two never post at once.
POST_LEASE_SECONDS = 90
# After an answer that never came, nobody posts before a slow server has certainly finished or given up.
SETTLE_SECONDS = 90
DRAFT_LEASE_SECONDS = 150


class NoChatwoot(Conflict):
    code = "no_chatwoot"
    message = "This Chatwoot is no longer connected. Connect it again under Settings, Integrations."


@lru_cache(maxsize=1)
def _http() -> httpx.Client:
    return outbound.client(read=20)


def chatwoot(database: Database, scope: AnyScope, integration_id: UUID) -> Chatwoot:
    """The Chatwoot a conversation lives in."""
    from sidedesk.clients.chatwoot import Chatwoot

    found = integrations.connection_of(database, scope, integration_id)
    if found is None:
        raise NoChatwoot()
    return Chatwoot(_http(), found.base_url, found.secret, int(found.config["account_id"]))


@dataclass(frozen=True, slots=True)
class Tools:
    chatwoot: Callable[[AnyScope, UUID], Chatwoot]
    gateway: Callable[[AnyScope], Gateway]
    now: Callable[[], datetime]


def workshop(database: Callable[[], Database], deadline: Deadline) -> Tools:
    """The tools of one invocation."""
    from sidedesk.ai.gateway import Gateway

    return Tools(
        chatwoot=lambda scope, integration_id: chatwoot(database(), scope, integration_id),
        gateway=lambda scope: Gateway(database(), scope, deadline=deadline),
        now=lambda: datetime.now(UTC),
    )

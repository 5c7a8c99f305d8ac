"""What the pipeline's queues gave up on. The rows keep their wishes, so people are told why something waits."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sidedesk.cx.repository import SQL
from sidedesk.platform.db import Database
from sidedesk.platform.scope import Scope

DRAFT_DIED: Final = "Drafting failed several times in a row. It is tried again every minute; look at the dead letters."
POST_DIED: Final = (
    "Posting to Chatwoot failed several times in a row. It is tried again every minute; look at the dead letters."
)


def draft_died(database: Database, scope: Scope, payload: dict[str, Any]) -> None:
    values = {"conversation_id": UUID(payload["conversation_id"]), "reason": DRAFT_DIED}
    database.run(scope, SQL["draft_died"], values)


def post_died(database: Database, scope: Scope, payload: dict[str, Any]) -> None:
    database.run(scope, SQL["post_died"], {"draft_id": UUID(payload["draft_id"]), "reason": POST_DIED})

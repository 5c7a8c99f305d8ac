"""Telling the drafter. The wish is in the conversation's row; a message only saves the minute until the next tick."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sidedesk.platform import delivery
from sidedesk.platform.observability import logger
from sidedesk.platform.scope import Scope

DRAFT_QUEUE: Final = "draft_reply"
POST_QUEUE: Final = "post_message"


def nudge_drafter(scope: Scope, conversation_id: UUID, *, seconds: float = 0) -> None:
    """Must never fail whoever calls: their work is done."""
    try:
        body = {"tenant_id": str(scope.tenant_id), "conversation_id": str(conversation_id)}
        delivery.nudge(DRAFT_QUEUE, body, seconds=seconds)
    except Exception:
        logger.warning("drafter left to the minute tick", exc_info=True)

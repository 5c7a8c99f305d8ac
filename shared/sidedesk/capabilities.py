"""Every capability, for the workers that visit all of them: provisioning, erasure, export, dead letters.

A capability offers `CAPABILITY` in its `lifecycle` module; a test holds that each of them is listed here.
"""

from __future__ import annotations

from typing import Any, Final

from sidedesk.ai.lifecycle import CAPABILITY as AI
from sidedesk.audits.lifecycle import CAPABILITY as AUDITS
from sidedesk.conversations.lifecycle import CAPABILITY as CONVERSATIONS
from sidedesk.cx.lifecycle import CAPABILITY as CX
from sidedesk.enrichment.lifecycle import CAPABILITY as ENRICHMENT
from sidedesk.knowledge.lifecycle import CAPABILITY as KNOWLEDGE
from sidedesk.platform.capability import Capability
from sidedesk.platform.dead_letters import Hook
from sidedesk.platform.lifecycle import CAPABILITY as PLATFORM

ALL: Final[tuple[Capability, ...]] = (PLATFORM, AI, AUDITS, CONVERSATIONS, CX, ENRICHMENT, KNOWLEDGE)


def dead_letter_hooks() -> dict[str, Hook]:
    """Queue name to its owner's hook."""
    hooks: dict[str, Any] = {}
    for capability in ALL:
        for queue, hook in capability.dead_letters.items():
            if queue in hooks:
                raise ValueError(f"two capabilities claim the queue {queue}")
            hooks[queue] = hook
    return hooks

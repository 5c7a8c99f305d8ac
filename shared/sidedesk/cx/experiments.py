"""A/B of prompts: which variant answers a conversation. Chance decides once, so every draft of it has the same."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sidedesk.cx.repository import SQL
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope

TASK: Final = "cx.draft"


@dataclass(frozen=True, slots=True)
class Variant:
    name: str
    prompt_version: int
    share: float


@dataclass(frozen=True, slots=True)
class Running:
    id: UUID
    variants: tuple[Variant, ...]


def running(database: Database, scope: AnyScope) -> Running | None:
    """The experiment that is on, if any."""
    rows = database.dicts(scope, SQL["running_experiment"])
    if not rows:
        return None
    return Running(rows[0]["id"], tuple(Variant(**variant) for variant in rows[0]["variants"]))


def assign(experiment: Running, conversation_id: UUID) -> Variant:
    """A conversation's variant: by lot, and the same lot every time."""
    digest = hashlib.sha256(f"{experiment.id}:{conversation_id}".encode()).digest()
    lot = int.from_bytes(digest[:8], "big") / 2**64
    reached = 0.0
    for variant in experiment.variants:
        reached += variant.share
        if lot < reached:
            return variant
    return experiment.variants[-1]

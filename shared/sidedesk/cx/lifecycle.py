"""What replies to customers tell the workers that visit every capability: first rows, erasure, export, dead messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid5

from sidedesk.cx import dead, learning
from sidedesk.cx.gold import ITEMS
from sidedesk.cx.repository import FIGURES_SQL
from sidedesk.platform.capability import Capability
from sidedesk.platform.db import Database
from sidedesk.platform.queries import load_queries
from sidedesk.platform.scope import AnyScope, Scope
from sidedesk.platform.streams import rows_of

_HAS_GOLD: Final = "SELECT true FROM cx_gold_items LIMIT 1"
_ERASURE_SQL: Final = load_queries("sidedesk.cx", "erasure.sql")
# In this order: what is found through the conversation goes before the conversation's contact does.
_STEPS: Final = (
    "erase_unsent", "erase_replies", "erase_approver", "erase_gradings", "erase_grader", "erase_signals", "erase_signal_grader",
    "erase_drafts", "erase_decider", "erase_messages", "erase_notes", "erase_experimenter", "erase_gold_grades", "erase_gold_items",
    "erase_gold_author", "erase_asker", "erase_conversations",
)  # fmt: skip
_TABLES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("cx_conversations", ("conversation_id",)),
    ("cx_messages", ("integration_id", "message_id")),
    ("cx_experiments", ("id",)),
    ("cx_drafts", ("id",)),
    ("cx_notes", ("draft_id",)),
    ("customer_reply_grading", ("id",)),
    ("cx_replies", ("draft_id",)),
    ("cx_learning_signals", ("id",)),
    ("cx_probes", ("id",)),
    ("cx_sweeps", ("id",)),
    ("cx_gold_items", ("id",)),
    ("cx_gold_grades", ("item_id", "reviewer")),
)


def seed_tenant(database: Database, scope: Scope) -> None:
    """A gold set to begin with, so that graders can be compared from the first day."""
    if database.value(scope, _HAS_GOLD):
        return
    with database.batch(scope) as batch:
        for message, reply, (tone, accuracy, policy), why in ITEMS:
            batch.run(
                FIGURES_SQL["insert_gold"],
                {
                    "id": uuid5(scope.tenant_id, f"gold:{message}"),
                    "customer_message": message,
                    "reply": reply,
                    "tone": tone,
                    "accuracy": accuracy,
                    "policy": policy,
                    "why": why,
                    "who": "sidedesk",
                },
            )


def forget(database: Database, scope: AnyScope, subject: str) -> dict[str, int]:
    touched: dict[str, int] = {}
    with database.transaction(scope) as transaction:
        # What drafts for others were to learn from this person goes first, while the conversation still tells whose it is.
        taught = transaction.values(_ERASURE_SQL["examples_of"], {"s": subject})
        transaction.run(*learning.forget(taught))
        for step in _STEPS:
            touched[step.removeprefix("erase_")] = transaction.run(_ERASURE_SQL[step], {"s": subject})
    return touched | {"examples": len(taught)}


def export(database: Database, scope: AnyScope) -> Iterator[tuple[str, dict[str, Any]]]:
    for table, key in _TABLES:
        yield from rows_of(database, scope, table, key)


CAPABILITY: Final = Capability(
    "cx",
    seed_tenant=seed_tenant,
    forget=forget,
    export=export,
    dead_letters={"draft_reply": dead.draft_died, "post_message": dead.post_died},
)

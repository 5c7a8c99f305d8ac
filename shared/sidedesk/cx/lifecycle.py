"""What replies to customers tell the workers that visit every capability: first rows, erasure, export, dead messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid5

from sidedesk.cx.gold import ITEMS
from sidedesk.cx.repository import FIGURES_SQL
from sidedesk.platform.capability import Capability
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope, Scope
from sidedesk.platform.streams import rows_of

_HAS_GOLD: Final = "SELECT true FROM cx_gold_items LIMIT 1"
# Conversations of that person, and texts of others in which they are named. Short subjects name nobody for certain.
_THEIRS: Final = (
    "(SELECT conversation_id FROM cx_conversations WHERE lower(contact ->> 'email') = %(s)s OR contact ->> 'phone' = %(s)s)"
)


def _in(*columns: str) -> str:
    return f"(length(%(s)s) > 4 AND position(%(s)s IN lower(concat_ws(' ', {', '.join(columns)}))) > 0)"


_DRAFT: Final = _in(
    "customer_message", "reply", "tone", "evidence", "sources", "unknowns", "validation", "risk_reasons", "examples",
    "instruction", "rollback", "send_problem",
)  # fmt: skip
# In this order: what is found through the conversation goes before the conversation's contact does. Figures stay.
_ERASE: Final[dict[str, str]] = {
    # Not out yet: it does not go out any more. What a sender has in hand at this moment is let go, and erased the next time.
    "cx_replies_withdrawn": "DELETE FROM cx_replies WHERE status = 'sending' AND (leased_until IS NULL OR leased_until < now()) "
    f"AND conversation_id IN {_THEIRS}",
    "cx_replies": "UPDATE cx_replies SET content = 'Erased.', override_reason = '' WHERE status = 'sent' AND content <> 'Erased.' "
    f"AND (conversation_id IN {_THEIRS} OR {_in('content', 'override_reason')})",
    "cx_replies_approved": "UPDATE cx_replies SET approved_by = 'forgotten' WHERE lower(approved_by) = %(s)s",
    "customer_reply_grading": "UPDATE customer_reply_grading SET draft_reply = 'Erased.', human_reply = NULL, rag_sources = NULL "
    f"WHERE draft_id IN (SELECT id FROM cx_drafts WHERE conversation_id IN {_THEIRS}) OR {_in('draft_reply', 'human_reply', 'rag_sources')}",
    "customer_reply_grading_graded": "UPDATE customer_reply_grading SET graded_by = 'forgotten' WHERE lower(graded_by) = %(s)s",
    "cx_learning_signals": "UPDATE cx_learning_signals SET customer_message = '', draft_reply = '', human_reply = NULL, reason = '', rag_sources = '[]' "
    f"WHERE conversation_id IN {_THEIRS} OR {_in('customer_message', 'draft_reply', 'human_reply', 'reason', 'rag_sources')}",
    "cx_learning_signals_graded": "UPDATE cx_learning_signals SET graded_by = 'forgotten' WHERE lower(graded_by) = %(s)s",
    "cx_drafts": "UPDATE cx_drafts d SET customer_message = '', reply = 'Erased.', tone = '{}', evidence = '[]', sources = '[]', unknowns = '[]', "
    "validation = '[]', risk_reasons = '[]', examples = '[]', instruction = '', rollback = '', send_problem = '', cache_key = 'erased', "
    "closed_reason = CASE WHEN d.status IN ('pending', 'sending') THEN 'Erased at the wish of the person.' ELSE d.closed_reason END, "
    "decided_at = coalesce(d.decided_at, now()), "
    "status = CASE WHEN d.status = 'pending' OR (d.status = 'sending' AND NOT EXISTS (SELECT FROM cx_replies r WHERE r.draft_id = d.id)) "
    f"THEN 'closed' ELSE d.status END WHERE d.conversation_id IN {_THEIRS} OR {_DRAFT}",
    "cx_drafts_decided": "UPDATE cx_drafts SET decided_by = CASE WHEN lower(decided_by) = %(s)s THEN 'forgotten' ELSE decided_by END, "
    "requested_by = CASE WHEN lower(requested_by) = %(s)s THEN 'forgotten' ELSE requested_by END, "
    "escalated_to = CASE WHEN lower(escalated_to) = %(s)s THEN 'forgotten' ELSE escalated_to END "
    "WHERE %(s)s IN (lower(decided_by), lower(requested_by), lower(escalated_to))",
    "cx_messages": f"UPDATE cx_messages SET content = '', author = '' WHERE conversation_id IN {_THEIRS} OR {_in('content', 'author')}",
    "cx_notes": f"UPDATE cx_notes SET problem = '' WHERE {_in('problem')}",
    "cx_experiments": "UPDATE cx_experiments SET started_by = CASE WHEN lower(started_by) = %(s)s THEN 'forgotten' ELSE started_by END, "
    "stopped_by = CASE WHEN lower(stopped_by) = %(s)s THEN 'forgotten' ELSE stopped_by END "
    "WHERE lower(started_by) = %(s)s OR lower(stopped_by) = %(s)s",
    "cx_gold_grades": "DELETE FROM cx_gold_grades WHERE lower(reviewer) = %(s)s",
    "cx_gold_items": "UPDATE cx_gold_items SET customer_message = 'Erased.', reply = 'Erased.', why = '', retired_at = coalesce(retired_at, now()) "
    f"WHERE {_in('customer_message', 'reply', 'why')}",
    "cx_gold_items_created": "UPDATE cx_gold_items SET created_by = 'forgotten' WHERE lower(created_by) = %(s)s",
    "cx_conversations_asked": "UPDATE cx_conversations SET wish_by = 'forgotten' WHERE lower(wish_by) = %(s)s",
    "cx_conversations": "UPDATE cx_conversations SET contact = '{}', plan = '', summary = NULL, wish_instruction = '', draft_problem = NULL, "
    f"draft_due_at = NULL WHERE conversation_id IN {_THEIRS} OR {_in('contact', 'summary', 'wish_instruction', 'draft_problem')}",
}  # fmt: skip
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
    with database.batch(scope) as batch:
        touched = {what: batch.run(statement, {"s": subject}) for what, statement in _ERASE.items()}
    return {what: done.count() for what, done in touched.items()}


def export(database: Database, scope: AnyScope) -> Iterator[tuple[str, dict[str, Any]]]:
    for table, key in _TABLES:
        yield from rows_of(database, scope, table, key)


CAPABILITY: Final = Capability("cx", seed_tenant=seed_tenant, forget=forget, export=export, dead_letters={})

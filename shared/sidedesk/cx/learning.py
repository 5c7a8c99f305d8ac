"""Learning: what people sent becomes an example for the next draft, what they objected to becomes a note of what to avoid.

A reply that a person approved is their words, whether they changed the draft a little or a lot; that is what is kept, without
personal data, greeting and signature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sidedesk.ai.redaction import Redactor
from sidedesk.cx import text_distance
from sidedesk.cx.repository import SQL
from sidedesk.knowledge import retrieval
from sidedesk.knowledge.retrieval import Hit, Passage
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope

if TYPE_CHECKING:
    from sidedesk.ai.gateway import Gateway

COLLECTION: Final = "cx_reply"
ALIKE: Final = 0.45  # below this, another customer's question is another question
AT_A_TIME: Final = 50
OBJECTIONS_AT_MOST: Final = 8
PURPOSE: Final = "embed.index"  # the same model as every text of the store


@dataclass(frozen=True, slots=True)
class Example:
    question: str
    reply: str


def example_of(hit: Hit) -> Example:
    return Example(hit.title, hit.text)


def worth_avoiding(notes: Sequence[str]) -> list[str]:
    """What reviewers objected to lately, each once."""
    seen: dict[str, str] = {}
    for note in notes:
        short = " ".join(note.split())[:200]
        seen.setdefault(short.casefold(), short)
    return list(seen.values())[:OBJECTIONS_AT_MOST]


def index(database: Database, scope: AnyScope, gateway: Gateway) -> int:
    """Take up what was approved and sent since the last time. Answers how many examples were added."""
    rows = database.dicts(scope, SQL["unlearned"], {"limit": AT_A_TIME})
    passages = [passage for row in rows if (passage := _passage(row)) is not None]
    vectors: list[list[float]] = []
    model = ""
    if passages:
        answer = gateway.embed([passage.title for passage in passages], purpose=PURPOSE)
        vectors, model = answer.value, answer.model
    if rows:
        with database.batch(scope) as batch:
            if passages:
                batch.run(*retrieval.put(COLLECTION, passages, vectors, model))
            batch.run(SQL["learned"], {"ids": [row["id"] for row in rows]})
    return len(passages)


def forget(ids: Sequence[UUID]) -> tuple[str, dict[str, Any]]:
    """The statement that takes examples out again."""
    return retrieval.remove(COLLECTION, ids)


def _passage(row: dict[str, Any]) -> Passage | None:
    redactor = Redactor()
    question = redactor.redact(without_names(row["customer_message"], row["names"]))
    reply = redactor.redact(without_names(text_distance.body_of(row["human_reply"]), row["names"]))
    if len(reply.split()) < 3 or len(question.split()) < 2:
        return None
    meta = {"approved_at": row["created_at"].isoformat(), "signal_id": str(row["id"])}
    return Passage(row["id"], question[:4_000], reply[:8_000], meta)


def without_names(text: str, names: Sequence[str]) -> str:
    """Another customer must never be greeted by this one's name."""
    for name in sorted({part for whole in names for part in (whole, *whole.split())}, key=len, reverse=True):
        if len(name) > 2:
            text = text.replace(name, "the customer")
    return text

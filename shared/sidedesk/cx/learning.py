"""Learning: what people sent becomes an example for the next draft, what they objected to becomes a note of what to avoid.

A reply that a person approved is their words, whether they changed the draft a little or a lot; that is what is kept, without
personal data, greeting and signature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sidedesk.cx.impersonal import without_people
from sidedesk.cx.repository import SQL
from sidedesk.knowledge import retrieval
from sidedesk.knowledge.retrieval import Hit, Passage
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope
from sidedesk.platform.tenant_options import tenant_options

if TYPE_CHECKING:
    from sidedesk.ai.gateway import Gateway

COLLECTION: Final = "cx_reply"
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
    if not rows or not tenant_options(database, scope).options.cx.learning:
        return 0
    passages = [passage for row in rows if (passage := _passage(row)) is not None]
    vectors: list[list[float]] = []
    model = ""
    if passages:
        answer = gateway.embed([passage.embedded for passage in passages], purpose=PURPOSE)
        vectors, model = answer.value, answer.model
    made = dict(zip((passage.id for passage in passages), zip(passages, vectors, strict=True), strict=True))
    with database.transaction(scope) as transaction:
        # Somebody may have been erased while the model was asked.
        still = set(transaction.values(SQL["learned"], {"ids": [row["id"] for row in rows]}))
        kept = [pair for one, pair in made.items() if one in still]
        if kept:
            transaction.run(*retrieval.put(COLLECTION, [one for one, _ in kept], [vector for _, vector in kept], model))
    return len(kept)


def forget(ids: Sequence[UUID]) -> tuple[str, dict[str, Any]]:
    """The statement that takes examples out again."""
    return retrieval.remove(COLLECTION, ids)


def _passage(row: dict[str, Any]) -> Passage | None:
    articles = [f"{one['title']}\n{one['excerpt']}" for one in row["rag_sources"] if one["kind"] == "article"]
    exchange = without_people(
        row["customer_message"], row["human_reply"], row["contact"], row["people"] or (), articles
    )
    if len(exchange.reply.split()) < 3 or len(exchange.question.split()) < 2:
        return None
    meta = {"approved_at": row["created_at"].isoformat(), "signal_id": str(row["id"]), "vector_of": "title"}
    return Passage(row["id"], exchange.question[:4_000], exchange.reply[:8_000], meta)

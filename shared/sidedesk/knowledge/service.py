"""The knowledge base and the store of texts, as other capabilities use them.

A capability that wants its texts found puts them with `put` in its own unit of work, under a collection of its own, takes
them out with `remove`, and asks with `find`, which asks the model for the question's vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sidedesk.ai.errors import CapReached
from sidedesk.ai.gateway import Gateway
from sidedesk.knowledge import articles
from sidedesk.knowledge.models import Found, SearchAnswer
from sidedesk.knowledge.retrieval import Hit, Passage, put, put_vectors, remove, search, statement, version
from sidedesk.platform.db import Database
from sidedesk.platform.errors import DomainError
from sidedesk.platform.scope import AnyScope

__all__ = [
    "Finding",
    "Hit",
    "Passage",
    "find",
    "look_up",
    "put",
    "put_vectors",
    "remove",
    "search",
    "statement",
    "version",
]

LONGEST_QUESTION = 8_000  # characters that are embedded; the rest of a longer text repeats itself
ASKING = "embed.query"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found and how: `words` when no model could be asked, and `note` says why."""

    hits: list[Hit]
    mode: Literal["hybrid", "words"]
    note: str = ""


def find(
    database: Database, scope: AnyScope, gateway: Gateway, text: str, collections: Sequence[str], *, limit: int = 8
) -> Finding:
    """Embed the question and search. Without a model it is found by words, and the finding says so."""
    question = text.strip()[:LONGEST_QUESTION]
    if not question:
        return Finding([], "words", "There was nothing to search for.")
    try:
        answer = gateway.embed([question], purpose=ASKING)
    except DomainError as problem:
        hits = search(database, scope, text=question, vector=None, model="", collections=collections, limit=limit)
        reason = "The spend cap is reached." if isinstance(problem, CapReached) else problem.message
        return Finding(hits, "words", f"Found by words only. {reason}")
    hits = search(
        database,
        scope,
        text=question,
        vector=answer.value[0],
        model=answer.model,
        collections=collections,
        limit=limit,
    )
    return Finding(hits, "hybrid")


def look_up(database: Database, scope: AnyScope, gateway: Gateway, text: str, *, limit: int) -> SearchAnswer:
    """The knowledge base as a drafter would find it, for people who want to see why."""
    finding = find(database, scope, gateway, text, (articles.COLLECTION,), limit=limit)
    return SearchAnswer(mode=finding.mode, note=finding.note, data=[_found(hit) for hit in finding.hits])


def _found(hit: Hit) -> Found:
    return Found(
        id=hit.id,
        article_id=UUID(hit.meta["article_id"]),
        title=hit.title,
        text=hit.text,
        url=hit.meta["url"],
        version=hit.meta["version"],
        updated_at=hit.meta["updated_at"],
        score=round(hit.score, 6),
        similarity=round(hit.similarity, 4),
        text_rank=hit.text_rank,
    )

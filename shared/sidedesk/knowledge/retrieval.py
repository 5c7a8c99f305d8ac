"""The one store to find texts in, by meaning and by words, for every capability that has some.

A capability keeps its texts under a collection of its own. Searching is one statement: the nearest by the signs of their
vectors, those measured exactly, a full text search beside it, and both orders joined by reciprocal rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from sidedesk.knowledge.repository import SQL
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope
from sidedesk.platform.vectors import HalfVector, as_text

Collection = Literal["kb", "cx_reply"]

LONGEST_TEXT = 20_000
# Measured in docs/decisions/0008. Up to so many texts are all compared exactly, which costs no more than choosing first;
# of larger collections enough are chosen by their bits that the true nearest ten are among them.
ALL = 1_000
NEAREST_BY_BITS = 100
BY_WORDS = 100
COMMON = 400
FUSION = 60  # how slowly a place loses weight; the value of the paper that proposed joining ranks


@dataclass(frozen=True, slots=True)
class Passage:
    """What is put in. `meta` comes back with every hit."""

    id: UUID
    title: str
    text: str
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def embedded(self) -> str:
        """The text its vector is made of: what it is about belongs to what it says. Examples are found by their question alone."""
        return self.title if self.meta.get("vector_of") == "title" else f"{self.title}\n{self.text}"


@dataclass(frozen=True, slots=True)
class Hit:
    """What was found. `similarity` is 0 where there is no vector of the asked model, `text_rank` None where no word matched."""

    id: UUID
    collection: str
    title: str
    text: str
    meta: dict[str, Any]
    score: float
    similarity: float
    text_rank: int | None


def put(
    collection: str, passages: Sequence[Passage], vectors: Sequence[Sequence[float] | None], model: str
) -> tuple[str, dict[str, Any]]:
    """The statement for the caller's own unit of work. None keeps the vector that is there, for a text that has not changed."""
    if len(passages) != len(vectors):
        raise ValueError("one vector, or None, for each passage")
    return SQL["put"], {
        "collection": collection,
        "model": model,
        "ids": [passage.id for passage in passages],
        "titles": [passage.title for passage in passages],
        "texts": [passage.text for passage in passages],
        "metas": [Jsonb(passage.meta) for passage in passages],
        "vectors": [None if vector is None else as_text(vector) for vector in vectors],
    }


def remove(collection: str, ids: Sequence[UUID]) -> tuple[str, dict[str, Any]]:
    """The statement after which nobody finds these any more."""
    return SQL["remove"], {"collection": collection, "ids": list(ids)}


def version(collection: str) -> tuple[str, dict[str, Any]]:
    """The statement for a number that grows whenever anything in the collection changes."""
    return SQL["collection_version"], {"collection": collection}


def with_vectors(ids: Sequence[UUID], model: str) -> tuple[str, dict[str, Any]]:
    """The statement for those of these ids that have a vector of this model."""
    return SQL["with_vectors"], {"ids": list(ids), "model": model}


def put_vectors(
    texts: Sequence[tuple[UUID, datetime]], vectors: Sequence[Sequence[float]], model: str
) -> tuple[str, dict[str, Any]]:
    """The statement for vectors of texts that were read earlier; one that changed since keeps waiting for its own."""
    return SQL["put_vectors"], {
        "model": model,
        "ids": [one for one, _ in texts],
        "seen": [moment for _, moment in texts],
        "vectors": [as_text(vector) for vector in vectors],
    }


def search(
    database: Database,
    scope: AnyScope,
    *,
    text: str,
    vector: Sequence[float] | None,
    model: str,
    collections: Sequence[str],
    limit: int = 8,
) -> list[Hit]:
    """The best `limit` of these collections, in one round trip. Without a vector only words count."""
    return database.rows(scope, Hit, *statement(text, vector, model, collections, limit))


def statement(
    text: str, vector: Sequence[float] | None, model: str, collections: Sequence[str], limit: int
) -> tuple[str, dict[str, Any]]:
    """The same as a statement for the caller's batch, to be read as `Hit`."""
    values: dict[str, Any] = {
        "text": text,
        "collections": list(collections),
        "limit": limit,
        "words": BY_WORDS,
        "common": COMMON,
        "fusion": FUSION,
    }
    if vector is None:
        return SQL["search_words"], values
    return SQL["search"], values | {
        "vector": HalfVector(vector),
        "model": model,
        "nearest": NEAREST_BY_BITS,
        "all": ALL,
    }

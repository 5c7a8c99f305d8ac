"""What the knowledge base tells the workers that visit every capability: erasure, export, dead messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from sidedesk.knowledge import articles
from sidedesk.knowledge.repository import SQL
from sidedesk.platform.capability import Capability
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope, Scope
from sidedesk.platform.streams import rows_of

# Articles are the organisation's own: a person's address goes, the text around it stays. Texts of other capabilities are
# erased with what they were made from; what they leave behind here loses the address too.
_ERASE: Final = ("forget_articles", "forget_versions", "forget_chunks", "forget_texts")
_TABLES: Final[tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]] = (
    ("kb_articles", ("id",), ()),
    ("kb_article_versions", ("article_id", "version"), ()),
    ("kb_chunks", ("id",), ()),
    # Vectors and word lists are made from the texts, and can be made again.
    ("retrieval_texts", ("id",), ("words",)),
    ("retrieval_collections", ("collection",), ()),
)


def forget(database: Database, scope: AnyScope, subject: str) -> dict[str, int]:
    values = {"s": subject, "pattern": re.escape(subject)}
    with database.batch(scope) as batch:
        touched = {name: batch.run(SQL[name], values) for name in _ERASE}
    return {name.removeprefix("forget_"): done.count() for name, done in touched.items()}


def export(database: Database, scope: AnyScope) -> Iterator[tuple[str, dict[str, Any]]]:
    for table, key, without in _TABLES:
        yield from rows_of(database, scope, table, key, without=without)


def index_died(database: Database, scope: Scope, payload: dict[str, Any]) -> None:
    from sidedesk.knowledge import indexing

    indexing.gave_up(database, scope, UUID(payload["article_id"]), int(payload["version"]))


CAPABILITY: Final = Capability("knowledge", forget=forget, export=export, dead_letters={articles.QUEUE: index_died})

"""Articles: written, changed, archived, deleted. A change makes a new version; what is deleted is gone from every answer at once."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg

from sidedesk.knowledge import parsing, retrieval
from sidedesk.knowledge.errors import ArticleChanged, ArticleExists, ArticleNotFound
from sidedesk.knowledge.models import (
    LONGEST_BODY,
    LONGEST_TITLE,
    Article,
    ArticleChange,
    ArticleVersion,
    IndexStatus,
    NewArticle,
    Status,
    WholeArticle,
)
from sidedesk.knowledge.parsing import Document
from sidedesk.knowledge.repository import SQL
from sidedesk.platform import audit_log, outbox
from sidedesk.platform.db import Database, Transaction, constraint_of
from sidedesk.platform.errors import InvalidRequest
from sidedesk.platform.models import Page, decode_cursor, part_of
from sidedesk.platform.outbox import Message
from sidedesk.platform.scope import AnyScope

COLLECTION: Final = "kb"
QUEUE: Final = "index_article"


def list_articles(
    database: Database,
    scope: AnyScope,
    *,
    limit: int,
    cursor: str | None,
    q: str | None = None,
    status: Status | None = None,
    index_status: IndexStatus | None = None,
) -> Page[Article]:
    at, after = decode_cursor(cursor, datetime, UUID) or (None, None)
    values = {
        "at": at,
        "after": after,
        "q": q or None,
        "status": status,
        "index_status": index_status,
        "limit": limit + 1,
    }
    rows = database.rows(scope, Article, SQL["list_articles"], values)
    kept, following = part_of(rows, limit, lambda row: (row.updated_at, row.id))
    return Page(data=kept, next_cursor=following)


def get(database: Database, scope: AnyScope, article_id: UUID) -> WholeArticle:
    found = database.row(scope, WholeArticle, SQL["whole_article"], {"id": article_id})
    if found is None:
        raise ArticleNotFound()
    return found


def versions(
    database: Database, scope: AnyScope, article_id: UUID, *, limit: int, cursor: str | None
) -> Page[ArticleVersion]:
    """Newest first."""
    [before] = decode_cursor(cursor, int) or [None]
    values = {"id": article_id, "before": before, "limit": limit + 1}
    rows = database.rows(scope, ArticleVersion, SQL["article_versions"], values)
    if not rows and before is None:
        raise ArticleNotFound()
    kept, following = part_of(rows, limit, lambda row: (row.version,))
    return Page(data=kept, next_cursor=following)


def create(database: Database, scope: AnyScope, article_id: UUID, wish: NewArticle) -> WholeArticle:
    document = _document(wish.title, wish.body, wish.format, wish.url, wish.language)
    values = rows([(article_id, document)], wish.source) | {"source": wish.source, "format": wish.format}
    message = indexing_of(article_id, 1)
    try:
        with database.transaction(scope) as transaction:
            if not transaction.values(SQL["create_articles"], values):
                raise ArticleExists()
            transaction.run(*outbox.add(scope, [message]))
            transaction.run(*audit_log.record("kb_article.created", article_id=article_id))
    except psycopg.errors.UniqueViolation as error:
        if constraint_of(error) != "kb_articles_pkey":
            raise
        return get(database, scope, article_id)  # the same wish, carried out before
    except ArticleExists:
        # The same wish again meets its own article first.
        if database.row(scope, WholeArticle, SQL["whole_article"], {"id": article_id}) is None:
            raise
        return get(database, scope, article_id)
    outbox.send_now(database, scope, [message])
    return get(database, scope, article_id)


def change(database: Database, scope: AnyScope, article_id: UUID, wish: ArticleChange) -> WholeArticle:
    """A new version if anything is different; archiving takes it out of answers, and changing it back brings it in again."""
    document = _document(wish.title, wish.body, wish.format, wish.url, wish.language)
    messages: list[Message] = []
    try:
        with database.transaction(scope) as transaction:
            held = _lock(transaction, article_id)
            if wish.version is not None and wish.version != held["version"]:
                raise ArticleChanged()
            messages = _changed(transaction, scope, held, document, wish)
    except psycopg.errors.UniqueViolation as error:
        if constraint_of(error) == "kb_articles_identity_unique":
            raise ArticleExists() from error
        raise
    outbox.send_now(database, scope, messages)
    return get(database, scope, article_id)


def _changed(
    transaction: Transaction, scope: AnyScope, held: dict[str, Any], document: Document, wish: ArticleChange
) -> list[Message]:
    article_id, version = held["id"], held["version"]
    messages: list[Message] = []
    if content_hash(document) != held["content_hash"]:
        values = rows([(article_id, document)], held["source"]) | {"format": wish.format}
        version = transaction.dicts(SQL["change_articles"], values)[0]["version"]
        transaction.run(*audit_log.record("kb_article.changed", article_id=article_id, version=version))
        messages = [indexing_of(article_id, version)]
    elif wish.status == "active" and held["status"] == "archived":
        transaction.run(SQL["wait_for_index"], {"id": article_id, "restore": True})
        transaction.run(*audit_log.record("kb_article.restored", article_id=article_id))
        messages = [indexing_of(article_id, version)]
    if wish.status == "archived":
        messages = []
        take_out(transaction, article_id)
        transaction.run(SQL["archive_article"], {"id": article_id})
        if held["status"] != "archived":
            transaction.run(*audit_log.record("kb_article.archived", article_id=article_id))
    if messages:
        transaction.run(*outbox.add(scope, messages))
    return messages


def index_again(database: Database, scope: AnyScope, article_id: UUID) -> WholeArticle:
    """Once more to the queue, for an article whose indexing failed or waits."""
    with database.transaction(scope) as transaction:
        version = transaction.value(SQL["wait_for_index"], {"id": article_id, "restore": False})
        if version is None:
            held = _lock(transaction, article_id)
            raise ArticleChanged(
                f"This article is {held['status']}. Restore it first: it is indexed then.", code="article_archived"
            )
        message = indexing_of(article_id, version)
        transaction.run(*outbox.add(scope, [message]))
        transaction.run(*audit_log.record("kb_article.index_asked", article_id=article_id))
    outbox.send_now(database, scope, [message])
    return get(database, scope, article_id)


def delete(database: Database, scope: AnyScope, article_id: UUID) -> None:
    """Text, versions and everything that could be found of it, in one transaction."""
    with database.transaction(scope) as transaction:
        _lock(transaction, article_id)
        take_out(transaction, article_id)
        transaction.run(SQL["delete_article"], {"id": article_id})
        transaction.run(*audit_log.record("kb_article.deleted", article_id=article_id))


def take_out(transaction: Transaction, article_id: UUID) -> None:
    """From here on no search returns its text."""
    ids = transaction.values(SQL["chunks_of"], {"id": article_id})
    if ids:
        transaction.run(*retrieval.remove(COLLECTION, ids))
        transaction.run(SQL["drop_chunks"], {"article_id": article_id})


def _lock(transaction: Transaction, article_id: UUID) -> dict[str, Any]:
    found = transaction.dicts(SQL["lock_article"], {"id": article_id})
    if not found:
        raise ArticleNotFound()
    return found[0]


# Shared with imports -----------------------------------------------------------------------------------------------------


def indexing_of(article_id: UUID, version: int) -> Message:
    return Message.to_queue(QUEUE, {"article_id": str(article_id), "version": version})


def rows(documents: list[tuple[UUID, Document]], source: str) -> dict[str, Any]:
    """Documents as the columns of a statement."""
    return {
        "ids": [one for one, _ in documents],
        "identities": [identity(document, source) for _, document in documents],
        "titles": [document.title for _, document in documents],
        "bodies": [document.body for _, document in documents],
        "urls": [document.url for _, document in documents],
        "languages": [document.language for _, document in documents],
        "hashes": [content_hash(document) for _, document in documents],
    }


def identity(document: Document, source: str) -> str:
    """What makes it the same article in the next import: where it can be read, else its title among those of its source."""
    named = f"url\n{document.url}" if document.url else f"title\n{source.casefold()}\n{document.title.casefold()}"
    return hashlib.sha256(named.encode()).hexdigest()


def content_hash(document: Document) -> str:
    said = "\n\x00".join((document.title, document.url, document.language, document.body))
    return hashlib.sha256(said.encode()).hexdigest()


def _document(title: str, body: str, format: str, url: str, language: str) -> Document:
    made = Document(parsing.title_of(title), parsing.markdown(body, format), url, language)
    if not made.title or len(made.title) > LONGEST_TITLE:
        raise InvalidRequest.of("title", "The title needs at least one visible character, and 300 at most.")
    if not made.body.strip() or len(made.body) > LONGEST_BODY:
        raise InvalidRequest.of(
            "body", f"The body needs text that a reader can see, and {LONGEST_BODY} characters at most."
        )
    return made

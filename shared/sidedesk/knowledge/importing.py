"""Imports: many articles at once, each told apart by its address or title, unchanged ones left alone."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID, uuid5

from sidedesk.knowledge import articles, parsing
from sidedesk.knowledge.models import Format, Import, ImportReport, RefusedRow
from sidedesk.knowledge.parsing import Document, Refused
from sidedesk.knowledge.repository import SQL
from sidedesk.platform import audit_log, outbox, uploads
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope

ARCHIVED = "This article is archived. Restore it, then import it again."
TWICE = "An earlier row is the same article: it has the same address, or the same title."
MEANWHILE = "Somebody else created this article at the same moment. Import it again."


def run(database: Database, scope: AnyScope, import_id: UUID, wish: Import) -> ImportReport:
    """All rows that can be taken in, in one transaction, and why the others cannot."""
    text, name, source = _content(database, scope, wish)
    return take_in(database, scope, import_id, parsing.documents(text, wish.format, name), source, wish.format)


def _content(database: Database, scope: AnyScope, wish: Import) -> tuple[str, str, str]:
    """(the text, a title for want of another, the source)."""
    if wish.content is not None:
        return wish.content, wish.source, wish.source
    assert wish.upload_id is not None
    stored = uploads.usable(database, scope, wish.upload_id, "kb_import")
    source = wish.source or stored.filename[:200]
    return parsing.decode(uploads.content(stored)), stored.filename.rpartition(".")[0] or stored.filename, source


def take_in(
    database: Database,
    scope: AnyScope,
    import_id: UUID,
    documents: Iterable[Document | Refused],
    source: str,
    format: Format,
) -> ImportReport:
    refused: list[RefusedRow] = []
    wanted: dict[str, Document] = {}
    for one in documents:
        if isinstance(one, Refused):
            refused.append(RefusedRow(row=one.row, title=one.title, reason=one.reason))
            continue
        key = articles.identity(one, source)
        if key in wanted:
            refused.append(RefusedRow(row=one.row, title=one.title, reason=TWICE))
        else:
            wanted[key] = one
    with database.transaction(scope) as transaction:
        known = {row["identity"]: row for row in transaction.dicts(SQL["known_articles"], {"identities": list(wanted)})}
        new, changed, same = [], [], []
        for key, document in wanted.items():
            row = known.get(key)
            if row is None:
                new.append((uuid5(import_id, key), document))
            elif row["status"] == "archived":
                refused.append(RefusedRow(row=document.row, title=document.title, reason=ARCHIVED))
            elif row["content_hash"] == articles.content_hash(document):
                same.append(row["id"])
            else:
                changed.append((row["id"], document))
        shared = {"source": source, "format": format}
        made = set(transaction.values(SQL["create_articles"], articles.rows(new, source) | shared)) if new else set()
        refused += [
            RefusedRow(row=document.row, title=document.title, reason=MEANWHILE)
            for one, document in new
            if one not in made
        ]
        moved = transaction.dicts(SQL["change_articles"], articles.rows(changed, source) | shared) if changed else []
        if same:
            transaction.run(SQL["articles_checked"], {"ids": same})
        messages = [articles.indexing_of(one, 1) for one, _ in new if one in made]
        messages += [articles.indexing_of(row["id"], row["version"]) for row in moved]
        if messages:
            transaction.run(*outbox.add(scope, messages))
        counts = {"created": len(made), "changed": len(moved), "unchanged": len(same)}
        transaction.run(*audit_log.record("kb.imported", format=format, source=source, refused=len(refused), **counts))
    outbox.send_now(database, scope, messages)
    return ImportReport(
        **counts,
        refused=sorted(refused, key=lambda row: row.row),
        articles=[one for one, _ in new if one in made] + [row["id"] for row in moved],
    )

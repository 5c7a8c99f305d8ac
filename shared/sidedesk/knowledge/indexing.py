"""Making a version findable: its pieces, their vectors, the old ones out, all in one transaction.

Texts never wait for a model. When none can be asked, an article is found by its words, says why it still waits, and gets
its vectors later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sidedesk.ai.errors import CapReached
from sidedesk.ai.gateway import Deadline, Gateway
from sidedesk.knowledge import articles, retrieval
from sidedesk.knowledge.chunking import chunks
from sidedesk.knowledge.models import IndexMessage
from sidedesk.knowledge.repository import SQL
from sidedesk.knowledge.retrieval import Passage
from sidedesk.platform import audit_log, outbox
from sidedesk.platform.db import Database
from sidedesk.platform.errors import DomainError, Unavailable
from sidedesk.platform.observability import logger
from sidedesk.platform.outbox import Message
from sidedesk.platform.scope import Scope

PURPOSE: Final = "embed.index"
FIRST_WAIT, LONGEST_WAIT = 60, 3_600  # seconds until the model is asked again
AT_A_TIME: Final = 64
NEVER: Final = UUID(int=0)
ENOUGH_SECONDS: Final = 15.0  # for one more round
_TENANTS: Final = "SELECT sweep.tenant_ids()"
MakeGateway = Callable[[Scope, Deadline], Gateway]


def index(database: Database, message: IndexMessage, gateway: MakeGateway, deadline: Deadline) -> str:
    """Returns what became of it, for the log. Twice, late or after a newer version it changes nothing."""
    scope = Scope.system(message.tenant_id, "index_article")
    wanted = {"id": message.article_id, "version": message.version}
    found = database.dicts(scope, SQL["article_to_index"], wanted)
    if not found or found[0]["index_status"] == "indexed":
        return "nothing to do"
    if message.not_before is not None and message.not_before > datetime.now(UTC) + timedelta(seconds=5):
        _later(database, scope, message, message.not_before)
        return "not yet"
    article = found[0]
    pieces, passages = _passages(article)
    model, vectors, problem = _embedded(database, scope, passages, gateway, deadline)
    status = "indexed" if problem is None else "waiting" if _passes(problem) else "failed"
    again: list[Message] = []
    with database.transaction(scope) as transaction:
        seen = wanted | {"attempts": article["index_attempts"]}
        if transaction.value(SQL["lock_for_index"], seen) is None:
            return "overtaken"
        before = transaction.values(SQL["chunks_of"], wanted)
        kept = {passage.id for passage in passages}
        if gone := [one for one in before if one not in kept]:
            transaction.run(*retrieval.remove(articles.COLLECTION, gone))
        transaction.run(SQL["drop_chunks"], {"article_id": article["id"]})
        transaction.run(SQL["keep_chunks"], pieces)
        if passages:
            transaction.run(*retrieval.put(articles.COLLECTION, passages, vectors, model))
        error = problem.message if problem else None
        transaction.run(SQL["settle_index"], wanted | {"status": status, "error": error})
        if status == "waiting":
            again = [_retry(message, article["index_attempts"])]
            transaction.run(*outbox.add(scope, again))
        facts = {"article_id": article["id"], "version": message.version, "chunks": len(passages)}
        transaction.run(
            *audit_log.record(f"kb_article.index_{status}", **facts, **({"code": problem.code} if problem else {}))
        )
    outbox.send_now(database, scope, again)
    return status


def gave_up(database: Database, scope: Scope, article_id: UUID, version: int) -> None:
    """Its message is dead: an article nobody works on must not say that it waits."""
    error = "Indexing failed several times and was given up. Ask for it again; if it goes on, look at the dead letters."
    database.run(scope, SQL["index_gave_up"], {"id": article_id, "version": version, "error": error})


def renew_all(database: Database, gateway: MakeGateway, deadline: Deadline) -> dict[str, int]:
    """Each organisation in turn; one that may not spend, or has no model, waits for the next time."""
    done = {"renewed": 0, "tenants_waiting": 0}
    for tenant in database.values(None, _TENANTS):
        if deadline.left() < ENOUGH_SECONDS:
            break
        try:
            done["renewed"] += renew(database, Scope.system(tenant, "renew_vectors"), gateway, deadline)
        except DomainError as problem:
            done["tenants_waiting"] += 1
            logger.info("vectors not renewed", extra={"tenant": str(tenant), "code": problem.code})
        except Exception:  # one tenant's trouble is not the others'
            logger.exception("vectors of one tenant not renewed", extra={"tenant": str(tenant)})
    return done


def renew(database: Database, scope: Scope, gateway: MakeGateway, deadline: Deadline) -> int:
    """Vectors for texts of any collection that have none of the model wished today; a new model makes all of them such."""
    asked = gateway(scope, deadline)
    model = asked.embedding_model(PURPOSE)
    after, renewed = NEVER, 0
    while deadline.left() > ENOUGH_SECONDS:
        rows = database.dicts(scope, SQL["outdated_texts"], {"model": model, "after": after, "limit": AT_A_TIME})
        if not rows:
            break
        after = rows[-1]["id"]
        passages = [Passage(row["id"], row["title"], row["text"], row["meta"]) for row in rows]
        vectors = asked.embed([passage.embedded for passage in passages], purpose=PURPOSE).value
        texts = [(row["id"], row["updated_at"]) for row in rows]
        database.run(scope, *retrieval.put_vectors(texts, vectors, model))
        renewed += len(rows)
    return renewed


def _passages(article: dict[str, Any]) -> tuple[dict[str, Any], list[Passage]]:
    """The article's pieces as rows, and as what is put into the store."""
    found = chunks(article["body"])
    seen: dict[str, int] = {}
    ids = [chunk.id_in(article["id"], article["title"], seen) for chunk in found]
    meta = {
        "article_id": str(article["id"]),
        "version": article["version"],
        "url": article["url"],
        "language": article["language"],
        "updated_at": article["updated_at"].astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }
    pieces = {
        "article_id": article["id"],
        "version": article["version"],
        "ids": ids,
        "ordinals": [chunk.ordinal for chunk in found],
        "headings": [" › ".join(chunk.headings) for chunk in found],
        "texts": [chunk.text for chunk in found],
    }
    passages = [
        Passage(one, chunk.title(article["title"]), chunk.text, meta | {"ordinal": chunk.ordinal})
        for one, chunk in zip(ids, found, strict=True)
    ]
    return pieces, passages


def _embedded(
    database: Database, scope: Scope, passages: Sequence[Passage], gateway: MakeGateway, deadline: Deadline
) -> tuple[str, list[list[float] | None], DomainError | None]:
    """(model, a vector for each passage that lacks one, why there are none)."""
    nothing: list[list[float] | None] = [None] * len(passages)
    if not passages:
        return "", [], None
    try:
        asked = gateway(scope, deadline)
        model = asked.embedding_model(PURPOSE)
        there = set(database.values(scope, *retrieval.with_vectors([passage.id for passage in passages], model)))
        missing = [passage for passage in passages if passage.id not in there]
        if not missing:
            return model, nothing, None
        answer = asked.embed([passage.embedded for passage in missing], purpose=PURPOSE)
    except DomainError as problem:
        return "", nothing, problem
    made = dict(zip((passage.id for passage in missing), answer.value, strict=True))
    return model, [made.get(passage.id) for passage in passages], None


def _passes(problem: DomainError) -> bool:
    """May the same call work later, without anybody changing the article?"""
    return isinstance(problem, Unavailable | CapReached)


def _retry(message: IndexMessage, attempts: int) -> Message:
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts, 10))
    return _message(message, datetime.now(UTC) + timedelta(seconds=wait))


def _later(database: Database, scope: Scope, message: IndexMessage, moment: datetime) -> None:
    again = [_message(message, moment)]
    database.run(scope, *outbox.add(scope, again))
    outbox.send_now(database, scope, again)


def _message(message: IndexMessage, moment: datetime) -> Message:
    payload = {"article_id": str(message.article_id), "version": message.version}
    return Message.to_queue(articles.QUEUE, payload, due=moment)

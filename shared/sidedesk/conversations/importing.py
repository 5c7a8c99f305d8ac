"""The worker of imports: a part at a time, killable between any two lines.

A part's documents go into the store first; then its rows, its counts and the place to go on with move in one transaction.
Whatever dies before that is done again and finds its own documents; whatever dies after it goes on behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from sidedesk.conversations import storing
from sidedesk.conversations.csv_file import csv_rows
from sidedesk.conversations.errors import ImportFailed
from sidedesk.conversations.imports import QUEUE
from sidedesk.conversations.json_file import json_array
from sidedesk.conversations.pulling import Pull
from sidedesk.conversations.raw import RawConversation
from sidedesk.conversations.reading import File, Read, json_lines
from sidedesk.conversations.repository import SQL
from sidedesk.platform import audit_log, files, outbox, uploads
from sidedesk.platform.db import Database, Transaction
from sidedesk.platform.errors import DomainError, Unavailable, UpstreamFailed
from sidedesk.platform.files import FileMissing
from sidedesk.platform.observability import count, logger
from sidedesk.platform.outbox import Message
from sidedesk.platform.scope import Scope

AT_A_TIME = 50
BYTES_AT_A_TIME = 8 * 1024 * 1024
KEPT_REFUSALS = 200
# Turns in a row that came to nothing, with growing waits between them: more than an hour.
MOST_STALLS = 10
LEASE_MARGIN_SECONDS = 5.0
APART: Final = "The rows of this conversation do not stand together. Sort the file by conversation_id, then by time, and import it again."
_READERS: Final = {"json": json_array, "jsonl": json_lines, "csv": csv_rows}


class _LostHold(Exception):
    """Somebody else has moved this import on."""


@dataclass
class _Job:
    """One import, as far as it has come."""

    id: UUID
    kind: str
    wish: dict[str, Any]
    storage_key: str | None
    checkpoint: dict[str, Any]
    steps: int
    stalls: int
    kept: int  # refusals
    done: int


@dataclass
class _Part:
    """What is stored together."""

    reads: list[Read] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)  # items of a source that are settled by this
    size: int = 0

    def add(self, read: Read) -> None:
        self.reads.append(read)
        self.size += sum(len(turn.text) for turn in read.raw.turns) if read.raw else 0

    @property
    def full(self) -> bool:
        return len(self.reads) >= AT_A_TIME or self.size >= BYTES_AT_A_TIME


def work(
    database: Database, scope: Scope, import_id: UUID, *, seconds: float, pull: Callable[[Scope, str], Pull]
) -> str:
    """As much of one import as the time allows. Returns what became of it."""
    until = time.monotonic() + seconds
    values = {"id": import_id, "lease_seconds": seconds + LEASE_MARGIN_SECONDS}
    claimed = database.dicts(scope, SQL["claim_import"], values)
    if not claimed:
        return "nothing to do"
    job = _Job(**claimed[0])
    try:
        done = _read_file(database, scope, job, until) if job.storage_key else _pull(database, scope, job, until, pull)
    except _LostHold:
        return "somebody else goes on"
    except (ImportFailed, FileMissing) as error:
        fail(database, scope, import_id, getattr(error, "message", None) or str(error))
        return "failed"
    except (Unavailable, UpstreamFailed) as error:
        return _stalled(database, scope, job, error)
    except DomainError as error:  # refused for good, until a person changes something
        fail(database, scope, import_id, error.message)
        return "failed"
    if not done:
        _hand_on(database, scope, job, seconds=0, stalls=0)
        return "to be continued"
    _complete(database, scope, job)
    return "completed"


def fail(database: Database, scope: Scope, import_id: UUID, why: str) -> None:
    """What was stored stays; the reason is told."""
    values = {"id": import_id, "status": "failed", "error": why[:2_000]}
    with database.transaction(scope) as transaction:
        if transaction.dicts(SQL["end_import"], values):
            transaction.run(SQL["drop_all_items"], {"id": import_id})
            transaction.run(*audit_log.record("conversations.import_failed", import_id=import_id))


# Files ----------------------------------------------------------------------------------------------------------------


def _read_file(database: Database, scope: Scope, job: _Job, until: float) -> bool:
    key = job.storage_key or ""
    file = File(lambda start, length: files.part(key, start, length), files.size(key))
    reads = _READERS[job.kind](file, job.checkpoint)
    for part in _parts(reads):
        _commit(database, scope, job, part, part.reads[-1].place)
        if time.monotonic() > until:
            return False
    return True


def _parts(reads: Iterable[Read]) -> Iterator[_Part]:
    """What a reader had read before it failed is stored before the failure counts."""
    part = _Part()
    failure: ImportFailed | None = None
    try:
        for read in reads:
            part.add(read)
            if part.full:
                yield part
                part = _Part()
    except ImportFailed as error:
        failure = error
    if part.reads:
        yield part
    if failure is not None:
        raise failure


# Sources --------------------------------------------------------------------------------------------------------------


def _pull(database: Database, scope: Scope, job: _Job, until: float, connect: Callable[[Scope, str], Pull]) -> bool:
    """First what there is, as rows; then each of them, until no row is left."""
    source = connect(scope, job.kind)
    while not job.checkpoint.get("listed"):
        _list_on(database, scope, job, source)
        if time.monotonic() > until:
            return False
    while True:
        ids: list[str] = database.values(scope, SQL["next_items"], {"id": job.id, "limit": AT_A_TIME})
        if not ids:
            return True
        _fetch(database, scope, job, source, ids, until)
        if time.monotonic() > until:
            return False


def _list_on(database: Database, scope: Scope, job: _Job, source: Pull) -> None:
    page = source.list(job.wish, job.checkpoint.get("cursor"))
    most = job.wish.get("limit")
    with database.transaction(scope) as transaction:
        before = int(transaction.value(SQL["count_items"], {"id": job.id}))
        ids = list(dict.fromkeys(page.ids))
        if most is not None:
            ids = ids[: max(0, most - before)]
        transaction.run(SQL["list_items"], {"id": job.id, "external_ids": ids})
        total = int(transaction.value(SQL["count_items"], {"id": job.id}))
        listed = page.cursor is None or (most is not None and total >= most)
        _advance(transaction, job, {}, [], {"cursor": page.cursor, "listed": listed}, total if listed else None)


def _fetch(database: Database, scope: Scope, job: _Job, source: Pull, ids: list[str], until: float) -> None:
    """What has been fetched is stored, even if the next one cannot be had now."""
    part, trouble = _Part(), None
    for external_id in ids:
        try:
            fetched = source.fetch(job.wish, external_id)
        except DomainError as error:
            trouble = error
            break
        row = job.done + len(part.reads) + 1
        part.add(Read(row, {}, fetched) if isinstance(fetched, RawConversation) else Read.refused(row, {}, fetched))
        part.fetched.append(external_id)
        if part.full or time.monotonic() > until:
            break
    if part.reads:
        _commit(database, scope, job, part, {})
    if trouble is not None:
        raise trouble


# Storing --------------------------------------------------------------------------------------------------------------


def _commit(database: Database, scope: Scope, job: _Job, part: _Part, checkpoint: dict[str, Any]) -> None:
    refusals = [refusal for read in part.reads for refusal in read.refusals]
    raws = [read.raw.completed() for read in part.reads if read.raw is not None]
    if grouped := [read.row for read in part.reads if read.raw is not None and read.grouped]:
        raws = _together(database, scope, job, list(zip(grouped, raws, strict=True)), refusals)
    ready = storing.prepare(database, scope, raws, import_id=job.id)
    with database.transaction(scope) as transaction:
        rows = transaction.dicts(*ready.statement) if ready.statement else []
        stored = ready.settled(rows)
        same = [one.id for one in stored if one.outcome == "unchanged"]
        if same:
            transaction.run(SQL["touch_imported"], {"ids": same, "import_id": job.id})
        if part.fetched:
            transaction.run(SQL["drop_items"], {"id": job.id, "external_ids": part.fetched})
        counts = {name: sum(one.outcome == name for one in stored) for name in ("created", "changed", "unchanged")}
        _advance(transaction, job, counts, refusals, checkpoint, None)
    job.done += len(stored) + len(refusals)


def _together(
    database: Database,
    scope: Scope,
    job: _Job,
    found: list[tuple[int, RawConversation]],
    refusals: list[tuple[int, str]],
) -> list[RawConversation]:
    """Rows of a conversation that this import has stored already would replace what was there: refused, and said."""
    before = storing.known(database, scope, [raw for _, raw in found])
    seen = {key for key, row in before.items() if row["import_id"] == job.id}
    kept = []
    for row, raw in found:
        key = (raw.source, raw.source_account, raw.external_id)
        if key in seen:
            refusals.append((row, APART))
        else:
            seen.add(key)
            kept.append(raw)
    return kept


def _advance(
    transaction: Transaction,
    job: _Job,
    counts: dict[str, int],
    refusals: list[tuple[int, str]],
    checkpoint: dict[str, Any],
    total: int | None,
) -> None:
    shown = [{"row": row, "reason": why} for row, why in refusals[: max(0, KEPT_REFUSALS - job.kept)]]
    values: dict[str, Any] = {
        "created": 0,
        "changed": 0,
        "unchanged": 0,
        **counts,
        "id": job.id,
        "steps": job.steps,
        "total": total,
    }
    values |= {"refused": len(refusals), "refusals": Jsonb(shown), "checkpoint": Jsonb(checkpoint)}
    if transaction.value(SQL["advance_import"], values) is None:
        raise _LostHold()
    job.steps, job.kept, job.stalls = job.steps + 1, job.kept + len(shown), 0
    job.checkpoint = job.checkpoint | checkpoint


# Turns ----------------------------------------------------------------------------------------------------------------


def _stalled(database: Database, scope: Scope, job: _Job, error: DomainError) -> str:
    """Somebody does not answer: later again, but not for ever."""
    if job.stalls + 1 >= MOST_STALLS:
        fail(database, scope, job.id, f"{error.message} It was tried {MOST_STALLS} times; import again when it works.")
        return "failed"
    logger.warning("import waits", extra={"import": str(job.id), "code": error.code})
    wait = error.retry_after or 5 * 2**job.stalls
    _hand_on(database, scope, job, seconds=min(900, wait), stalls=1)
    return "again later"


def _hand_on(database: Database, scope: Scope, job: _Job, *, seconds: float, stalls: int) -> None:
    due = datetime.now(UTC) + timedelta(seconds=seconds) if seconds else None
    message = Message.to_queue(QUEUE, {"import_id": str(job.id)}, due)
    with database.batch(scope) as batch:
        batch.run(SQL["hand_on_import"], {"id": job.id, "stalls": stalls})
        batch.run(*outbox.add(scope, [message]))
    outbox.send_now(database, scope, [message])


def _complete(database: Database, scope: Scope, job: _Job) -> None:
    """Then the file goes: what it held is stored, and an erasure would not find it there."""
    with database.transaction(scope) as transaction:
        ended = transaction.dicts(SQL["end_import"], {"id": job.id, "status": "completed", "error": None})
        if ended:
            counts = {name: ended[0][name] for name in ("created", "changed", "unchanged", "refused")}
            transaction.run(*audit_log.record("conversations.imported", import_id=job.id, **counts))
            count("ConversationsImported", counts["created"] + counts["changed"])
    if upload_id := job.wish.get("upload_id"):
        uploads.use_up(database, scope, UUID(upload_id))
    elif job.storage_key:
        files.remove(job.storage_key)

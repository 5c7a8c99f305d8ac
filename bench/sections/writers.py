"""Eight workflows report into one run at once, with commits that wait for a flush, one network away."""

from __future__ import annotations

import itertools
import multiprocessing
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from bench import runs
from bench.findings import Finding, at_least
from bench.rounds import timed
from bench.stage import Place, SlowFlushPostgres, Stage
from sidedesk.audits import results
from sidedesk.audits.repository import SQL
from sidedesk.platform.db import Database

WRITERS, AGENTS = 8, 40
SECONDS, ROUNDS = 2.0, 5
NEVER_REACHED = 1_000_000
JOB_COUNTER = "UPDATE massive_ai_audit_jobs SET completed_conversations = completed_conversations + 1 WHERE id = %(job_id)s"

Write = Callable[[Database, str, UUID, str, str], None]


def measure(stage: Stage) -> list[Finding]:
    with stage.place(SlowFlushPostgres) as place:
        job_id = runs.start_run(place.world, AGENTS)
        runs.announce(place.world, NEVER_REACHED)
        ids = runs.people(place.world, AGENTS)
        rounds = timed(
            {
                "product": lambda: _together(place, job_id, ids, _product),
                "append only": lambda: _together(place, job_id, ids, _append_only),
                "job counter": lambda: _together(place, job_id, ids, _job_counter),
            },
            ROUNDS,
        )
        rates = {name: f"{1 / sorted(taken)[len(taken) // 2]:.0f}/s" for name, taken in rounds.seconds.items()}
        return [
            at_least(f"{WRITERS} writers on one run: throughput, of appending alone", rounds.ratio("append only", "product"), 0.6,
                     f"{rates['product']} against {rates['append only']}"),
            at_least(f"{WRITERS} writers on one run: throughput, of a counter on the run", rounds.ratio("job counter", "product"), 2,
                     f"{rates['product']} against {rates['job counter']}"),
        ]  # fmt: skip


def _product(database: Database, key: str, job_id: UUID, admin_id: str, conversation: str) -> None:
    found = [runs.result(job_id, admin_id, conversation)]
    results.store(database, runs.machine(key), found, public_url="http://127.0.0.1", now=datetime.now(UTC))


def _append_only(database: Database, key: str, job_id: UUID, admin_id: str, conversation: str) -> None:
    """The same rows, and no look at who has finished."""
    with database.batch(runs.machine(key)) as batch:
        batch.run(SQL["store_results"], {"items": _rows(database, key, job_id, admin_id, conversation)})


def _job_counter(database: Database, key: str, job_id: UUID, admin_id: str, conversation: str) -> None:
    """The same rows, with the sum kept in the run's own row: what one would write first."""
    with database.batch(runs.machine(key)) as batch:
        batch.run(SQL["store_results"], {"items": _rows(database, key, job_id, admin_id, conversation)})
        batch.run(JOB_COUNTER, {"job_id": job_id})


def _rows(database: Database, key: str, job_id: UUID, admin_id: str, conversation: str) -> Jsonb:
    """Checked and scored like the product's, so that only the writing differs."""
    found = runs.result(job_id, admin_id, conversation)
    facts = results._facts(database, runs.machine(key), {job_id})
    return Jsonb([results._row(facts[job_id], admin_id, found, datetime.now(UTC))], dumps=results._dumps)


def _together(place: Place, job_id: UUID, ids: list[str], write: Write) -> float:
    """Seconds per stored result when all writers go at once."""
    fork = multiprocessing.get_context("fork")
    gate, counts = fork.Barrier(WRITERS + 1), fork.Array("i", WRITERS)
    key, round_name = place.world.northwind.service_key, f"{write.__name__}{time.monotonic_ns()}"

    def work(number: int) -> None:
        database = Database(lambda: place.far_url)
        own = itertools.count(number)
        write(database, key, job_id, ids[number], f"{round_name}-{number}-first")
        gate.wait()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            turn = next(own)
            write(database, key, job_id, ids[turn % AGENTS], f"{round_name}-{number}-{turn}")
            counts[number] += 1
        database.close()

    writers: list[Any] = [fork.Process(target=work, args=(number,)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    gate.wait(30)
    for writer in writers:
        writer.join()
    assert all(writer.exitcode == 0 for writer in writers), "a writer failed"
    return SECONDS / sum(counts)

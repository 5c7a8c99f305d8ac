"""Eight workflows report into one run at once, with commits that wait for a flush, one network away."""

from __future__ import annotations

import itertools
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from bench import runs
from bench.findings import Finding, at_least
from bench.rounds import timed
from bench.stage import Place, SlowFlushPostgres, Stage
from sidedesk.audits import results
from sidedesk.audits.repository import SQL
from sidedesk.platform.db import Batch, Database

WRITERS, AGENTS = 8, 40
SECONDS, ROUNDS = 2.0, 5
NEVER_REACHED = 1_000_000
JOB_COUNTER = (
    "UPDATE massive_ai_audit_jobs SET completed_conversations = completed_conversations + 1 WHERE id = %(job_id)s"
)


def measure(stage: Stage) -> list[Finding]:
    with stage.place(SlowFlushPostgres) as place:
        job_id = runs.start_run(place.world, AGENTS)
        runs.announce(place.world, NEVER_REACHED)
        ids = runs.people(place.world, AGENTS)
        rounds = timed(
            {
                "product": lambda: _together(place, job_id, ids, Database),
                "append only": lambda: _together(place, job_id, ids, AppendOnly),
                "job counter": lambda: _together(place, job_id, ids, JobCounter),
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


class _Nothing:
    """The result of a statement that was left out."""

    def all(self) -> list[Any]:
        return []


class _Appending:
    """A batch that stores results and leaves out the look at who has finished."""

    def __init__(self, batch: Batch, instead: tuple[str, dict[str, Any]] | None) -> None:
        self._batch, self._instead = batch, instead

    def dicts(self, sql: str, params: Any) -> Any:
        return self._batch.dicts(sql, params)

    def run(self, sql: str, params: Any) -> Any:
        return _Nothing() if sql == SQL["note_life"] else self._batch.run(sql, params)

    def values(self, sql: str, params: Any) -> Any:
        return _Nothing() if sql == SQL["finish_agents"] else self._batch.values(sql, params)

    def commit(self) -> None:
        if self._instead is not None:
            self._batch.run(*self._instead)


class AppendOnly(Database):
    """The product's own path down to its first statement, and no further; or with one more in its transaction."""

    instead: tuple[str, dict[str, Any]] | None = None

    @contextmanager
    def batch(self, scope: Any) -> Iterator[Any]:
        with super().batch(scope) as batch:
            yield _Appending(batch, self.instead)


class JobCounter(AppendOnly):
    """The sum kept in the run's own row: what one would write first."""


def _together(place: Place, job_id: UUID, ids: list[str], kind: type[Database]) -> float:
    """Seconds per stored result when all writers go at once."""
    JobCounter.instead = JOB_COUNTER, {"job_id": job_id}
    fork = multiprocessing.get_context("fork")
    gate, counts = fork.Barrier(WRITERS + 1), fork.Array("i", WRITERS)
    key, round_name = place.world.northwind.service_key, str(time.monotonic_ns())

    def work(number: int) -> None:
        database = kind(lambda: place.far_url, prepare=True)
        own = itertools.count(number)

        def send(admin_id: str, name: str) -> None:
            found = [runs.result(job_id, admin_id, f"{round_name}-{number}-{name}")]
            now = datetime.now(UTC)
            answer = results.store(database, runs.machine(key), found, public_url="http://127.0.0.1", now=now)
            assert answer.stored == 1

        send(ids[number], "first")
        gate.wait()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            turn = next(own)
            send(ids[turn % AGENTS], str(turn))
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

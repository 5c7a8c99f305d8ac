"""The race at the end: the last eight results of a small run arrive together. Each run must close, and once."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from bench import runs
from bench.findings import Finding, counted
from bench.stage import Stage
from sidedesk.audits import results
from sidedesk.platform.db import Database

RUNS, WORKERS = 300, 8
AGENTS = 2
EACH = WORKERS // AGENTS


def measure(stage: Stage) -> list[Finding]:
    runs.leave_the_outbox_alone()
    with stage.place() as place:
        world = place.world
        card, ids = runs.scorecard(world), runs.people(world, AGENTS)
        jobs = [runs.start(world.database, world.northwind, runs.wish(card, ids, day)) for day in range(RUNS)]
        runs.announce(world, EACH)
        _race(place.near_url, world.northwind.service_key, jobs, ids)
        ((open_still,),) = world.sql("SELECT count(*) FROM massive_ai_audit_jobs WHERE status <> 'completed'")
        ((twice,),) = world.sql(
            "SELECT count(*) FROM (SELECT metadata ->> 'job_id' FROM audit_events WHERE event = 'audit_job.ended' "
            "GROUP BY 1 HAVING count(*) > 1) AS again"
        )
        ((told_twice,),) = world.sql(
            "SELECT count(*) FROM (SELECT link FROM notifications GROUP BY link, recipient HAVING count(*) > 1) AS again"
        )
        ((told,),) = world.sql("SELECT count(*) FROM notifications")
        return [
            counted(f"{RUNS} small runs ended by {WORKERS} processes at once: left open", open_still, 0),
            counted("  ended more than once", twice, 0),
            counted("  told more than once", told_twice, 0),
            counted("  ended without telling", RUNS - told, 0),
        ]


def _race(address: str, key: str, jobs: list[UUID], ids: list[str]) -> None:
    fork = multiprocessing.get_context("fork")
    gate = fork.Barrier(WORKERS)

    def work(number: int) -> None:
        database = Database(lambda: address, prepare=True)
        for job_id in jobs:
            found = [runs.result(job_id, ids[number % AGENTS], f"c{number}")]
            gate.wait(30)
            results.store(database, runs.machine(key), found, public_url="http://127.0.0.1", now=datetime.now(UTC))
        database.close()

    workers: list[Any] = [fork.Process(target=work, args=(number,)) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(worker.exitcode == 0 for worker in workers), "a worker failed"

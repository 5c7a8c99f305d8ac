"""Results come in one network away: one by one, and by the hundred."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

from bench import runs
from bench.findings import Finding, at_most, counted
from bench.rounds import interleaved
from bench.stage import Stage
from sidedesk.audits import results

AGENTS, ARRAY = 40, 100
NEVER_REACHED = 1_000_000


def measure(stage: Stage) -> list[Finding]:
    with stage.place() as place:
        job_id = runs.start_run(place.world, AGENTS)
        runs.announce(place.world, NEVER_REACHED)
        ids = runs.people(place.world, AGENTS)
        key, numbers = place.world.northwind.service_key, itertools.count()
        now = datetime.now(UTC)

        def send(count: int) -> None:
            found = [runs.result(job_id, ids[n % AGENTS], f"c{n}") for n in itertools.islice(numbers, count)]
            answer = results.store(place.far, runs.machine(key), found, public_url="http://127.0.0.1", now=now)
            assert answer.stored == count

        send(1)
        before = place.far.round_trips
        send(1)
        trips = place.far.round_trips - before
        plain = place.plain(place.far_url)
        variants = {
            "select 1": lambda: plain.execute("SELECT 1").fetchone(),
            "one": lambda: send(1),
            "array": lambda: send(ARRAY),
        }
        rounds = interleaved(variants, rounds=40)
        plain.close()
        return [
            counted("one callback: round trips", trips, 1),
            at_most("one callback stored, of SELECT 1", rounds.ratio("one", "select 1"), 2.5, rounds.milliseconds("one")),
            at_most(f"array of {ARRAY} callbacks, of one callback", rounds.ratio("array", "one"), 25, rounds.milliseconds("array")),
        ]  # fmt: skip

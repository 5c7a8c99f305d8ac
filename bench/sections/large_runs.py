"""A run's two large moments: its start with five hundred agents, and its progress after ten thousand results."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from uuid import UUID, uuid4

from bench import runs
from bench.findings import Finding, at_most, counted, shown
from bench.rounds import interleaved
from bench.stage import Place, Stage
from sidedesk.audits import service
from tests.support.world import World

AGENTS = 500
RESULTS, RESULT_AGENTS, OTHER_RUNS = 10_000, 40, 4
# What a start writes, besides its audit event and its place in the queue of the destination.
TABLES = {
    "massive_ai_audit_jobs": "id",
    "massive_ai_audit_progress": "job_id",
    "outbox": "payload ->> 'job_id'",
}


def measure(stage: Stage) -> list[Finding]:
    runs.leave_the_outbox_alone()
    with stage.place() as place:
        started = _start(place)
    with stage.place() as place:
        return [*started, *_progress(place)]


def _start(place: Place) -> list[Finding]:
    world = place.world
    card, ids = runs.scorecard(world), runs.people(world, AGENTS)
    days = itertools.count()
    first = runs.start(place.far, world.northwind, runs.wish(card, ids, next(days)))
    before = place.far.round_trips
    runs.start(place.far, world.northwind, runs.wish(card, ids, next(days)))
    trips = place.far.round_trips - before
    copies = {
        name: _Copy(place, first, address)
        for name, address in (("far", place.far_owner_url), ("near", world.owner_url))
    }
    variants = {
        "start, near": lambda: runs.start(world.database, world.northwind, runs.wish(card, ids, next(days))),
        "copy, near": copies["near"].run,
        "start, far": lambda: runs.start(place.far, world.northwind, runs.wish(card, ids, next(days))),
        "copy, far": copies["far"].run,
    }
    rounds = interleaved(variants, rounds=20, seconds=0.03)
    for copy in copies.values():
        copy.close()
    return [
        counted(f"start of a run with {AGENTS} agents: round trips", trips, 3),
        at_most(f"start with {AGENTS} agents, of COPY of its rows", rounds.ratio("start, far", "copy, far"), 1.2,
                f"{rounds.milliseconds('start, far')} against {rounds.milliseconds('copy, far')}"),
        shown("  the same without a network", rounds.ratio("start, near", "copy, near"),
              f"{rounds.milliseconds('start, near')} against {rounds.milliseconds('copy, near')}"),
    ]  # fmt: skip


class _Copy:
    """The rows of a started run, copied in again under another id: the fastest that Postgres can take them."""

    def __init__(self, place: Place, job_id: UUID, address: str) -> None:
        self._job = job_id
        self._connection = place.plain(address)
        self._rows: list[tuple[str, bytes]] = []
        for table, key in TABLES.items():
            columns = self._columns(table)
            ask = f"COPY (SELECT {columns} FROM {table} WHERE {key} = '{job_id}') TO STDOUT"
            with self._connection.cursor().copy(ask) as copy:
                self._rows.append((f"COPY {table} ({columns}) FROM STDIN", b"".join(map(bytes, copy))))
        assert self._rows[1][1].count(b"\n") == self._rows[2][1].count(b"\n") == AGENTS

    def run(self) -> None:
        other = str(uuid4()).encode()
        with self._connection.transaction(), self._connection.cursor() as cursor:
            for statement, rows in self._rows:
                with cursor.copy(statement) as copy:
                    copy.write(rows.replace(str(self._job).encode(), other))

    def close(self) -> None:
        self._connection.close()

    def _columns(self, table: str) -> str:
        """All but what the database fills in itself: an outbox row makes its own id."""
        found = self._connection.execute(
            "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' "
            "AND NOT (attname = 'id' AND %s = 'outbox')",
            (table, table),
        ).fetchone()
        assert found is not None
        return str(found[0])


def _progress(place: Place) -> list[Finding]:
    world = place.world
    job_id = runs.start_run(world, agents=RESULT_AGENTS)
    runs.announce(world, RESULTS // RESULT_AGENTS)
    _results(world, job_id)
    for _ in range(OTHER_RUNS):  # which a table always holds, and a count must pass by
        _results(world, uuid4())
    world.sql("VACUUM ANALYZE audit_assignments")
    scope, now = world.northwind.scope("member"), datetime.now(UTC)
    job = service.get_job(place.far, scope, job_id, now=now)
    assert job.completed_conversations == RESULTS, job.completed_conversations
    before = place.far.round_trips
    service.get_job(place.far, scope, job_id, now=now)
    trips = place.far.round_trips - before
    plain = place.plain(place.far_url)
    variants = {
        "select 1": lambda: plain.execute("SELECT 1").fetchone(),
        "progress": lambda: service.get_job(place.far, scope, job_id, now=now),
    }
    rounds = interleaved(variants)
    plain.close()
    return [
        at_most(f"progress of {RESULTS:,} results counted from rows, of SELECT 1", rounds.ratio("progress", "select 1"), 2.5, rounds.milliseconds("progress")),
        counted("  its round trips", trips, 1),
    ]  # fmt: skip


def _results(world: World, job_id: UUID) -> None:
    """Ten thousand results at once, as callbacks leave them."""
    world.sql(
        "INSERT INTO audit_assignments (tenant_id, massive_audit_job_id, conversation_id, intercom_admin_id, scorecard_id, "
        "scorecard_version, audit_date, outcome, score, verdict, ai_notes) "
        "SELECT j.tenant_id, %s, 'c' || n, (10000 + n %% %s)::text, j.scorecard_id, 1, now(), 'completed', 80, 'passed', %s "
        "FROM massive_ai_audit_jobs j, generate_series(1, %s) AS n",
        (job_id, RESULT_AGENTS, runs.REASON * 2, RESULTS),
    )

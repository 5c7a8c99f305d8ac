"""Parts of the stack and functions in mid-request are killed while runs are accepted. Nothing accepted is lost.

The tests build on each other: each adds its fault to the same stack, the last one looks at what became of all runs.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from tests.chaos.stack import Person, WholeStack
from tests.engine.stack import eventually

pytestmark = pytest.mark.stack

ALL_END_WITHIN = 150.0


@pytest.fixture
def pressing(person: Person) -> Iterator[Person]:
    """Somebody presses Run before, during and after the fault; afterwards the stack must accept again."""
    stop = threading.Event()
    thread = person.keep_pressing(stop)
    before = len(person.accepted)
    try:
        eventually(lambda: len(person.accepted) > before, 30, "a first run")
        yield person
        healed = len(person.accepted)
        eventually(lambda: len(person.accepted) > healed + 1, 30, "a run after the fault")
    finally:
        stop.set()
        thread.join(40)
    assert not person.refused, person.refused


def test_functions_killed_in_mid_request(stack: WholeStack, pressing: Person) -> None:
    killed = 0
    for _ in range(12):
        killed += stack.kill_functions()
        time.sleep(0.25)
    assert killed > 3
    assert pressing.stumbles > 0, "no request was hit"


@pytest.mark.parametrize("part", ["sandbox", "postgres", "engine"])
def test_a_killed_part_returns(stack: WholeStack, pressing: Person, part: str) -> None:
    stack.kill(part)
    eventually(lambda: _healthy(stack), 30, "health")


def test_a_killed_supervisor_is_missed_by_nobody_and_succeeded(stack: WholeStack, pressing: Person) -> None:
    assert stack.process is not None
    os.kill(stack.process.pid, signal.SIGKILL)
    stack.process.wait()
    accepted = len(pressing.accepted)
    eventually(lambda: len(pressing.accepted) > accepted, 15, "a run accepted by parts without their supervisor")
    status = stack.command("status")
    assert status.returncode == 1
    assert "make up" in status.stdout, status.stdout
    stack.start()


@pytest.mark.timeout(ALL_END_WITHIN + 30)
def test_every_accepted_run_exists_once_and_ends(stack: WholeStack, person: Person) -> None:
    waiting = set(person.accepted.values())
    assert len(waiting) == len(person.accepted), "two wishes were answered with one run"
    deadline = time.monotonic() + ALL_END_WITHIN
    outcomes: dict[str, int] = {}
    while waiting and time.monotonic() < deadline:
        for job_id in sorted(waiting):
            job = person.job(job_id)
            assert job["status"] in ("queued", "running", "completed"), job
            if job["status"] == "completed":
                waiting.discard(job_id)
                outcomes[job["outcome"]] = outcomes.get(job["outcome"], 0) + 1
        time.sleep(1)
    assert not waiting, [person.job(job_id) for job_id in sorted(waiting)[:3]]
    with psycopg.connect(stack.file["admin_database_url"]) as conn:
        wish = "payload_snapshot ->> 'start_date', payload_snapshot -> 'intercom_admin_ids'"
        carried_out_twice = conn.execute(
            f"SELECT {wish} FROM massive_ai_audit_jobs GROUP BY {wish} HAVING count(*) > 1"
        ).fetchall()
        ended_twice = conn.execute(
            "SELECT metadata ->> 'job_id' FROM audit_events WHERE event = 'audit_job.ended' GROUP BY 1 HAVING count(*) > 1"
        ).fetchall()
        reasons = conn.execute("SELECT error_message, count(*) FROM massive_ai_audit_errors GROUP BY 1").fetchall()
    assert carried_out_twice == []
    assert ended_twice == []
    print(f"\n{len(person.accepted)} runs accepted, {person.stumbles} attempts repeated, ended: {outcomes}")
    for reason, count in reasons:
        print(f"  {count} agents failed: {reason}")


def test_the_stack_is_well_afterwards(stack: WholeStack) -> None:
    status = stack.command("status")
    assert status.returncode == 0, status.stdout


def _healthy(stack: WholeStack) -> bool:
    try:
        return stack.http.get("/health").status_code == 200
    except httpx.TransportError:
        return False

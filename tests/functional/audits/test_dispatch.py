"""Starting agents: at the pace, once, and with patience when nobody can say whether it started."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from sidedesk.audits import dispatch, watch
from sidedesk.audits.dispatch import TriggerMessage
from sidedesk.clients.n8n import Accepted, Final, MaybeStarted, NotNow
from tests.support.audits import Audits


class Destination:
    """Stands where n8n's client stands: answers what it was told to, and remembers what it was sent."""

    def __init__(self) -> None:
        self.answer: Any = Accepted("4711")
        self.calls: list[tuple[datetime, dict[str, Any]]] = []

    def __call__(self, url: str, token: str) -> Destination:
        return self

    def start(self, payload: dict[str, Any]) -> Any:
        self.calls.append((datetime.now(UTC), payload))
        return self.answer


@pytest.fixture
def n8n() -> Destination:
    return Destination()


@pytest.fixture
def trigger(audits: Audits, n8n: Destination) -> Callable[..., str]:
    audits.world.sql(
        "INSERT INTO integrations (tenant_id, kind, name, base_url) VALUES (%s, 'n8n', 'n8n', 'http://127.0.0.1/webhook/x')",
        (audits.tenant.id,),
    )

    def call(job_id: str, admin_id: str, sleep: Callable[[float], None] = time.sleep, **changes: Any) -> str:
        message = TriggerMessage(tenant_id=audits.tenant.id, job_id=UUID(job_id), intercom_admin_id=admin_id, **changes)
        return dispatch.trigger(audits.world.database, n8n, message, public_url="http://x", sleep=sleep)

    return call


def queued(audits: Audits) -> int:
    return int(audits.world.sql("SELECT count(*) FROM outbox WHERE destination = 'queue:trigger_agent'")[0][0])


def test_a_message_delivered_twice_posts_once(audits: Audits, n8n: Destination, trigger: Any) -> None:
    job_id, ids = audits.running(1)
    assert [trigger(job_id, ids[0]), trigger(job_id, ids[0])] == ["accepted", "already started"]
    assert len(n8n.calls) == 1
    sent = n8n.calls[0][1]
    assert sent["intercom_admin_ids"] == ids
    assert sent["employee_email"] == "ana.petrovic@northwind.example"
    # 1 October 00:00 and 8 October 00:00 in Berlin
    assert (sent["range_start"], sent["range_end"]) == (1790805600, 1791410400)
    agent = audits.job(job_id)["agents"][0]
    assert (agent["n8n_execution_id"], agent["status"], audits.job(job_id)["status"]) == ("4711", "pending", "running")


def test_calls_keep_their_distance(audits: Audits, n8n: Destination, trigger: Any) -> None:
    audits.world.sql("UPDATE tenants SET limits = '{\"pacing_seconds\": 0.3}'")
    job_id, ids = audits.running(3)
    for admin_id in ids:
        trigger(job_id, admin_id)
    times = [at for at, _ in n8n.calls]
    assert times[1] - times[0] >= timedelta(seconds=0.29)
    assert times[2] - times[1] >= timedelta(seconds=0.29)


def test_a_turn_far_off_goes_back_to_the_queue(audits: Audits, n8n: Destination, trigger: Any) -> None:
    job_id, ids = audits.running(1)
    assert trigger(job_id, ids[0], not_before=datetime.now(UTC) + timedelta(minutes=20)) == "later"
    audits.world.sql("UPDATE audit_pacing SET last_call = now() + interval '1 minute'")
    assert trigger(job_id, ids[0]) == "later"
    assert (n8n.calls, queued(audits)) == ([], 3)


def test_unclear_waits_for_a_sign_of_life(audits: Audits, n8n: Destination, trigger: Any) -> None:
    job_id, ids = audits.running(1)
    n8n.answer = MaybeStarted("timeout")
    assert trigger(job_id, ids[0]) == "later"
    assert trigger(job_id, ids[0]) == "later"
    assert len(n8n.calls) == 1
    audits.world.sql("UPDATE massive_ai_audit_progress SET dispatched_at = now() - interval '11 minutes'")
    n8n.answer = Accepted("1")
    assert trigger(job_id, ids[0]) == "accepted"
    assert len(n8n.calls) == 2


def test_busy_is_tried_again_a_few_times(audits: Audits, n8n: Destination, trigger: Any) -> None:
    job_id, ids = audits.running(1)
    n8n.answer = NotNow("n8n is busy (503)", most_attempts=3)
    audits.world.sql("UPDATE tenants SET limits = '{\"pacing_seconds\": 0}'")
    outcomes = [trigger(job_id, ids[0]) for _ in range(4)]
    assert outcomes == ["again later: n8n is busy (503)"] * 2 + ["refused: n8n is busy (503)", "job is failed"]


def test_when_nobody_can_start_the_run_fails_in_n8ns_words(audits: Audits, n8n: Destination, trigger: Any) -> None:
    audits.world.sql("UPDATE tenants SET limits = '{\"pacing_seconds\": 0}'")
    job_id, ids = audits.running(2, notify_me_when_done=True)
    n8n.answer = Final("n8n refused the call (403): Authorization data is wrong!")
    for admin_id in ids:
        trigger(job_id, admin_id)
    job = audits.job(job_id)
    assert (job["status"], job["error_message"]) == (
        "failed",
        "n8n refused the call (403): Authorization data is wrong!",
    )
    assert audits.world.sql("SELECT title FROM notifications") == [("Audit failed: Support quality",)]


def test_once_one_has_started_refusals_are_that_agents(audits: Audits, n8n: Destination, trigger: Any) -> None:
    audits.world.sql("UPDATE tenants SET limits = '{\"pacing_seconds\": 0}'")
    job_id, ids = audits.running(2)
    trigger(job_id, ids[0])
    n8n.answer = Final("no")
    trigger(job_id, ids[1])
    audits.report(job_id, intercom_admin_id=ids[0], status="completed", total_conversations=0)
    job = audits.job(job_id)
    assert (job["status"], job["outcome"]) == ("completed", "completed_with_errors")


def test_cancelled_runs_start_nobody(audits: Audits, n8n: Destination, trigger: Any) -> None:
    job_id, ids = audits.running(2)
    audits.jobs("POST", f"/api/massive-ai-audit/jobs/{job_id}/cancel", body={}, token=audits.tenant.tokens["member"])
    assert trigger(job_id, ids[1]) == "job is cancelled"
    assert n8n.calls == []


def test_a_lost_message_gets_a_new_turn(audits: Audits, n8n: Destination, trigger: Any) -> None:
    job_id, ids = audits.running(2)
    audits.world.sql("UPDATE massive_ai_audit_progress SET slot_at = slot_at - interval '3 minutes'")
    audits.world.sql("DELETE FROM outbox")
    watch.watch(audits.world.database, audits.tenant.id, public_url="x")
    watch.watch(audits.world.database, audits.tenant.id, public_url="x")
    assert queued(audits) == 2
    assert trigger(job_id, ids[0]) == "accepted"


def test_whoever_is_cancelled_during_the_wait_is_not_called(audits: Audits, n8n: Destination, trigger: Any) -> None:
    job_id, ids = audits.running(2)
    trigger(job_id, ids[0])
    cancel = f"/api/massive-ai-audit/jobs/{job_id}/cancel"
    token = audits.tenant.tokens["member"]
    outcome = trigger(job_id, ids[1], sleep=lambda _: audits.jobs("POST", cancel, body={}, token=token))
    assert (outcome, len(n8n.calls)) == ("no longer wanted", 1)


def test_a_destination_that_never_answers_is_given_up(audits: Audits, n8n: Destination, trigger: Any) -> None:
    audits.world.sql("UPDATE tenants SET limits = '{\"pacing_seconds\": 0}'")
    job_id, ids = audits.running(1)
    n8n.answer = MaybeStarted("timeout")
    for _ in range(dispatch.ATTEMPTS_AT_MOST):
        assert trigger(job_id, ids[0]) == "later"
        audits.world.sql("UPDATE massive_ai_audit_progress SET dispatched_at = now() - interval '11 minutes'")
    assert trigger(job_id, ids[0]) == f"refused: {dispatch.GAVE_UP}"
    assert (len(n8n.calls), audits.job(job_id)["status"]) == (dispatch.ATTEMPTS_AT_MOST, "failed")

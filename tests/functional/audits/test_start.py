"""One press of Run."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.support.audits import Audits


def outbox_rows(audits: Audits) -> list[tuple[Any, ...]]:
    return audits.world.sql(
        "SELECT payload, due_at FROM outbox WHERE destination = 'queue:trigger_agent' ORDER BY payload->>'not_before'"
    )


def test_a_start_makes_a_job_its_agents_and_a_message_for_each(audits: Audits) -> None:
    job_id, ids = audits.running(3)
    job = audits.job(job_id)
    assert job["status"] == "queued"
    assert [agent["intercom_admin_id"] for agent in job["agents"]] == ids
    assert job["progress"]["text"][0] == "0 of 3 agents completed"
    messages = outbox_rows(audits)
    assert [row[0]["intercom_admin_id"] for row in messages] == ids
    times = [datetime.fromisoformat(row[0]["not_before"]) for row in messages]
    assert times[1] - times[0] == times[2] - times[1] == timedelta(seconds=2)


def test_two_runs_share_one_pace(audits: Audits) -> None:
    ids = audits.people(3)
    card = audits.scorecard()
    audits.start(card, ids)
    audits.start(card, ids[:2])
    times = [datetime.fromisoformat(row[0]["not_before"]) for row in outbox_rows(audits)]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= timedelta(seconds=1.99)


def test_the_same_run_within_a_minute_is_the_first_one(audits: Audits) -> None:
    ids = audits.people(2)
    card = audits.scorecard()
    first = audits.start(card, ids).json
    again = audits.start(card, list(reversed(ids))).json
    assert again == {"success": True, "job_id": first["job_id"], "status": "queued", "duplicate": True}
    other = audits.start(card, ids, role="admin").json
    assert other["job_id"] != first["job_id"]


def test_a_repeated_wish_gets_the_first_answer(audits: Audits) -> None:
    ids = audits.people(2)
    card = audits.scorecard()
    first = audits.start(card, ids, key="press-1")
    again = audits.start(card, ids, key="press-1")
    assert again.json == first.json
    assert again.headers["idempotent-replay"] == "true"
    changed = audits.start(card, ids[:1], key="press-1")
    assert (changed.status, changed.json["code"]) == (409, "idempotency_key_reused")
    assert audits.world.sql("SELECT count(*) FROM massive_ai_audit_jobs") == [(1,)]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"start_date": "2026-10-09"}, "end_date"),
        ({"end_date": "2099-01-01"}, "end_date"),
        ({"start_date": "2026-01-01"}, "end_date"),
        ({"start_date": "yesterday"}, "start_date"),
        ({"intercom_admin_ids": []}, "intercom_admin_ids"),
        ({"intercom_admin_ids": ["991", "991"]}, "intercom_admin_ids"),
        ({"intercom_admin_ids": ["991", "stranger"]}, "intercom_admin_ids"),
        ({"agents": [{"intercom_admin_id": "5"}]}, "body"),
        ({"max_cost_usd": -1}, "max_cost_usd"),
        ({"surprise": True}, "surprise"),
    ],
)
def test_bad_input_is_named(audits: Audits, changes: dict[str, Any], field: str) -> None:
    ids = audits.people(2)
    reply = audits.start(audits.scorecard(), ids, **changes)
    assert reply.status == 400, reply.text
    assert field in [detail["field"] for detail in reply.json["details"]]
    assert audits.world.sql("SELECT count(*) FROM massive_ai_audit_jobs") == [(0,)]


def test_more_people_than_allowed_are_refused(audits: Audits) -> None:
    ids = audits.people(3)
    audits.world.sql("UPDATE tenants SET limits = '{\"agents_per_run\": 2}'")
    reply = audits.start(audits.scorecard(), ids)
    assert (reply.status, reply.json["code"]) == (400, "run_too_large")


def test_viewers_and_machines_may_not_start(audits: Audits) -> None:
    ids = audits.people(1)
    card = audits.scorecard()
    assert audits.start(card, ids, role="viewer").json["code"] == "role_too_low"
    body = {"scorecard_id": card, "start_date": "2026-10-01", "end_date": "2026-10-01", "intercom_admin_ids": ids}
    reply = audits.jobs("POST", "/api/massive-ai-audit/start", body=body, token=audits.tenant.service_key)
    assert reply.status == 403


def test_another_tenants_scorecard_does_not_exist(audits: Audits) -> None:
    card = audits.scorecard()
    ids = audits.people(1)
    body = {"scorecard_id": card, "start_date": "2026-10-01", "end_date": "2026-10-01", "intercom_admin_ids": ids}
    reply = audits.jobs("POST", "/api/massive-ai-audit/start", body=body, token=audits.world.contoso.tokens["member"])
    assert reply.status == 404

"""Results come back, in any order and any number of times."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sidedesk.audits import results
from sidedesk.audits.models import Result
from sidedesk.platform.db import Database
from tests.support.audits import BAD, Audits


def test_a_run_from_start_to_end(audits: Audits) -> None:
    job_id, ids = audits.running(2, notify_me_when_done=True, notify_results_to_audited_people=True)
    for admin_id in ids:
        audits.report(job_id, intercom_admin_id=admin_id, status="running", n8n_execution_id=f"x{admin_id}")
        audits.report(job_id, intercom_admin_id=admin_id, total_conversations=3)
        for number in range(3):
            reply = audits.callback(audits.result(job_id, admin_id, f"{admin_id}-{number}"))
            assert reply.json["stored"] == 1
    job = audits.job(job_id)
    assert (job["status"], job["outcome"]) == ("completed", "completed")
    assert job["progress"]["percentage"] == 100
    assert job["progress"]["text"] == ["2 of 2 agents completed", "6 of 6 chats completed", "100% (completed)"]
    assert audits.world.sql("SELECT recipient, kind FROM notifications ORDER BY kind, recipient") == [
        ("member@northwind.example", "audit_job"),
        ("agent1@northwind.example", "audit_results"),
        ("ana.petrovic@northwind.example", "audit_results"),
    ]
    assert audits.world.sql("SELECT count(*) FROM outbox WHERE destination = 'mail'") == [(3,)]


def test_repeats_change_nothing_and_a_newer_one_replaces(audits: Audits) -> None:
    job_id, ids = audits.running(1)
    first = audits.result(job_id, ids[0], "c1")
    assert audits.callback(first).json["stored"] == 1
    assert audits.callback(first).json["repeated"] == 1
    assert audits.callback(first | {"ai_scorecard_data": BAD, "revision": 1}).json["updated"] == 1
    assert audits.callback(first).json["repeated"] == 1
    rows = audits.world.sql("SELECT score, verdict, revision FROM audit_assignments")
    assert [(float(score), verdict, revision) for score, verdict, revision in rows] == [(26.67, "failed", 1)]


def test_the_seeds_own_payload_is_enough(audits: Audits) -> None:
    job_id, _ = audits.running(1)
    reply = audits.callback(
        {
            "conversation_id": 515, "scorecard_id": "5f0f0d4e-5d0c-4a3c-9d53-1b2f6f3f3b11", "audit_date": "2026-10-08",
            "employee_email": "Ana.Petrovic@northwind.example", "employee_name": "Ana", "batch_id": job_id,
            "created_by": "n8n", "ai_scorecard_data": {"greeting": True}, "ai_confidence_score": 87, "ai_notes": "fine",
            "table_id": "t1", "something_new": 1,
        }
    )  # fmt: skip
    assert reply.status == 200, reply.text
    rows = audits.world.sql(
        "SELECT a.conversation_id, a.ai_confidence_score, d.meta FROM audit_assignments a JOIN audit_documents d ON d.assignment_id = a.id"
    )
    assert [(c, float(s), m) for c, s, m in rows] == [("515", 0.87, {"something_new": 1, "table_id": "t1"})]


def test_strangers_are_refused_by_name(audits: Audits) -> None:
    job_id, ids = audits.running(1)
    mixed = [audits.result(job_id, ids[0], "c1"), audits.result(job_id, "77", "c2")]
    reply = audits.callback(mixed).json
    assert (reply["stored"], reply["refused"]) == (
        1,
        [{"conversation_id": "c2", "error": "this agent is not in the run"}],
    )
    assert audits.callback([]).status == 400
    assert audits.callback([audits.result(job_id, ids[0], f"c{n}") for n in range(101)]).status == 400


def test_failed_and_skipped_conversations_are_counted_apart(audits: Audits) -> None:
    job_id, ids = audits.running(1)
    audits.report(job_id, intercom_admin_id=ids[0], status="running", total_conversations=4)
    audits.callback(
        [
            audits.result(job_id, ids[0], "a"),
            audits.result(job_id, ids[0], "b", error="Intercom answered 404"),
            audits.result(job_id, ids[0], "c", skipped_reason="fewer than ten words"),
        ]
    )
    progress = audits.job(job_id)["progress"]
    assert progress["conversations"] == {"completed": 1, "failed": 1, "skipped": 1, "total": 3}
    assert progress["percentage"] == 33.3
    audits.callback(audits.result(job_id, ids[0], "b"))  # the failed one succeeded after all
    audits.callback(audits.result(job_id, ids[0], "d"))
    job = audits.job(job_id)
    assert (job["status"], job["completed_conversations"]) == ("completed", 3)


def test_late_results_are_kept_and_reopen_nothing(audits: Audits) -> None:
    job_id, ids = audits.running(1)
    reply = audits.jobs(
        "POST", f"/api/massive-ai-audit/jobs/{job_id}/cancel", body={}, token=audits.tenant.tokens["member"]
    )
    assert reply.json == {"success": True, "status": "cancelled", "agents": 1}
    assert audits.callback(audits.result(job_id, ids[0], "c1")).json["late"] == 1
    assert audits.job(job_id)["status"] == "cancelled"
    late = audits.report(job_id, intercom_admin_id=ids[0], status="completed").json
    assert (late["applied"], late["reason"]) == (False, "job is cancelled")


def test_a_key_of_another_tenant_finds_nothing(audits: Audits) -> None:
    job_id, ids = audits.running(1)
    reply = audits.machine(
        "POST",
        "/functions/v1/ai-audit-callback",
        body=audits.result(job_id, ids[0], "c1"),
        token=audits.world.contoso.service_key,
    )
    assert (reply.status, reply.json["code"]) == (404, "job_not_found")
    assert audits.world.sql("SELECT count(*) FROM audit_assignments") == [(0,)]


def test_many_writers_many_orders_one_truth(audits: Audits) -> None:
    """4 agents × 25 results, each sent one to three times, shuffled, by 8 writers; the run closes exactly once."""
    job_id, ids = audits.running(4, notify_me_when_done=True)
    for admin_id in ids:
        audits.report(job_id, intercom_admin_id=admin_id, status="running", total_conversations=25)
    chance = random.Random(7)
    sent = [
        Result.model_validate(audits.result(job_id, admin_id, f"{admin_id}-{number}"))
        for admin_id in ids
        for number in range(25)
        for _ in range(chance.choice((1, 2, 3)))
    ]
    chance.shuffle(sent)

    def work(part: list[Result]) -> None:
        database = Database(lambda: audits.world.app_url)
        for result in part:
            results.store(database, audits.tenant.system, [result], public_url="http://x", now=datetime.now(UTC))
        database.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [sent[offset::8] for offset in range(8)]))
    job = audits.job(job_id)
    assert (job["status"], job["completed_conversations"]) == ("completed", 100)
    assert audits.world.sql("SELECT count(*) FROM audit_assignments") == [(100,)]
    assert audits.world.sql("SELECT count(*) FROM notifications") == [(1,)]
    assert audits.world.sql("SELECT count(*) FROM audit_events WHERE event = 'audit_job.ended'") == [(1,)]


def test_results_as_a_table_that_runs_no_formula(audits: Audits) -> None:
    job_id, ids = audits.running(1)
    audits.callback(audits.result(job_id, ids[0], "c1", ai_notes="=HYPERLINK(1)"))
    url = f"/api/massive-ai-audit/jobs/{job_id}/assignments"
    member = audits.tenant.tokens["member"]
    assert audits.jobs("GET", url, token=member).json["data"][0]["conversation_id"] == "c1"
    table = audits.jobs("GET", url, token=member, headers={"Accept": "text/csv"})
    assert (table.status, table.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert "'=HYPERLINK(1)" in table.text

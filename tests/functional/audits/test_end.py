"""However it goes, a run ends, once, and says how."""

from sidedesk.audits import watch
from tests.support.audits import Audits


def age(audits: Audits, minutes: int) -> None:
    columns = ("slot_at", "first_slot_at", "nudged_at", "dispatched_at", "accepted_at", "last_seen_at")
    older = ", ".join(f"{name} = {name} - make_interval(mins => {minutes})" for name in columns)
    audits.world.sql(f"UPDATE massive_ai_audit_progress SET {older}")
    audits.world.sql("UPDATE audit_assignments SET updated_at = updated_at - make_interval(mins => %s)", (minutes,))


def test_the_watchdog_fails_who_is_silent(audits: Audits) -> None:
    job_id, ids = audits.running(3, notify_me_when_done=True)
    audits.report(job_id, intercom_admin_id=ids[0], status="running", total_conversations=1)
    audits.callback(audits.result(job_id, ids[0], "c1"))
    audits.report(job_id, intercom_admin_id=ids[1], status="running")
    age(audits, 59)
    assert watch.watch(audits.world.database, audits.tenant.id, public_url="x").failed == 0
    age(audits, 2)
    seen = watch.watch(audits.world.database, audits.tenant.id, public_url="x")
    assert (seen.failed, seen.closed) == (2, 1)
    job = audits.job(job_id)
    assert (job["status"], job["outcome"]) == ("completed", "completed_with_errors")
    assert job["progress"]["text"][-1] == "1 completed, 2 failed"
    assert "No sign of life for 60 minutes" in job["agents"][1]["error_message"]
    assert "never started" in job["agents"][2]["error_message"]
    assert audits.world.sql("SELECT body FROM notifications") == [("1 succeeded, 2 failed. 1 chats were audited.",)]


def test_retry_starts_failed_agents_only_and_tells_again(audits: Audits) -> None:
    job_id, ids = audits.running(2, notify_me_when_done=True)
    audits.report(job_id, intercom_admin_id=ids[0], status="completed", total_conversations=0)
    audits.report(job_id, intercom_admin_id=ids[1], status="failed", error_message="no credit")
    assert audits.job(job_id)["outcome"] == "completed_with_errors"
    member = audits.tenant.tokens["member"]
    reply = audits.jobs("POST", f"/api/massive-ai-audit/jobs/{job_id}/retry", body={}, token=member)
    assert (reply.status, reply.json["agents"]) == (202, 1)
    job = audits.job(job_id)
    assert (job["status"], job["run_no"], job["completed_at"]) == ("running", 2, None)
    assert [agent["status"] for agent in job["agents"]] == ["completed", "pending"]
    assert audits.jobs("POST", f"/api/massive-ai-audit/jobs/{job_id}/retry", body={}, token=member).status == 409
    audits.report(job_id, intercom_admin_id=ids[1], status="completed", total_conversations=0)
    assert audits.job(job_id)["outcome"] == "completed"
    assert audits.world.sql("SELECT count(*) FROM notifications") == [(2,)]


def test_only_the_creator_or_an_admin_stops_a_run(audits: Audits) -> None:
    job_id, _ = audits.running(1, role="admin")
    url = f"/api/massive-ai-audit/jobs/{job_id}/cancel"
    assert audits.jobs("POST", url, body={}, token=audits.tenant.tokens["member"]).json["code"] == "not_your_job"
    assert audits.jobs("POST", url, body={}, token=audits.world.contoso.tokens["owner"]).status == 404
    assert audits.jobs("POST", url, body={}, token=audits.tenant.tokens["owner"]).status == 200
    assert audits.jobs("POST", url, body={}, token=audits.tenant.tokens["owner"]).json["agents"] == 0


def test_a_report_about_the_whole_run(audits: Audits) -> None:
    job_id, ids = audits.running(2)
    early = audits.report(job_id, status="completed").json
    assert (early["applied"], early["reason"]) == (False, "2 agents were never started")
    audits.report(job_id, completed_conversations=999, total_conversations=5)
    assert audits.job(job_id)["completed_conversations"] == 0
    for admin_id in ids:
        audits.report(job_id, intercom_admin_id=admin_id, status="running")
    audits.callback(audits.result(job_id, ids[0], "c1"))
    assert audits.report(job_id, status="completed").json["applied"] is True
    job = audits.job(job_id)
    assert [agent["status"] for agent in job["agents"]] == ["completed", "failed"]
    again = audits.report(job_id, status="completed").json
    assert (again["applied"], again["reason"]) == (False, "job is completed")


def test_a_crash_report_fails_its_agent(audits: Audits) -> None:
    job_id, ids = audits.running(1)
    audits.report(job_id, intercom_admin_id=ids[0], status="running", n8n_execution_id="4711")
    body = {"n8n_execution_id": 4711, "error_message": "out of memory", "last_node": "Judge"}
    url = "/api/massive-ai-audit/engine-errors"
    assert audits.machine("POST", url, body=body, token=audits.tenant.service_key).json["applied"] is True
    assert audits.job(job_id)["agents"][0]["error_message"] == "The workflow crashed (at Judge): out of memory"
    assert audits.machine("POST", url, body=body, token=audits.tenant.service_key).json["applied"] is False


def test_a_retried_agent_announces_its_total_anew(audits: Audits) -> None:
    job_id, ids = audits.running(1)
    audits.report(job_id, intercom_admin_id=ids[0], status="running", total_conversations=2)
    audits.callback([audits.result(job_id, ids[0], "a"), audits.result(job_id, ids[0], "b", error="no answer")])
    audits.world.sql("UPDATE massive_ai_audit_progress SET status = 'failed'")
    audits.world.sql("UPDATE massive_ai_audit_jobs SET status = 'completed', completed_at = now()")
    audits.jobs("POST", f"/api/massive-ai-audit/jobs/{job_id}/retry", body={}, token=audits.tenant.tokens["member"])
    audits.callback(audits.result(job_id, ids[0], "a"))
    assert audits.job(job_id)["agents"][0]["status"] == "processing"
    audits.callback(audits.result(job_id, ids[0], "b"))
    audits.report(job_id, intercom_admin_id=ids[0], status="completed", total_conversations=2)
    job = audits.job(job_id)
    assert (job["outcome"], job["completed_conversations"]) == ("completed", 2)

"""Audits in the life of a tenant: first rows, erasure, export, dead messages."""

from sidedesk.audits import lifecycle
from tests.support.audits import Audits

TURN = {"part_id": "1", "role": "client", "author": "Dana", "text": "Write to dana@example.com please", "at": None}


def test_a_new_tenant_has_a_scorecard_once(audits: Audits) -> None:
    for _ in range(2):
        lifecycle.seed_tenant(audits.world.database, audits.tenant.system)
    cards = audits.cards("GET", "/api/scorecards", token=audits.tenant.tokens["member"]).json["data"]
    assert [(card["name"], len(card["criteria"])) for card in cards] == [("Support quality", 5)]


def test_a_forgotten_person_leaves_figures_without_a_name(audits: Audits) -> None:
    job_id, ids = audits.running(2)
    audits.callback(
        [audits.result(job_id, ids[0], "c1", transcript=[TURN]), audits.result(job_id, ids[1], "c2", transcript=[TURN])]
    )
    database, scope = audits.world.database, audits.tenant.system
    assert lifecycle.forget(database, scope, "ana.petrovic@northwind.example")["audit_assignments"] == 1
    assert lifecycle.forget(database, scope, "dana@example.com")["audit_documents"] == 1
    everything = str(list(lifecycle.export(database, scope)))
    assert "ana.petrovic" not in everything
    assert "dana@example.com" not in everything
    assert audits.job(job_id)["completed_conversations"] == 2


def test_export_is_this_tenants_alone(audits: Audits) -> None:
    audits.running(1)
    tables = {table for table, _ in lifecycle.export(audits.world.database, audits.tenant.system)}
    assert {"massive_ai_audit_jobs", "employees", "scorecard_versions"} <= tables
    assert list(lifecycle.export(audits.world.database, audits.world.contoso.system)) == []


def test_a_dead_message_fails_its_agent_and_ends_the_run(audits: Audits) -> None:
    job_id, ids = audits.running(1)
    lifecycle.trigger_died(
        audits.world.database, audits.tenant.system, {"job_id": job_id, "intercom_admin_id": ids[0], "run_no": 1}
    )
    job = audits.job(job_id)
    assert (job["status"], job["outcome"], job["agents"][0]["status"]) == (
        "completed",
        "completed_with_errors",
        "failed",
    )

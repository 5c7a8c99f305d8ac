"""Audits without n8n: Intercom and a model, through the real handlers, on the real database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import boto3
import pytest
from moto import mock_aws

from local.sandbox.intercom.generate import world as intercom_world
from sidedesk.ai import ledger
from sidedesk.platform.settings import cached
from tests.sandbox.conftest import Sandbox
from tests.support.audits import Audits
from tests.support.lambdas import Context, load_app, sqs_event
from tests.support.native import Workflow, days, native

BERLIN = ZoneInfo("Europe/Berlin")
RANGE = days(3, 6)


@pytest.fixture
def run(audits: Audits, outside: Sandbox) -> Callable[..., tuple[str, list[str], list[Workflow]]]:
    """A native run and one workflow per agent."""

    def _run(agents: int = 1, **changes: Any) -> tuple[str, list[str], list[Workflow]]:
        native(audits)
        job_id, ids = audits.running(agents, **(RANGE | changes))
        return job_id, ids, [Workflow(audits, job_id, admin_id) for admin_id in ids]

    return _run


Run = Callable[..., tuple[str, list[str], list[Workflow]]]


def expected(admin_id: str, wanted: dict[str, str] = RANGE) -> list[str]:
    """By our own reading of the sandbox's data: assigned to them now, created within the tenant's days."""
    start = datetime.combine(datetime.fromisoformat(wanted["start_date"]), datetime.min.time(), BERLIN).timestamp()
    end = datetime.combine(datetime.fromisoformat(wanted["end_date"]), datetime.max.time(), BERLIN).timestamp()
    chats = intercom_world(datetime.now(UTC).date()).values()
    return sorted(c["id"] for c in chats if str(c["assignee"]) == admin_id and start <= c["created_at"] <= end)


def judged_calls(outside: Sandbox) -> int:
    return len(outside.log(provider="openai", path="/chat/completions", limit="5000"))


def test_a_run_from_start_to_end(audits: Audits, run: Run) -> None:
    job_id, ids, workflows = run(2)
    for workflow in workflows:
        assert workflow.run() == "done"
    job = audits.job(job_id)
    assert (job["status"], job["outcome"], job["engine"]) == ("completed", "completed", "native")
    assert job["completed_agents"] == 2
    for admin_id in ids:
        stored = audits.world.sql(
            "SELECT conversation_id, outcome, skipped_reason FROM audit_assignments WHERE intercom_admin_id = %s ORDER BY 1",
            (admin_id,),
        )
        assert [row[0] for row in stored] == expected(admin_id) and stored
        assert {row[1] for row in stored} <= {"completed", "skipped"}
        assert all((outcome == "skipped") == bool(reason) for _, outcome, reason in stored)
    documents = audits.world.sql(
        "SELECT d.evidence, d.transcript, d.provenance, a.score, a.verdict FROM audit_documents d JOIN audit_assignments a ON a.id = d.assignment_id "
        "WHERE a.outcome = 'completed'"
    )
    supported = 0
    for evidence, transcript, provenance, score, verdict in documents:
        texts = {turn["part_id"]: turn["text"] for turn in transcript}
        assert set(evidence) == {"greeting", "empathy", "accuracy"}
        for entry in evidence.values():
            supported += entry["status"] == "supported"
            assert all(texts[q["part_id"]][q["start"] : q["end"]] == q["text"] for q in entry["quotes"])
        assert (
            provenance["engine"] == "native"
            and provenance["prompt_version"] == "audit.judge.v1"
            and provenance["model"]
        )
        assert (score is None) == (verdict == "held")
    print(f"\n{len(documents)} judged, {supported} of {3 * len(documents)} criteria supported")
    assert supported > 2 * len(documents)


def test_walking_it_again_asks_the_model_nothing(run: Run, outside: Sandbox) -> None:
    _, _, (workflow,) = run(1)
    assert workflow.run() == "done"
    calls = judged_calls(outside)
    again = [workflow.call("judge_conversation", conversation_id=c) for c in workflow.outcomes["judged"]]
    assert {answer["outcome"] for answer in again} == {"nothing to do"}
    assert workflow.call("next_conversations") == {"status": "done", "conversation_ids": []}
    assert judged_calls(outside) == calls


def test_cancelling_stops_it_within_one_slot(audits: Audits, run: Run, outside: Sandbox) -> None:
    job_id, _, (workflow,) = run(1)
    seen: list[str] = []

    def cancel_at_the_third(conversation_id: str) -> None:
        seen.append(conversation_id)
        if len(seen) == 3:
            path = f"/api/massive-ai-audit/jobs/{job_id}/cancel"
            assert audits.jobs("POST", path, body={}, token=audits.tenant.tokens["member"]).status == 200

    assert workflow.run(cancel_at_the_third) == "stopped"
    assert len(workflow.outcomes["nothing to do"]) == len(seen) - 2
    assert audits.world.sql("SELECT count(*) FROM audit_assignments")[0][0] == 2
    assert audits.job(job_id)["status"] == "cancelled"


def test_a_killed_worker_loses_its_turn_only(audits: Audits, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the claim: nobody else gets the item before its time is over, then somebody does."""
    from sidedesk.audits import native as engine

    _, ids, (workflow,) = run(1)
    real, victims = engine._judge, expected(ids[0])[:2]

    def killed(tools: Any, work: Any, conversation_id: str, *rest: Any) -> str:
        if conversation_id in victims:
            raise SystemExit("killed")
        return real(tools, work, conversation_id, *rest)

    monkeypatch.setattr(engine, "_judge", killed)
    workflow.list_all()
    for victim in victims:
        with pytest.raises(SystemExit):
            workflow.call("judge_conversation", conversation_id=victim)
    assert workflow.call("judge_conversation", conversation_id=victims[0])["outcome"] == "nothing to do"
    assert workflow.run(patience=0) == "wait"
    monkeypatch.setattr(engine, "_judge", real)
    audits.world.sql("UPDATE audit_native_items SET leased_until = now() - interval '1 second'")
    assert workflow.run() == "done"
    rows = audits.world.sql("SELECT conversation_id, count(*) FROM audit_assignments GROUP BY 1")
    assert sorted(rows) == [(conversation, 1) for conversation in expected(ids[0])]


def test_what_cannot_be_judged_fails_with_its_reason(audits: Audits, run: Run, outside: Sandbox) -> None:
    job_id, ids, (workflow,) = run(1)
    outside.fault("openai", effect="broken_json")
    workflow.list_all()
    for _ in range(3):
        for conversation_id in expected(ids[0]):
            workflow.call("judge_conversation", conversation_id=conversation_id)
        audits.world.sql("UPDATE audit_native_items SET leased_until = NULL")
    outside.reset()
    assert workflow.run() in ("done", "stopped")
    failed = audits.world.sql("SELECT error_message FROM audit_assignments WHERE outcome = 'failed'")
    assert failed and all("after 3 attempts: The model's answer could not be used" in error for (error,) in failed)
    job = audits.job(job_id)
    assert (job["status"], job["outcome"]) == ("completed", "completed_with_errors")


def test_a_refused_token_fails_the_agent_and_says_why(audits: Audits, run: Run, outside: Sandbox) -> None:
    job_id, ids, (workflow,) = run(1)
    workflow.list_all()
    outside.fault(
        "intercom",
        route="/conversations/*",
        status=401,
        body={"type": "error.list", "errors": [{"code": "unauthorized"}]},
    )
    assert workflow.call("judge_conversation", conversation_id=expected(ids[0])[0])["outcome"] == "stopped"
    agent = audits.job(job_id)["agents"][0]
    assert agent["status"] == "failed" and "refuses our access token" in agent["error_message"]


def test_at_the_cap_it_pauses_and_raised_it_finishes_what_remained(audits: Audits, run: Run, outside: Sandbox) -> None:
    wanted = days(3, 25)
    job_id, ids, (workflow,) = run(1, max_cost_usd=0.012, **wanted)
    assert workflow.run(patience=0) == "paused"
    job = audits.job(job_id)
    done = audits.world.sql("SELECT count(*) FROM audit_assignments WHERE outcome = 'completed'")[0][0]
    assert (job["status"], job["paused_reason"]) == ("running", "spend_cap") and 0 < done < len(
        expected(ids[0], wanted)
    )
    assert audits.world.sql("SELECT paused_at IS NOT NULL FROM massive_ai_audit_jobs")[0][0]
    budget = ledger.job_budget(audits.world.database, audits.tenant.system, UUID(job_id))
    assert budget.settled_usd + budget.reserved_usd <= Decimal("0.012")
    assert workflow.call("next_conversations")["status"] == "paused"

    before = set(workflow.outcomes["judged"])
    path = f"/api/massive-ai-audit/jobs/{job_id}"
    assert audits.jobs("PATCH", path, body={"max_cost_usd": 5}, token=audits.tenant.tokens["viewer"]).status == 403
    raised = audits.jobs("PATCH", path, body={"max_cost_usd": 5}, token=audits.tenant.tokens["admin"])
    assert (raised.status, raised.json["max_cost_usd"], raised.json["paused_reason"]) == (200, 5, None)
    workflow.outcomes.clear()
    assert workflow.run() == "done"
    assert not before & set(workflow.outcomes["judged"])
    rows = audits.world.sql("SELECT conversation_id, count(*) FROM audit_assignments GROUP BY 1 ORDER BY 1")
    assert rows == [(conversation, 1) for conversation in expected(ids[0], wanted)]
    assert audits.job(job_id)["status"] == "completed"


def test_attribution_by_main_author_drops_what_others_mostly_wrote(audits: Audits, run: Run) -> None:
    audits.world.sql(
        """UPDATE tenants SET options = options || '{"attribution": "main_author"}' WHERE id = %s""",
        (audits.tenant.id,),
    )
    job_id, _, workflows = run(3, **days(1, 20))
    for workflow in workflows:
        assert workflow.run() == "done"
    assert audits.job(job_id)["status"] == "completed"
    dropped = sum(len(workflow.outcomes.get("not theirs", [])) for workflow in workflows)
    rows = audits.world.sql(
        "SELECT a.intercom_admin_id, d.transcript FROM audit_assignments a JOIN audit_documents d ON d.assignment_id = a.id WHERE a.outcome = 'completed'"
    )
    for admin_id, transcript in rows:
        written: dict[str, int] = {}
        for turn in transcript:
            if turn["role"] == "agent":
                written[turn["author_id"]] = written.get(turn["author_id"], 0) + len(turn["text"].split())
        assert max(written, key=lambda author: written[author]) == admin_id
    assert dropped > 0


def test_an_agent_without_conversations_completes(audits: Audits, outside: Sandbox) -> None:
    native(audits)
    card = audits.scorecard()
    body = {"name": "Nobody", "email": "nobody@northwind.example", "intercom_admin_id": "4711"}
    audits.cards("POST", "/api/people", body=body, token=audits.tenant.tokens["admin"])
    job_id = audits.start(card, ["4711"], **RANGE).json["job_id"]
    Workflow(audits, job_id, "4711").run()
    job = audits.job(job_id)
    assert (job["status"], job["total_conversations"]) == ("completed", 0)


# The trigger ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from sidedesk.platform.aws import client

    with mock_aws():
        client.cache_clear()
        states = boto3.client("stepfunctions")
        definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
        made = states.create_state_machine(
            name="audits", definition=definition, roleArn="arn:aws:iam::123456789012:role/x"
        )
        monkeypatch.setenv("NATIVE_AUDITS_ARN", made["stateMachineArn"])
        cached.cache_clear()
        yield lambda: states.list_executions(stateMachineArn=made["stateMachineArn"])["executions"]
        client.cache_clear()


def trigger(audits: Audits, job_id: str, admin_id: str) -> None:
    body = {"tenant_id": str(audits.tenant.id), "job_id": job_id, "intercom_admin_id": admin_id, "run_no": 1}
    answer = load_app("audits/trigger_agent").lambda_handler(sqs_event(body), Context())
    assert answer["batchItemFailures"] == []


def test_a_trigger_starts_one_execution_however_often_it_comes(audits: Audits, outside: Sandbox, machine: Any) -> None:
    native(audits)
    job_id, ids = audits.running(1, **RANGE)
    for _ in range(3):
        trigger(audits, job_id, ids[0])
        # As if the worker had died after the start and before it wrote that down.
        audits.world.sql("UPDATE massive_ai_audit_progress SET accepted_at = NULL, dispatched_at = NULL")
    (execution,) = machine()
    assert len(execution["name"]) <= 80 and execution["name"].startswith(UUID(job_id).hex)
    assert audits.job(job_id)["status"] == "running"


def test_without_intercom_nobody_starts(audits: Audits, machine: Any) -> None:
    native(audits)
    job_id, ids = audits.running(1, **RANGE)
    trigger(audits, job_id, ids[0])
    job = audits.job(job_id)
    assert (
        job["status"] == "failed"
        and job["error_message"] == "No Intercom is connected. Add it under Settings → Integrations."
    )
    assert machine() == []


def test_people_come_from_intercom(audits: Audits, outside: Sandbox) -> None:
    admin = audits.tenant.tokens["admin"]
    reply = audits.cards("POST", "/api/people/sync", body={}, token=admin)
    assert (reply.status, reply.json) == (200, {"success": True, "found": 12, "added": 12, "changed": 0})
    audits.cards("POST", "/api/people", body={"name": "Anna", "intercom_admin_id": "991"}, token=admin)
    assert audits.cards("POST", "/api/people/sync", body={}, token=admin).json["changed"] == 1
    listed = audits.cards("GET", "/api/people?has_intercom=true&limit=100", token=admin).json["data"]
    assert len(listed) == 12 and "ana.petrovic@northwind.example" in {person["email"] for person in listed}
    assert audits.cards("POST", "/api/people/sync", body={}, token=audits.tenant.tokens["member"]).status == 403

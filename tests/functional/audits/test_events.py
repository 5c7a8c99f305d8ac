"""The files under `events/` are what AWS and n8n send: every one is handed to the function it is for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sidedesk.platform import outbound
from tests.support import events
from tests.support.audits import Audits
from tests.support.lambdas import Context, load_app

Send = Callable[[str, str], Any]


@pytest.fixture
def run(audits: Audits) -> str:
    ids = audits.people(2)
    return str(audits.start(audits.scorecard(), ids).json["job_id"])


@pytest.fixture
def send(audits: Audits, run: str) -> Send:
    """Hand an event to a function; HTTP answers come back as (status, body)."""
    card = audits.job(run)["scorecard_id"]
    put = {
        events.JOB: run,
        events.SCORECARD: card,
        events.TENANT: str(audits.tenant.id),
        events.TOKEN: f"Bearer {audits.tenant.tokens['member']}",
        events.SERVICE_KEY: f"Bearer {audits.tenant.service_key}",
    }

    def call(function: str, name: str) -> Any:
        answer = load_app(function).lambda_handler(events.event(name, put), Context(milliseconds=60_000))
        return (answer["statusCode"], json.loads(answer["body"])) if "statusCode" in answer else answer

    return call


def test_a_person_starts_and_follows_a_run(audits: Audits, run: str, send: Send) -> None:
    assert send("audits/jobs_api", "http/get-job")[1]["id"] == run
    assert send("audits/jobs_api", "http/list-jobs") == (200, {"data": [], "next_cursor": None})
    first, second = (send("audits/jobs_api", "http/start-audit") for _ in range(2))
    assert (first[0], first[1]["status"], first[1]["duplicate"]) == (202, "queued", False)
    assert (second[1]["job_id"], second[1]["duplicate"]) == (first[1]["job_id"], True)


def test_n8n_tells_a_whole_run(audits: Audits, run: str, send: Send) -> None:
    status, started = send("audits/callback", "webhooks/n8n-started")
    assert (status, started["applied"], started["job"]["scorecard_version"]) == (200, True, 1)
    status, card = send("audits/scorecards_api", "http/get-scorecard")
    assert (status, [row["id"] for row in card["criteria"]]) == (200, ["greeting", "empathy", "accuracy"])
    send("audits/callback", "webhooks/n8n-totals")
    assert send("audits/callback", "webhooks/n8n-result")[1]["stored"] == 1
    assert send("audits/callback", "webhooks/n8n-results-several")[1]["stored"] == 2
    assert send("audits/callback", "webhooks/n8n-item-failed")[1]["stored"] == 1
    status, finished = send("audits/callback", "webhooks/n8n-finished")
    # All four results were in before: the agent was through already.
    assert (status, finished["applied"], finished["reason"]) == (200, False, "agent is completed")
    agent = next(row for row in audits.job(run)["agents"] if row["intercom_admin_id"] == "991")
    assert (agent["status"], agent["completed"], agent["skipped"], agent["failed"]) == ("completed", 2, 1, 1)
    rows = audits.world.sql(
        "SELECT conversation_id, score, verdict, ai_confidence_score FROM audit_assignments WHERE outcome = 'completed' ORDER BY 1"
    )
    # (1 x 1 + 2 x 4/5 + 3 x 5/5) / 6, and every quote was found.
    assert [(i, float(s), v, float(c)) for i, s, v, c in rows] == [
        ("215470000000515", 93.33, "passed", 0.87),
        ("215470000000516", 93.33, "passed", 0.87),
    ]


def test_a_crash_ends_the_agent_of_its_execution(audits: Audits, run: str, send: Send) -> None:
    send("audits/callback", "webhooks/n8n-started")
    assert send("audits/callback", "webhooks/n8n-crashed")[1]["applied"] is True
    agent = next(row for row in audits.job(run)["agents"] if row["intercom_admin_id"] == "991")
    assert agent["status"] == "failed"
    assert "at Search" in agent["error_message"]


def test_the_queue_starts_an_agent(audits: Audits, run: str, send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    posted = []

    def answer(request: httpx.Request) -> httpx.Response:
        posted.append(json.loads(request.content))
        return httpx.Response(200, json={"accepted": True, "execution_id": "4711"})

    monkeypatch.setattr(outbound, "client", lambda: httpx.Client(transport=httpx.MockTransport(answer)))
    audits.world.sql(
        "INSERT INTO integrations (tenant_id, kind, name, base_url) VALUES (%s, 'n8n', 'n8n', 'http://127.0.0.1/webhook/massive-ai-audit')",
        (audits.tenant.id,),
    )
    assert send("audits/trigger_agent", "sqs/trigger-agent") == {"batchItemFailures": []}
    (payload,) = posted
    assert (payload["job_id"], payload["intercom_admin_ids"]) == (run, ["991"])


def test_the_queue_looks_again(send: Send) -> None:
    """Nothing has this id: gone is done."""
    assert send("audits/second_reading", "sqs/second-reading") == {"batchItemFailures": []}


def test_the_clock_watches(send: Send) -> None:
    assert send("audits/watch_jobs", "schedule/every-minute") == {"agents_failed": 0, "jobs_closed": 0}


def test_the_workflow_asks_and_ends(audits: Audits, run: str, send: Send) -> None:
    assert send("audits/next_conversations", "workflow/next-conversations")["status"] == "done"
    assert send("audits/finish_agent", "workflow/finish-agent-failed") == {"applied": True}
    agent = next(row for row in audits.job(run)["agents"] if row["intercom_admin_id"] == "991")
    assert (agent["status"], agent["error_message"][:8]) == ("failed", "Intercom")

"""The native engine in the product's own stack: the real workflow, the real roles, one press of Run."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.chaos.stack import WholeStack
from tests.support.audits import CRITERIA

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(300)]


class Admin:
    """Somebody at the API, with a scorecard and Intercom's people, in a tenant whose engine is the native one."""

    def __init__(self, stack: WholeStack) -> None:
        self._http, self._headers = stack.http, {"Authorization": f"Bearer {stack.token}"}
        self.call("POST", "/api/people/sync", {})
        self.card = self.call("POST", "/api/scorecards", {"name": f"Native {uuid4()}", "criteria": CRITERIA})["id"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._http.request(method, path, json=body, headers=self._headers)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def choose(self, engine: str) -> None:
        version = self.call("GET", "/api/settings")["version"]
        limits = {"pacing_seconds": 0.2, "agent_timeout_minutes": 5}
        self.call("PUT", "/api/settings", {"version": version, "audit_engine": engine, "limits": limits})

    def start(self, admin_ids: list[str], **changes: Any) -> str:
        last = datetime.now(UTC).date() - timedelta(days=2)
        days = {"start_date": str(last - timedelta(days=4)), "end_date": str(last)}
        body = {"scorecard_id": self.card, "intercom_admin_ids": admin_ids, **days, **changes}
        return str(self.call("POST", "/api/massive-ai-audit/start", body)["job_id"])

    def ended(self, job_id: str, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        job: dict[str, Any] = {}
        while time.monotonic() < deadline:
            # The API's own process may just have been killed.
            with contextlib.suppress(httpx.HTTPError, AssertionError):
                job = self.call("GET", f"/api/massive-ai-audit/jobs/{job_id}")
            if job.get("status") in ("completed", "failed", "cancelled"):
                return job
            time.sleep(0.5)
        raise AssertionError(f"the run did not end: {job}")


@pytest.fixture
def admin(stack: WholeStack) -> Iterator[Admin]:
    made = Admin(stack)
    made.choose("native")
    yield made
    made.choose("n8n")


def test_a_run_without_n8n(admin: Admin) -> None:
    job = admin.ended(admin.start(["991", "993"]), 120)
    assert (job["status"], job["engine"], job["completed_agents"]) == ("completed", "native", 2), job
    assert job["outcome"] == "completed" and job["completed_conversations"] > 0
    counted = job["progress"]["conversations"]
    assert counted["completed"] + counted["failed"] == counted["total"]


def test_functions_killed_while_it_judges(stack: WholeStack, admin: Admin) -> None:
    job_id = admin.start(["992", "994"])
    killed = 0
    for _ in range(4):
        time.sleep(1.5)
        killed += stack.kill_functions()
    job = admin.ended(job_id, 200)
    assert killed > 0 and job["status"] == "completed", job
    rows = admin.call("GET", f"/api/massive-ai-audit/jobs/{job_id}/assignments?limit=100")["data"]
    assert len({row["conversation_id"] for row in rows}) == len(rows) > 0
    print(f"\nnative run: {killed} functions killed, {job['progress']['text']}")

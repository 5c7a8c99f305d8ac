"""A scorecard, twelve employees and a run, as the API makes them."""

from __future__ import annotations

from typing import Any

from tests.support.lambdas import Reply, client
from tests.support.world import World

CRITERIA = [
    {"id": "greeting", "label": "Greets the customer", "type": "yes_no", "weight": 1},
    {"id": "empathy", "label": "Shows empathy", "type": "score", "weight": 2, "max": 5},
    {"id": "accuracy", "label": "Answers correctly", "type": "score", "weight": 3, "max": 5, "critical": True},
]
GOOD = {"greeting": "yes", "empathy": 4, "accuracy": 5}
BAD = {"greeting": "no", "empathy": 1, "accuracy": 2}


class Audits:
    """Calls of the audit API by the people and machines of one tenant."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tenant = world.northwind
        self.jobs = client("audits/jobs_api")
        self.machine = client("audits/callback")
        self.cards = client("audits/scorecards_api")

    def scorecard(self) -> str:
        body = {"name": "Support quality", "criteria": CRITERIA, "pass_threshold": 80}
        reply = self.cards("POST", "/api/scorecards", body=body, token=self.tenant.tokens["admin"])
        assert reply.status == 201, reply.text
        return str(reply.json["id"])

    def people(self, count: int) -> list[str]:
        ids = [str(991 + number) for number in range(count)]
        for number, admin_id in enumerate(ids):
            email = "ana.petrovic@northwind.example" if number == 0 else f"agent{number}@northwind.example"
            body = {"name": f"Agent {number}", "email": email, "intercom_admin_id": admin_id}
            reply = self.cards("POST", "/api/people", body=body, token=self.tenant.tokens["admin"])
            assert reply.status == 201, reply.text
        return ids

    def start(
        self, scorecard: str, ids: list[str], role: str = "member", key: str | None = None, **changes: Any
    ) -> Reply:
        body = {
            "scorecard_id": scorecard, "start_date": "2026-10-01", "end_date": "2026-10-07", "intercom_admin_ids": ids, **changes,
        }  # fmt: skip
        headers = {"Idempotency-Key": key} if key else None
        return self.jobs(
            "POST", "/api/massive-ai-audit/start", body=body, token=self.tenant.tokens[role], headers=headers
        )

    def running(self, agents: int = 2, **changes: Any) -> tuple[str, list[str]]:
        ids = self.people(agents)
        reply = self.start(self.scorecard(), ids, **changes)
        assert reply.status == 202, reply.text
        return reply.json["job_id"], ids

    def job(self, job_id: str) -> dict[str, Any]:
        reply = self.jobs("GET", f"/api/massive-ai-audit/jobs/{job_id}", token=self.tenant.tokens["member"])
        assert reply.status == 200, reply.text
        return reply.json

    def report(self, job_id: str, **body: Any) -> Reply:
        return self.machine(
            "PATCH", f"/api/massive-ai-audit/jobs/{job_id}/progress", body=body, token=self.tenant.service_key
        )

    def callback(self, body: Any) -> Reply:
        return self.machine("POST", "/functions/v1/ai-audit-callback", body=body, token=self.tenant.service_key)

    def result(self, job_id: str, admin_id: str, conversation: str, **changes: Any) -> dict[str, Any]:
        return {
            "job_id": job_id, "intercom_admin_id": admin_id, "conversation_id": conversation, "ai_scorecard_data": GOOD,
            "ai_confidence_score": 0.9, "audit_date": "2026-10-08T09:00:00Z", **changes,
        }  # fmt: skip

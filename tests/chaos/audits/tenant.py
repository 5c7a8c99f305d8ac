"""One tenant of the stack: its people, its limits, its runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.chaos.audits.figures import Figures
from tests.chaos.audits.stack import Stack

CARD: dict[str, Any] = {
    "name": "Chaos",
    "pass_threshold": 70,
    "criteria": [
        {"id": "greeting", "label": "Greets the customer", "type": "yes_no", "weight": 1},
        {"id": "accuracy", "label": "Answers correctly", "type": "score", "weight": 3, "max": 5},
    ],
}


@dataclass
class Tenant:
    stack: Stack
    id: str
    tokens: dict[str, str]
    service_key: str
    card: str = ""

    @classmethod
    def of(cls, stack: Stack, facts: dict[str, Any]) -> Tenant:
        tenant = cls(stack, facts["tenant_id"], facts["tokens"], facts["service_key"])
        tenant.card = stack.call("POST", "/api/scorecards", CARD, tenant.tokens["admin"])["id"]
        return tenant

    def limits(self, **values: Any) -> None:
        self.stack.sql("UPDATE tenants SET limits = limits || %s::jsonb WHERE id = %s", json.dumps(values), self.id)

    def people(self, first: int, count: int) -> list[str]:
        """Employees whose Intercom ids have no conversations in the sandbox."""
        self.stack.sql(
            "INSERT INTO employees (tenant_id, name, email, intercom_admin_id) "
            "SELECT %s, 'Agent ' || n, 'agent' || n || '@chaos.example', n::text FROM generate_series(%s::int, %s::int) n",
            self.id, first, first + count - 1,
        )  # fmt: skip
        return [str(number) for number in range(first, first + count)]

    def start(self, agents: list[str]) -> str:
        body = {
            "scorecard_id": self.card, "start_date": "2026-10-01", "end_date": "2026-10-07",
            "intercom_admin_ids": agents, "notify_me_when_done": True,
        }  # fmt: skip
        return str(self.stack.call("POST", "/api/massive-ai-audit/start", body, self.tokens["admin"])["job_id"])

    def job(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.stack.call(
            "GET", f"/api/massive-ai-audit/jobs/{job_id}", None, self.tokens["admin"]
        )
        return found

    def press(self, job_id: str, button: str) -> Any:
        return self.stack.call("POST", f"/api/massive-ai-audit/jobs/{job_id}/{button}", {}, self.tokens["admin"])

    def report(self, job_id: str, agent: str, **told: Any) -> Any:
        body = {"intercom_admin_id": agent, **told}
        return self.stack.call("PATCH", f"/api/massive-ai-audit/jobs/{job_id}/progress", body, self.service_key)

    def status(self, job_id: str) -> str:
        return str(self.stack.value("SELECT status FROM massive_ai_audit_jobs WHERE id = %s", job_id))

    def agents(self, job_id: str, condition: str = "true") -> int:
        """`condition` is ours, never input."""
        return int(
            self.stack.value(
                f"SELECT count(*) FROM massive_ai_audit_progress WHERE job_id = %s AND {condition}", job_id
            )
        )

    def events(self, job_id: str, event: str) -> int:
        return int(
            self.stack.value(
                "SELECT count(*) FROM audit_events WHERE tenant_id = %s AND event = %s AND metadata->>'job_id' = %s",
                self.id, event, job_id,
            )
        )  # fmt: skip

    def ended_once(
        self, figures: Figures, job_id: str, mails: int = 1, ends: int = 1, status: str = "completed"
    ) -> None:
        """The last lines of every run: how it ended, how often, and who was told."""
        figures.wait(lambda: len(self.stack.mails(job_id)) >= mails, 20)
        figures.exactly("run ended as", self.status(job_id), status)
        figures.exactly("times it ended (audit events)", self.events(job_id, "audit_job.ended"), ends)
        figures.exactly("mails to its creator", len(self.stack.mails(job_id)), mails)

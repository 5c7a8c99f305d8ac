"""Enrichment in a test: the workflow walked as Step Functions would, with the real handlers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sidedesk.clients.n8n import Accepted
from tests.support.lambdas import Context, client, load_app
from tests.support.world import Tenant, World

STEPS = ("next_items", "validate", "enrich", "normalise", "record_failure")
ORDER = ("validate", "enrich", "normalise")


class Workflow:
    """Executions as the definition has them: go on, try again, catch. `between` is called before each step, to disturb it."""

    def __init__(self) -> None:
        self._steps = {name: load_app(f"enrichment/{name}") for name in STEPS}
        self.started: list[tuple[str, dict[str, Any]]] = []
        self.runs_at_once = True  # a start walks it to its end before it answers
        self.tries = 1
        self.between: Callable[[str, str], None] = lambda step, conversation_id: None
        self.seconds = 60.0

    def start(self, machine_arn: str, name: str, payload: dict[str, Any]) -> Accepted:
        if name not in [known for known, _ in self.started]:
            self.started.append((name, json.loads(json.dumps(payload))))
            if self.runs_at_once:
                self.walk(payload)
        return Accepted(name)

    def call(self, step: str, event: dict[str, Any]) -> Any:
        return self._steps[step].lambda_handler(event, Context(milliseconds=int(self.seconds * 1000)))

    def walk(self, payload: dict[str, Any]) -> str:
        work = {key: payload[key] for key in ("tenant_id", "run_id", "execution_no")}
        rounds = 0
        while True:
            following = self.call("next_items", work | {"rounds": rounds})
            rounds += 1
            if following["status"] == "hand_over":
                self.start("", following["execution_name"], payload | {"execution_no": following["execution_no"]})
            if following["status"] != "go":
                return str(following["status"])
            for conversation_id in following["conversation_ids"]:
                self.one(work | {"conversation_id": conversation_id})

    def one(self, event: dict[str, Any]) -> None:
        for step in ORDER:
            for attempt in range(self.tries):
                try:
                    self.between(step, event["conversation_id"])
                    outcome = self.call(step, event)["outcome"]
                    break
                except Exception as error:
                    if attempt == self.tries - 1:
                        caught = {"step": step, "error": type(error).__name__, "cause": str(error)}
                        self.call("record_failure", event | caught)
                        return
            if outcome != "go":
                return


class Enrichment:
    """One tenant's side of it."""

    def __init__(self, world: World, workflow: Workflow, tenant: Tenant) -> None:
        self.world, self.workflow, self.tenant = world, workflow, tenant
        self.api = client("enrichment/bulk_enrich")

    def call(self, method: str, path: str, body: Any = None, *, role: str = "member", **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.api(method, path, body=body, token=self.tenant.tokens[role], headers=named)

    def bulk(self, ids: list[str], **more: Any) -> Any:
        return self.call("POST", "/api/conversations/bulk-enrich", {"conversationIds": ids} | more)

    def status(self, conversation_id: str) -> tuple[Any, ...]:
        return self.world.sql(
            "SELECT enrichment_status, failed_step, error_category, error_message FROM conversations WHERE id = %s",
            (conversation_id,),
        )[0]

    def settle_leases(self) -> None:
        """As if so much time had passed that every hold is over."""
        self.world.sql(
            "UPDATE conversations SET leased_until = now() - interval '1 second' WHERE leased_until IS NOT NULL"
        )

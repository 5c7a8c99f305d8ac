"""The native engine's workflow, walked as Step Functions would, with the real handlers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from sidedesk.platform.db import Database
from tests.support.audits import Audits
from tests.support.lambdas import Context, load_app

STEPS = ("list_conversations", "next_conversations", "judge_conversation", "finish_agent")


class Workflow:
    """One execution. `between` is called before each item, to disturb it."""

    def __init__(self, audits: Audits, job_id: str, admin_id: str, run_no: int = 1) -> None:
        self.input = {
            "tenant_id": str(audits.tenant.id),
            "job_id": job_id,
            "intercom_admin_id": admin_id,
            "run_no": run_no,
        }
        self._steps = {name: load_app(f"audits/{name}") for name in STEPS}
        self.outcomes: dict[str, list[str]] = {}
        self.trail: list[str] = []

    def call(self, step: str, seconds: float = 60, **more: Any) -> Any:
        return self._steps[step].lambda_handler(self.input | more, Context(milliseconds=int(seconds * 1000)))

    def list_all(self) -> None:
        cursor, more = None, True
        while more:
            listed = self.call("list_conversations", cursor=cursor)
            cursor, more = listed["cursor"], listed["more"]

    def run(self, between: Callable[[str], None] = lambda _: None, *, patience: int = 3) -> str:
        """To its end, or until it would wait or stay paused more often than we have patience."""
        self.list_all()
        while True:
            following = self.call("next_conversations")
            status = following["status"]
            self.trail.append(status)
            if status in ("wait", "paused"):
                patience -= 1
                if patience < 0:
                    return str(status)
                continue
            if status != "go":
                if status == "done":
                    self.call("finish_agent")
                return str(status)
            for conversation_id in following["conversation_ids"]:
                between(conversation_id)
                outcome = self.call("judge_conversation", conversation_id=conversation_id)["outcome"]
                self.outcomes.setdefault(outcome, []).append(conversation_id)


def days(back: int, length: int) -> dict[str, str]:
    """A range of a run, some days back: the sandbox knows the last forty."""
    end = datetime.now(UTC).date() - timedelta(days=back)
    return {"start_date": str(end - timedelta(days=length - 1)), "end_date": str(end)}


def native(audits: Audits) -> None:
    audits.world.sql("UPDATE tenants SET audit_engine = 'native' WHERE id = %s", (audits.tenant.id,))


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


def another(audits: Audits) -> Database:
    """Another container's connection."""
    return Database(lambda: audits.world.app_url)

"""The product's own stack with ports and state of its own, and somebody who keeps pressing Run."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from local.engine.settings import ROOT
from tests.engine.stack import Stack, free_ports
from tests.support.audits import CRITERIA

DAYS = 40  # the days for which the sandbox knows chats
PATIENCE = {"pacing_seconds": 0.2, "agent_timeout_minutes": 1, "trigger_grace_seconds": 5}


class WholeStack(Stack):
    """`make up` of the real template, sandbox and seed included."""

    def __init__(self, home: Path) -> None:
        self.home, self.source = home, ROOT
        self.state, self.share = home / "state", home / "share"
        self.ports = free_ports()
        self.process = None
        self.clients = {}
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.ports['api']}", timeout=30, trust_env=False)

    def options(self) -> list[str]:
        places = ["--template", self.source / "template.yaml", "--state", self.state, "--share", self.share]
        ports = [part for name, port in self.ports.items() for part in (f"--{name}-port", port)]
        return [str(part) for part in (*places, *ports)]

    @property
    def token(self) -> str:
        return str(self.tokens["admin"])

    def start(self) -> None:
        super().start()
        self.tokens = self.file["tokens"]

    def kill_functions(self) -> int:
        """`kill -9` of every function's process, whatever it is doing."""
        found = [
            pid
            for pid in _below(self.part("engine")["pid"])
            if "bootstrap" in _command(pid) or "awslambdaric" in _command(pid)
        ]
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        return len(found)


def _below(pid: int) -> list[int]:
    """All processes that a process has started, and they in turn."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        own = [int(child) for thread in threads for child in (thread / "children").read_text().split()]
    except OSError:  # it is gone
        return []
    return [*own, *(further for child in own for further in _below(child))]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


@dataclass
class Person:
    """Presses Run again and again, as a patient client does: the same wish under the same key until it is accepted."""

    stack: WholeStack
    accepted: dict[str, str] = field(default_factory=dict)  # Idempotency-Key -> job id
    refused: list[str] = field(default_factory=list)  # what no fault explains
    stumbles: int = 0

    def __post_init__(self) -> None:
        self._call("POST", "/api/people/sync", {})
        people = self._call("GET", "/api/people?has_intercom=true&limit=100")["data"]
        card = {"name": f"Kills {uuid4()}", "criteria": CRITERIA, "pass_threshold": 80}
        self.card = self._call("POST", "/api/scorecards", card)["id"]
        version = self._call("GET", "/api/settings")["version"]
        self._call("PUT", "/api/settings", {"version": version, "limits": PATIENCE})
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        days = [yesterday - timedelta(days=back) for back in range(DAYS)]
        self._wishes = product(days, [person["intercom_admin_id"] for person in people])

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.stack.token}"}
        answer = self.stack.http.request(method, path, json=body, headers=headers)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def keep_pressing(self, until: threading.Event) -> threading.Thread:
        thread = threading.Thread(target=self._press, args=(until,))
        thread.start()
        return thread

    def _press(self, until: threading.Event) -> None:
        for day, admin_id in self._wishes:
            key = str(uuid4())
            body = {
                "scorecard_id": self.card,
                "start_date": str(day),
                "end_date": str(day),
                "intercom_admin_ids": [admin_id],
            }
            while not self._start(key, body):
                self.stumbles += 1
                if until.wait(0.3):
                    return  # never accepted: nothing was promised
            if until.wait(0.4):
                return

    def _start(self, key: str, body: dict[str, Any]) -> bool:
        headers = {"Authorization": f"Bearer {self.stack.token}", "Idempotency-Key": key}
        try:
            answer = self.stack.http.post("/api/massive-ai-audit/start", json=body, headers=headers)
        except httpx.TransportError:
            return False
        if answer.status_code == 202:
            self.accepted[key] = answer.json()["job_id"]
        elif answer.status_code not in (404, 409, 500, 502, 503):  # 404: the API itself is not deployed yet
            self.refused.append(f"{answer.status_code} {answer.text}")
        return answer.status_code == 202

    def job(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._call("GET", f"/api/massive-ai-audit/jobs/{job_id}")
        return found

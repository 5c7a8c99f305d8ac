"""One supervised process of the stack: start until ready, notice its death, stop with everything it started."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.engine import processes
from local.engine.logs import tail

PATIENCE = 60.0  # for a start that takes long
TRIES = 6  # for a start that dies at once; the pauses between them double


class PartProblem(Exception):
    """A part did not start; the message shows its last words."""


@dataclass
class Part:
    name: str
    port: int
    command: Callable[[], list[str]]
    environment: Callable[[], dict[str, str]]
    ready: Callable[[], bool]
    log: Path
    folder: Path
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    born: str | None = None
    state: str = "waiting"
    since: float = 0.0
    starts: list[float] = field(default_factory=list)

    def start(self, cancelled: Callable[[], bool]) -> None:
        """Start and wait for readiness; a start that dies is tried again until patience ends."""
        began = time.monotonic()
        self.state = "starting"
        self.starts.append(time.time())
        deaths = 0
        while not cancelled():
            if self.process is None or self.process.poll() is not None:
                self._launch()
            time.sleep(0.04)
            if self.process is not None and self.process.poll() is not None:
                deaths += 1
                time.sleep(0.1 * 2**deaths)  # its port or its lock may still be held
            elif self.ready():
                self.state, self.since = "running", time.time()
                return
            if deaths >= TRIES or time.monotonic() - began > PATIENCE:
                self.stop()
                self.state = "failed"
                raise PartProblem(f"{self.name} did not start; its log is {self.log}\n{tail(self.log)}")

    def _launch(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command(), env=self.environment(), cwd=self.folder, user=self.user,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        self.born = processes.birth(self.process.pid)

    @property
    def died(self) -> bool:
        return self.state == "running" and self.process is not None and self.process.poll() is not None

    def bury(self) -> str:
        """After a death: end what it left, say how it died."""
        if self.process is None:
            return "never started"
        processes.end_session(self.process.pid)
        code = self.process.returncode
        self.process = None
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process is not None:
            processes.end_session(self.process.pid)
        self.process, self.state = None, "stopped"

    def describe(self) -> dict[str, Any]:
        return {
            "pid": self.process.pid if self.process else None,
            "born": self.born,
            "port": self.port,
            "state": self.state,
            "since": self.since,
            "restarts": max(0, len(self.starts) - 1),
            "log": str(self.log),
        }

"""A stack of its own: a copy of the code, so that nobody's edit gets in, its own state, ports that were free."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import httpx
import psycopg

from local.engine import processes
from local.engine.settings import ROOT, venv_python
from tests.engine.stack import free_ports

COPIED = ("functions", "shared", "console", "template.yaml")
LONGEST_START = 120.0


class NotStarted(Exception):
    """The stack did not come up; the message is what it said."""


class Stack:
    def __init__(self, home: Path) -> None:
        self.home, self.source, self.state, self.share = home, home / "source", home / "state", home / "share"
        self.ports = free_ports()
        self.process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(timeout=40, trust_env=False)
        self.file: dict[str, Any] = {}

    # -- life ----------------------------------------------------------------

    def start(self) -> None:
        self.forget()
        self.source.mkdir(parents=True)
        for name in COPIED:
            one = ROOT / name
            if one.is_dir():
                shutil.copytree(one, self.source / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(one, self.source / name)
        with (self.home / "output").open("ab") as out:
            self.process = subprocess.Popen(
                [venv_python("local"), "-m", "local.engine.supervisor", *self._options()],
                cwd=ROOT, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + LONGEST_START
        while not (self.share / "stack.json").exists() or self.parts().get("state") != "ready":
            if self.process.poll() is not None or time.monotonic() > end:
                said = (self.home / "output").read_text(errors="replace")[-3000:]
                raise NotStarted(f"The stack did not start:\n{said}")
            time.sleep(0.2)
        self.file = json.loads((self.share / "stack.json").read_text())

    def stop(self) -> None:
        self.http.close()
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def forget(self) -> None:
        """Its data goes; and what a killed run left running, too."""
        if self.home.exists():
            self._command("clean")
            shutil.rmtree(self.home)

    def _options(self) -> list[str]:
        places = ["--template", self.source / "template.yaml", "--state", self.state, "--share", self.share]
        ports = [part for name, port in self.ports.items() for part in (f"--{name}-port", port)]
        return [str(part) for part in (*places, *ports)]

    def _command(self, wish: str) -> None:
        subprocess.run(
            [venv_python("local"), "-m", "local.engine", wish, *self._options()],
            cwd=ROOT, capture_output=True, check=False, timeout=90,
        )  # fmt: skip

    # -- kill ----------------------------------------------------------------

    def parts(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.state / "run" / "parts.json").read_text())
        except (OSError, ValueError):
            return {}
        return found

    def kill_part(self, name: str) -> float:
        """`kill -9`, then seconds until the supervisor has it back; the engine is back when it is deployed again."""
        before = self.parts()["parts"][name]
        began = time.monotonic()
        os.kill(before["pid"], signal.SIGKILL)
        while time.monotonic() - began < 60:
            time.sleep(0.1)
            now = self.parts().get("parts", {}).get(name)
            back = now and now["state"] == "running" and now["restarts"] > before["restarts"]
            if back and (name != "engine" or self.healthy()):
                break
        return time.monotonic() - began

    def healthy(self) -> bool:
        try:
            return self.http.get(f"{self.file['api']}/health").status_code == 200
        except httpx.TransportError:
            return False

    def workers(self, function: str) -> list[int]:
        """The processes in which this function runs now."""
        folder = str((self.source / "functions" / function).resolve())
        found = []
        for process in Path("/proc").iterdir():
            try:
                if process.name.isdigit() and str((process / "cwd").readlink()) == folder:
                    found.append(int(process.name))
            except OSError:
                continue
        return [pid for pid in found if processes.birth(pid)]

    # -- look and touch ------------------------------------------------------

    def sql(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """As the database's owner, past row-level security."""
        with psycopg.connect(self.file["admin_database_url"], autocommit=True) as connection:
            cursor = connection.execute(text, values)
            return cursor.fetchall() if cursor.description else []

    def value(self, text: str, *values: Any) -> Any:
        return self.sql(text, *values)[0][0]

    def call(self, method: str, path: str, body: Any, token: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid4())
        answer = self.http.request(method, self.file["api"] + path, json=body, headers=headers)
        if answer.status_code >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:400]}")
        return answer.json()

    def sandbox(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, f"{self.file['sandbox']['base']}/_sandbox/{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def mails(self, job_id: str) -> list[dict[str, Any]]:
        """Mails that speak of this run."""
        kept = self.http.get(f"{self.file['mail']}.json").json()["messages"]
        return [mail for mail in kept if job_id in mail["text"]]

    def sqs(self) -> Any:
        return self.aws("sqs")

    def aws(self, service: str) -> Any:
        return boto3.client(
            service, endpoint_url=self.file["aws"], region_name="us-east-1", aws_access_key_id="test",
            aws_secret_access_key="test",
        )  # fmt: skip

    def queue(self, name: str) -> str:
        urls = self.sqs().list_queues()["QueueUrls"]
        return next(url for url in urls if name in url)

"""A running stack of the fixture template, with ports and state of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import httpx

from local.engine.settings import ROOT, venv_python

FIXTURE = Path(__file__).parent / "fixtures"


def eventually(check: Callable[[], Any], seconds: float = 15.0, what: str = "it") -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if found := check():
                return found
        except (httpx.TransportError, OSError, KeyError, TypeError):
            pass
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def free_ports() -> dict[str, int]:
    names, sockets = ("postgres", "sandbox", "aws", "api"), [socket.socket() for _ in range(4)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return {name: each.getsockname()[1] for name, each in zip(names, sockets, strict=True)}
    finally:
        for each in sockets:
            each.close()


class Stack:
    def __init__(self, home: Path) -> None:
        self.home, self.source = home, home / "source"
        shutil.copytree(FIXTURE, self.source)
        self.state, self.share = home / "state", home / "share"
        self.ports = free_ports()
        self.process: subprocess.Popen[bytes] | None = None
        self.clients: dict[tuple[str, str], Any] = {}
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.ports['api']}", timeout=30, trust_env=False)

    def options(self) -> list[str]:
        places = ["--template", self.source / "template.yaml", "--state", self.state, "--share", self.share]
        ports = [part for name, port in self.ports.items() for part in (f"--{name}-port", port)]
        return [str(part) for part in (*places, *ports, "--skip", "sandbox", "migrate", "seed")]

    def launch(self, **environment: str) -> subprocess.Popen[bytes]:
        with (self.home / "output").open("ab") as out:
            return subprocess.Popen(
                [venv_python("local"), "-m", "local.engine.supervisor", *self.options()],
                cwd=ROOT, stdout=out, stderr=out, env={**os.environ, **environment}, start_new_session=True,
            )  # fmt: skip

    def start(self) -> None:
        self.process = self.launch()
        eventually(lambda: self.ended() or self.ready(), 40, f"the start; {self.output()}")
        assert self.ready(), self.output()

    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def ready(self) -> bool:
        found = self.parts_file()
        return bool(found) and found["state"] == "ready" and found["supervisor"]["pid"] == self.process.pid

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)

    def output(self) -> str:
        path = self.home / "output"
        return path.read_text()[-3000:] if path.exists() else ""

    def parts_file(self) -> Any:
        try:
            return json.loads((self.state / "run" / "parts.json").read_text())
        except (OSError, ValueError):
            return None

    def part(self, name: str) -> Any:
        return self.parts_file()["parts"][name]

    def kill(self, name: str) -> None:
        """`kill -9` of one part, then wait until the supervisor has brought it back."""
        before = self.part(name)
        os.kill(before["pid"], signal.SIGKILL)
        eventually(
            lambda: self.part(name)["state"] == "running" and self.part(name)["restarts"] > before["restarts"],
            20,
            f"the return of {name}",
        )

    def command(self, wish: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [venv_python("local"), "-m", "local.engine", wish, *self.options()],
            cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    @property
    def file(self) -> Any:
        return json.loads((self.share / "stack.json").read_text())

    @property
    def outputs(self) -> dict[str, str]:
        return self.file["outputs"]

    def aws(self, service: str) -> Any:
        endpoint = f"http://127.0.0.1:{self.ports['aws']}"
        if (service, endpoint) not in self.clients:
            self.clients[service, endpoint] = boto3.client(
                service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test",
                aws_secret_access_key="test",
            )  # fmt: skip
        return self.clients[service, endpoint]

    def close(self) -> None:
        self.http.close()
        for client in self.clients.values():
            client.close()

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, (answer.status_code, answer.text, self.output())
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.status_code == 200, (answer.status_code, answer.text, self.output())
        return answer.json()

    def keys(self, prefix: str) -> list[str]:
        found = self.aws("s3").list_objects_v2(Bucket=self.outputs["FilesBucket"], Prefix=prefix)
        return [item["Key"] for item in found.get("Contents", [])]

    def seen(self, key: str) -> float:
        """When the worker recorded this key."""
        body = self.aws("s3").get_object(Bucket=self.outputs["FilesBucket"], Key=key)["Body"].read()
        return float(body)

    def logs(self) -> str:
        return (self.state / "logs" / "functions.log").read_text()

    def wait_until_answering(self) -> None:
        eventually(lambda: self.http.get("/items/1").status_code == 200, 20, "an answer of the API")

"""One real sandbox for the session, back to quiet before each test."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from local.sandbox import credentials
from tests.sandbox.receiver import Receiver

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Sandbox:
    """The process and a client for its switches."""

    def __init__(self, data: Path, sidedesk_url: str) -> None:
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.data = data
        self.env = {
            **os.environ,
            "SIDEDESK_URL": sidedesk_url,
            "SIDEDESK_SERVICE_KEY": "svc-key",
            "PYTHONPATH": str(ROOT),
        }
        self.http = httpx.Client(base_url=self.base, timeout=20)
        self.start()

    def start(self) -> float:
        command = [sys.executable, "-m", "local.sandbox", "--port", str(self.port), "--data", str(self.data)]
        begun = time.monotonic()
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.env)
        while time.monotonic() - begun < 20:
            try:
                if self.http.get("/health").status_code == 200:
                    return time.monotonic() - begun
            except httpx.TransportError:
                time.sleep(0.02)
        raise AssertionError("the sandbox did not start")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def fault(self, provider: str, **rule: object) -> str:
        answer = self.http.post("/_sandbox/faults", json={"provider": provider, **rule})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def mode(self, **switches: object) -> None:
        answer = self.http.post("/_sandbox/mode", json=switches)
        assert answer.status_code == 200, answer.text

    def reset(self, data: bool = False) -> None:
        assert self.http.post("/_sandbox/reset", json={"data": data}).status_code == 204

    def log(self, **ask: str) -> list[dict]:
        return self.http.get("/_sandbox/log", params=ask).json()["entries"]


@pytest.fixture(scope="session")
def _receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(scope="session")
def _sandbox(_receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path_factory.mktemp("sandbox"), _receiver.url)
    yield made
    made.http.close()
    made.process.terminate()
    made.process.wait(5)


@pytest.fixture
def receiver(_receiver: Receiver) -> Receiver:
    _receiver.reset()
    return _receiver


@pytest.fixture
def sandbox(_sandbox: Sandbox, receiver: Receiver) -> Sandbox:
    _sandbox.reset(data=True)
    _sandbox.mode(n8n_retry_wait_ms=10)
    receiver.reset()
    return _sandbox


@pytest.fixture
def model(sandbox: Sandbox) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        api_key=credentials.OPENAI_KEY, base_url=f"{sandbox.base}/openai/v1", max_retries=0, timeout=10
    ) as client:
        yield client


@pytest.fixture
def chatwoot(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"api_access_token": credentials.CHATWOOT_ADMIN_TOKEN}
    with httpx.Client(base_url=f"{sandbox.base}/chatwoot/api/v1/accounts/1", headers=headers) as client:
        yield client


@pytest.fixture
def customer(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """The public client API of the website inbox, as a fresh visitor."""
    base = f"{sandbox.base}/chatwoot/public/api/v1/inboxes/northwind-web/contacts"
    person = httpx.post(base, json={"name": "Dana Whitfield", "email": "dana@example.com"}).json()
    with httpx.Client(base_url=f"{base}/{person['source_id']}") as client:
        yield client


@pytest.fixture
def intercom(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {credentials.INTERCOM_TOKEN}", "Intercom-Version": "2.16"}
    with httpx.Client(base_url=f"{sandbox.base}/intercom", headers=headers) as client:
        yield client

"""The gateway against the sandbox of the outside world, over HTTP, as on a laptop."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from sidedesk.ai import errors
from sidedesk.ai.gateway import Audio, Gateway
from tests.support.model_server import recording
from tests.support.world import World

ROOT = Path(__file__).resolve().parents[3]
Make = Callable[..., Gateway]


class Verdict(BaseModel):
    score: int
    reason: str


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "local.sandbox", "--port", str(port), "--data", str(tmp_path_factory.mktemp("sandbox"))],
        cwd=ROOT,
        env={**os.environ, "SIDEDESK_URL": "http://127.0.0.1:9", "SIDEDESK_SERVICE_KEY": "none"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                httpx.get(f"{base}/health", timeout=1)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield base
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def at_sandbox(sandbox: str, gateway: Make, connect: Callable[..., None]) -> Make:
    httpx.post(f"{sandbox}/_sandbox/reset", timeout=5)
    connect(base_url=f"{sandbox}/openai/v1")
    return gateway


def ask(gateway: Gateway, text: str = "Client: Hello, where is my order?\nAgent: It arrives tomorrow.") -> Any:
    return gateway.structured("test.judge", Verdict, values={"name": "Ana"}, data={"transcript": text})


def test_all_chat_and_vectors_and_speech(world: World, at_sandbox: Make) -> None:
    answer = ask(at_sandbox())
    assert answer.value.reason and answer.model.endswith("-sandbox") and not answer.usage.estimated
    one, same, other = at_sandbox().embed(["a parcel is late", "a parcel is late", "invoice in euros"]).value
    assert one == same != other and len(one) == 1536
    spoken = at_sandbox().transcribe(Audio("call.wav", recording(1)))
    assert spoken.value.seconds == pytest.approx(1, abs=0.1)
    assert world.sql("SELECT count(*), count(*) FILTER (WHERE basis = 'assumed') FROM ai_usage") == [(3, 0)]


@pytest.mark.parametrize(
    ("fault", "billed"),
    [
        ({"status": 429, "headers": {"retry-after": "0"}}, ["measured"]),
        ({"status": 500}, ["assumed", "measured"]),
        ({"malformed": True}, ["assumed", "measured"]),
        ({"drop_after_bytes": 30}, ["assumed", "measured"]),
    ],
)
def test_its_faults_are_survived(
    world: World, sandbox: str, at_sandbox: Make, fault: dict[str, Any], billed: list[str]
) -> None:
    made = httpx.post(
        f"{sandbox}/_sandbox/faults",
        json={"provider": "openai", "route": "/chat/completions", "times": 1, **fault},
        timeout=5,
    )
    assert made.is_success, made.text
    assert ask(at_sandbox()).value.reason
    assert [row[0] for row in world.sql("SELECT basis FROM ai_usage ORDER BY at")] == billed


def test_a_hanging_model_is_left_in_time(sandbox: str, at_sandbox: Make) -> None:
    httpx.post(
        f"{sandbox}/_sandbox/faults",
        json={"provider": "openai", "route": "/chat/completions", "hang": True, "times": 1},
        timeout=5,
    )
    started = time.monotonic()
    with pytest.raises(errors.ProviderDown):
        ask(at_sandbox(seconds=3))
    assert time.monotonic() - started < 3

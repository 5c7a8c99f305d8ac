"""The pieces without a running stack."""

from __future__ import annotations

import asyncio
import io
import os
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from local.engine import logs, processes, status, template
from local.engine.front import Front
from local.engine.settings import Settings, write_json
from tests.engine.stack import FIXTURE


def call(front: Front, body: bytes = b"", path: str = "/x") -> tuple[int, bytes]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "headers": []}
    asyncio.run(front(scope, receive, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def test_an_answer_after_the_limit_is_cut() -> None:
    finished = []

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.15)
        finished.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})

    lines: list[str] = []
    assert call(Front(slow, lines.append, longest=0.05)) == (503, b'{"message":"Service Unavailable"}')
    assert lines[0].startswith("POST /x 503")


def test_an_emulator_error_is_a_plain_500() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("detail")

    assert call(Front(broken, lambda line: None)) == (500, b'{"message":"Internal Server Error"}')


def places(tmp_path: Path) -> template.Places:
    return template.Places(FIXTURE, Path("/runtime/python"), tmp_path)


def test_a_functions_path_is_its_folder_then_its_layers(tmp_path: Path) -> None:
    (tmp_path / "dependencies" / "python").mkdir(parents=True)
    layers = {
        "Core": {"Properties": {"ContentUri": "shared"}},
        "Deps": {"Properties": {"ContentUri": "layers/dependencies"}},
    }
    path = template.import_path(
        "Web", {"CodeUri": "functions/web", "Layers": [{"Ref": "Deps"}]}, {"Layers": [{"Ref": "Core"}]}, layers,
        places(tmp_path),
    )  # fmt: skip
    assert path == [FIXTURE / "functions/web", FIXTURE / "shared", tmp_path / "dependencies" / "python"]


def test_a_layer_that_is_not_built_says_what_to_do(tmp_path: Path) -> None:
    layers = {"Charts": {"Properties": {"ContentUri": "layers/charts"}}}
    with pytest.raises(template.TemplateProblem, match=r"layer charts is not built here.*make up"):
        template.import_path(
            "Web", {"CodeUri": "functions/web", "Layers": [{"Ref": "Charts"}]}, {}, layers, places(tmp_path)
        )


def test_only_declared_parameters_are_given_and_unknown_ones_are_named() -> None:
    document = template.load(FIXTURE / "template.yaml")
    known = {"Stage": "local", "PublicUrl": "http://x", "AppSecretName": "s", "MailFrom": "a@b.example", "Other": "no"}
    assert set(template.parameters(document, known)) == {"Stage", "PublicUrl", "AppSecretName", "MailFrom"}
    with pytest.raises(template.TemplateProblem, match="Stage"):
        template.parameters(document, {})


def test_policy_dates_stay_text() -> None:
    document = template.load(FIXTURE / "template.yaml")
    assert document["Resources"]["Web"]["Properties"]["Policies"][0]["Version"] == "2012-10-17"


def test_bootstraps_are_equal_byte_for_byte() -> None:
    one, two = (template._bootstrap([Path("/a b")], Path("/p")) for _ in range(2))
    assert one == two
    archive = zipfile.ZipFile(io.BytesIO(one))
    assert b"cd '/a b'" in archive.read("bootstrap")
    assert archive.getinfo("bootstrap").external_attr >> 16 == 0o755


def test_structured_lines_become_human() -> None:
    raw = '2026-01-01T00:00:00Z\tsidedesk-JobsApi-20C0F3710BCAB\t{"level":"WARNING","message":"slow","job":"j1","xray_trace_id":"1"}'
    assert logs.humanise("functions", raw) == ("WARNING", "JobsApi", "WARNING slow  job=j1")
    assert logs.humanise("engine", "plain words") == ("", "engine", "plain words")
    assert logs.humanise("functions", "a\tb\t{broken") == ("", "b", "{broken")


def test_a_follower_survives_the_log_being_cut(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("old\n")
    follower = logs.Follower("x", path)
    with path.open("a") as out:
        out.write("one\ntw")
        out.flush()
        assert list(follower.lines()) == ["one"]
        out.write("o\n")
        out.flush()
        assert list(follower.lines()) == ["two"]
        logs.cut(path, largest=4)
        assert list(follower.lines()) == []
        out.write("three\n")
        out.flush()
        assert list(follower.lines()) == ["three"]
    assert (tmp_path / "x.log.1").read_text() == "old\none\ntwo\n"


def test_a_pid_used_again_is_not_taken_for_ours() -> None:
    born = processes.birth(os.getpid())
    assert processes.alive(os.getpid(), born)
    assert not processes.alive(os.getpid(), "another time")
    child = subprocess.Popen([sys.executable, "-c", ""])
    child_born = processes.birth(child.pid)
    child.wait()
    assert not processes.alive(child.pid, child_born)


def test_a_process_is_found_by_the_words_of_its_command() -> None:
    words = ("-c", f"import time  # {os.getpid()} words\ntime.sleep(30)")
    child = subprocess.Popen([sys.executable, *words])
    try:
        deadline = time.monotonic() + 5
        while processes.find(words) != [child.pid] and time.monotonic() < deadline:
            time.sleep(0.05)
        assert processes.find(words) == [child.pid]
        processes.end(child.pid, processes.birth(child.pid))
        assert child.wait(5) == -15
    finally:
        child.kill()


def test_a_busy_port_is_stepped_over() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        assert not processes.is_free(port)
        assert processes.next_free(port, {port + 1}) not in (None, port, port + 1)


def test_status_names_what_is_dead_and_what_to_do(tmp_path: Path) -> None:
    settings = Settings(template=tmp_path / "t", state=tmp_path, share=tmp_path)
    assert "make up" in status.report(settings)[0]
    part = {"pid": 1, "born": "never", "port": 1, "state": "running", "since": 0, "restarts": 0, "log": "/l"}
    lead = {"pid": os.getpid(), "born": processes.birth(os.getpid()), "since": 0}
    write_json(settings.parts_file, {"supervisor": lead, "state": "ready", "note": "", "parts": {"sandbox": part}})
    text, well = status.report(settings)
    assert not well
    assert "sandbox is dead: its log is /l" in text
    assert settings.parts_file.stat().st_mode & 0o777 == 0o600

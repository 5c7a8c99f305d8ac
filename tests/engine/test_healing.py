"""Killed, half started, busy ports, a broken template: the stack heals, or says what to do."""

from __future__ import annotations

import json
import os
import signal
import socket
import time

import httpx
import psycopg
import pytest

from tests.engine.stack import Stack, eventually

pytestmark = pytest.mark.engine


def test_killed_parts_come_back_with_their_data(own_stack: Stack) -> None:
    stack = own_stack
    with psycopg.connect(stack.file["admin_database_url"], autocommit=True) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    stack.kill("postgres")
    with psycopg.connect(stack.file["admin_database_url"]) as conn:
        assert conn.execute("SELECT answer FROM kept").fetchone() == (42,)

    s3, sqs = stack.aws("s3"), stack.aws("sqs")
    s3.put_object(Bucket=stack.outputs["FilesBucket"], Key="kept", Body=b"42")
    sqs.send_message(QueueUrl=stack.outputs["DeadUrl"], MessageBody="kept")
    assert httpx.get(f"{stack.file['aws']}/_sidedesk/save", trust_env=False).status_code == 202
    time.sleep(1.5)  # it is saved every five seconds, or half a second after being asked
    stack.kill("engine")
    stack.wait_until_answering()
    assert s3.get_object(Bucket=stack.outputs["FilesBucket"], Key="kept")["Body"].read() == b"42"
    assert sqs.receive_message(QueueUrl=stack.outputs["DeadUrl"], WaitTimeSeconds=2)["Messages"][0]["Body"] == "kept"
    status = stack.command("status")
    assert status.returncode == 0, status.stdout
    assert "postgres" in status.stdout and "running" in status.stdout


def test_a_killed_supervisor_is_succeeded(own_stack: Stack) -> None:
    stack = own_stack
    with psycopg.connect(stack.file["admin_database_url"], autocommit=True) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    left = {name: part["pid"] for name, part in stack.parts_file()["parts"].items()}
    os.kill(stack.process.pid, signal.SIGKILL)
    stack.process.wait()
    status = stack.command("status")
    assert status.returncode == 1
    assert "make up" in status.stdout
    stack.start()
    assert not {part["pid"] for part in stack.parts_file()["parts"].values()} & set(left.values())
    assert all(part["port"] == stack.ports[{"engine": "aws"}.get(name, name)] for name, part in
               stack.parts_file()["parts"].items())  # fmt: skip
    with psycopg.connect(stack.file["admin_database_url"]) as conn:
        assert conn.execute("SELECT answer FROM kept").fetchone() == (42,)
    stack.wait_until_answering()


def test_it_restarts_on_other_ports_when_its_own_are_taken(own_stack: Stack) -> None:
    """Addresses in the deployed environment follow; a second start is refused while the first runs."""
    stack = own_stack
    second = stack.launch()
    assert second.wait(20) == 1
    assert "already running" in stack.output()
    stack.post("/rest/enqueue", {"message": {"name": "before"}})
    eventually(lambda: stack.keys("seen/before/"))
    stack.stop()
    assert not stack.share.joinpath("stack.json").exists()
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", stack.ports["aws"]))
        squatter.listen()
        stack.start()
        assert f"port {stack.ports['aws']} is busy" in stack.output()
        assert stack.file["ports"]["aws"] > stack.ports["aws"]
        stack.ports["aws"] = stack.file["ports"]["aws"]
        stack.post("/rest/enqueue", {"message": {"name": "after"}})
        eventually(lambda: stack.keys("seen/after/"))
        assert stack.keys("seen/before/")


def test_a_template_edit_is_deployed_and_a_broken_one_changes_nothing(own_stack: Stack) -> None:
    stack = own_stack
    template = stack.source / "template.yaml"
    good = template.read_text()
    more = '        More: { Type: HttpApi, Properties: { ApiId: !Ref Api, Method: GET, Path: "/more/{proxy+}" } }\n'
    template.write_text(good.replace("      Events:\n        Item:", f"      Events:\n{more}        Item:"))
    eventually(lambda: stack.http.get("/more/pid").status_code == 200, 15, "the new route")
    template.write_text(good.replace("CodeUri: functions/step", "CodeUri: functions/missing"))
    eventually(lambda: "its folder functions/missing does not exist" in stack.output(), 15, "the complaint")
    assert stack.http.get("/items/1").status_code == 200
    assert stack.command("status").returncode == 1
    template.write_text(good)
    eventually(lambda: stack.http.get("/more/pid").status_code == 404, 15, "the route's end")
    eventually(lambda: stack.command("status").returncode == 0, 15, "health")


def test_a_broken_start_says_why_and_the_next_one_works(own_stack: Stack) -> None:
    stack = own_stack
    stack.stop()
    template = stack.source / "template.yaml"
    good = template.read_text()
    template.write_text(good.replace("DefinitionUri: flow.asl.json", "DefinitionUri: lost.asl.json"))
    process = stack.launch()
    assert process.wait(40) == 1
    assert "lost.asl.json cannot be read" in stack.output()
    template.write_text(good)
    stack.start()
    assert stack.get("/items/1") == {"id": "1"}


def test_half_written_state_is_no_obstacle(own_stack: Stack) -> None:
    """As after a power cut: a torn part list, an interrupted initdb, a torn file of the emulator."""
    stack = own_stack
    bucket = stack.outputs["FilesBucket"]
    stack.aws("s3").put_object(Bucket=bucket, Key="kept", Body=b"42")
    stack.stop()
    (stack.state / "run" / "parts.json").write_text('{"parts": {"postgr')
    (stack.state / "pg").resolve().joinpath("draft").mkdir()
    (stack.state / "aws" / "state" / "cloudformation.json").write_text('{"__ministack_format__": 2, "pay')
    stack.start()
    assert stack.get("/items/1") == {"id": "1"}
    assert stack.outputs["FilesBucket"] == bucket
    assert stack.aws("s3").get_object(Bucket=bucket, Key="kept")["Body"].read() == b"42"
    stack.post("/rest/enqueue", {"message": {"name": "again"}})
    eventually(lambda: stack.keys("seen/again/"))


def test_clean_leaves_nothing(own_stack: Stack) -> None:
    stack = own_stack
    home = (stack.state / "pg").resolve()
    done = stack.command("clean")
    assert done.returncode == 0, done.stdout
    assert stack.process.wait(5) == 0
    assert not list(stack.state.iterdir())
    assert not home.exists()
    assert not stack.share.exists()
    assert stack.command("status").returncode == 1


def test_a_database_of_ones_own_is_used(own_stack: Stack) -> None:
    from local.postgres import TestPostgres

    stack = own_stack
    stack.stop()
    stack.command("clean")
    with TestPostgres() as server:
        stack.process = stack.launch(DATABASE_URL=server.create("mine"))
        eventually(lambda: stack.ended() or stack.ready(), 40)
        assert "of DATABASE_URL" in stack.output()
        assert "postgres" not in stack.parts_file()["parts"]
        assert f":{server.port}/mine" in stack.get("/rest/secret")["database_url"]
        stack.stop()
    process = stack.launch(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert process.wait(20) == 1
    assert "DATABASE_URL does not answer" in stack.output()
    assert json.loads((stack.state / "run" / "parts.json").read_text())["state"] == "stopped"

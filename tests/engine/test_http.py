"""HTTP through the API's own port, as through API Gateway. Each patch of the emulator has its test here or nearby."""

from __future__ import annotations

import os
import statistics
import threading
import time

import pytest

from tests.engine.stack import Stack, eventually

pytestmark = pytest.mark.engine


def test_path_parameters_and_the_greedy_proxy(stack: Stack) -> None:
    assert stack.get("/items/7") == {"id": "7"}
    seen = stack.get("/rest/echo/deep/er", x=["1", "2"])
    assert seen["rawPath"] == "/rest/echo/deep/er"
    assert seen["pathParameters"] == {"proxy": "echo/deep/er"}
    assert seen["queryStringParameters"] == {"x": "1,2"}


def test_unknown_route_and_method_are_404(stack: Stack) -> None:
    assert stack.http.get("/nowhere").status_code == 404
    assert stack.http.delete("/items/7").status_code == 404


def test_root_leads_to_the_console(stack: Stack) -> None:
    answer = stack.http.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, "/console")


def test_cookies_are_a_list(stack: Stack) -> None:
    answer = stack.http.get("/rest/echo", headers={"cookie": "a=1; b=2"})
    assert answer.json()["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in answer.json()["headers"]


def test_binary_body_arrives_as_base64(stack: Stack) -> None:
    answer = stack.http.post("/rest/echo", content=b"\x00\xff", headers={"content-type": "application/octet-stream"})
    assert (answer.json()["body"], answer.json()["isBase64Encoded"]) == ("AP8=", True)


def test_preflight_is_answered_by_the_gateway(stack: Stack) -> None:
    asked = {"origin": "https://console.example", "access-control-request-method": "POST"}
    answer = stack.http.options("/rest/echo", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://console.example"


def test_a_crash_shows_the_caller_no_detail(stack: Stack) -> None:
    answer = stack.http.get("/rest/crash")
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})
    eventually(lambda: "the secret detail of a crash" in stack.logs())


def test_a_crash_leaves_the_process_alive(stack: Stack) -> None:
    before = stack.get("/rest/pid")["pid"]
    stack.http.get("/rest/crash")
    assert stack.get("/rest/pid")["pid"] == before


def test_too_large_a_request_is_413(stack: Stack) -> None:
    text = {"content-type": "text/plain"}
    assert stack.http.post("/rest/echo", content=b"x" * (6 * 2**20 + 1), headers=text).status_code == 413
    # Binary grows by a third on its way to the function.
    binary = {"content-type": "application/octet-stream"}
    assert stack.http.post("/rest/echo", content=b"x" * (5 * 2**20), headers=binary).status_code == 413


def test_too_large_an_answer_is_500(stack: Stack) -> None:
    assert stack.http.get("/rest/big", params={"bytes": 6 * 2**20}).status_code == 500


def test_a_function_imports_only_its_folder_layers_and_runtime(stack: Stack) -> None:
    names = "beside,fixturelib,boto3,awslambdaric,ministack,psycopg,starlette,local,pytest"
    found = stack.get("/rest/importable", names=names)
    assert {name for name, there in found.items() if there} == {"beside", "fixturelib", "boto3", "awslambdaric"}


def test_a_function_sees_its_own_variables_and_none_of_the_emulator(stack: Stack) -> None:
    seen = stack.get("/rest/pid")["env"]
    assert (seen["STAGE"], seen["PUBLIC_URL"]) == ("local", stack.file["api"])
    assert seen["LAMBDA_TASK_ROOT"] == str(stack.source / "functions" / "web")
    assert seen["AWS_ENDPOINT_URL"] == stack.file["aws"]
    assert not {"GATEWAY_PORT", "AUTH", "STATE_DIR", "S3_DATA_DIR", "PERSIST_STATE", "PYTEST_CURRENT_TEST"} & set(seen)
    assert seen["AWS_ACCESS_KEY_ID"] != "test"


def test_the_secret_holds_what_the_application_needs(stack: Stack) -> None:
    secret = stack.get("/rest/secret")
    assert secret["database_url"].startswith("postgresql://sidedesk_app:")
    assert len(secret["jwt_secret"]) >= 32


def test_policies_are_enforced(stack: Stack) -> None:
    assert stack.get("/rest/forbidden")["error"] == "ClientError"


def test_warm_and_silent_calls_are_quick(stack: Stack) -> None:
    """Without the two patches for speed each of these waits 50 and 40 ms."""
    took = []
    for _ in range(30):
        began = time.monotonic()
        stack.get("/rest/echo")
        took.append(time.monotonic() - began)
    assert statistics.median(took) < 0.035


def test_logs_appear_while_the_call_runs(stack: Stack) -> None:
    caller = threading.Thread(target=lambda: stack.get("/rest/nap", seconds="2.5"))
    caller.start()
    eventually(lambda: "napping 2.5" in stack.logs(), 2, "the line")
    assert caller.is_alive()
    caller.join(10)
    stack.get("/items/seen-by-people")
    eventually(lambda: "Web                  item read  id=seen-by-people" in stack.output(), 5)


def test_a_killed_function_is_replaced_at_the_next_call(stack: Stack) -> None:
    assert stack.http.get("/rest/die").status_code == 500
    assert stack.get("/rest/pid")["pid"] > 0


def test_a_function_killed_from_outside_in_mid_request_fails_that_call_only(stack: Stack) -> None:
    victim = stack.get("/rest/pid")["pid"]
    answers: list[int] = []
    caller = threading.Thread(target=lambda: answers.append(stack.http.get("/rest/nap?seconds=5").status_code))
    caller.start()
    time.sleep(0.5)
    os.kill(victim, 9)
    caller.join(10)
    assert answers == [500]
    assert stack.get("/rest/pid")["pid"] != victim


def test_an_edit_is_live_within_a_moment(stack: Stack) -> None:
    assert stack.get("/rest/pid")["version"] == "one"
    (stack.source / "shared" / "fixturelib" / "__init__.py").write_text('VERSION = "two"\n')
    eventually(lambda: stack.get("/rest/pid")["version"] == "two", 3, "the new code")
    beside = stack.source / "functions" / "web" / "beside.py"
    for text in ("new folder", "any folder"):  # equal length within one second: no stale bytecode
        beside.write_text(f'TEXT = "{text}"\n')
        eventually(lambda text=text: stack.get("/rest/pid")["beside"] == text, 3, "the new code")


def test_calls_in_flight_survive_an_edit(stack: Stack) -> None:
    statuses: list[int] = []
    callers = [
        threading.Thread(target=lambda: statuses.append(stack.http.get("/rest/nap?seconds=1.2").status_code))
        for _ in range(3)
    ]
    for caller in callers:
        caller.start()
    time.sleep(0.3)
    (stack.source / "shared" / "fixturelib" / "__init__.py").write_text('VERSION = "three"\n')
    for caller in callers:
        caller.join(10)
    assert statuses == [200, 200, 200]
    eventually(lambda: stack.get("/rest/pid")["version"] == "three", 3, "the new code")

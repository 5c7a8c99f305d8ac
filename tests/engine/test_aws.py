"""Queues, workflows, files and mail, through the functions of the fixture."""

from __future__ import annotations

import json
import time
from email.message import EmailMessage

import httpx
import pytest

from tests.engine.stack import Stack, eventually

pytestmark = pytest.mark.engine


def test_a_delayed_message_comes_later(stack: Stack) -> None:
    sent = time.time()
    stack.post("/rest/enqueue", {"message": {"name": "late"}, "delay": 3})
    stack.post("/rest/enqueue", {"message": {"name": "soon"}})
    eventually(lambda: stack.keys("seen/late/") and stack.keys("seen/soon/"))
    # No upper bound for the first one: a busy machine is slow, and only the order is promised.
    assert stack.seen("seen/soon/1") < stack.seen("seen/late/1")
    assert stack.seen("seen/late/1") - sent > 2.9


def test_only_the_failed_item_returns_and_ends_in_the_dead_letter_queue(stack: Stack) -> None:
    stack.post("/rest/enqueue", {"message": {"name": "bad", "fail": True}})
    stack.post("/rest/enqueue", {"message": {"name": "good"}})
    sqs, dead = stack.aws("sqs"), stack.outputs["DeadUrl"]

    def arrived() -> list[dict[str, str]]:
        found = sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=1).get("Messages", [])
        return [message for message in found if json.loads(message["Body"])["name"] == "bad"]

    messages = eventually(arrived, 20, "the dead letter")
    assert len(messages) == 1
    assert stack.keys("seen/bad/") == ["seen/bad/1", "seen/bad/2"]
    assert stack.keys("seen/good/") == ["seen/good/1"]


def _run(stack: Stack, fail: str) -> dict[str, str]:
    arn = stack.post("/rest/start", {"fail": fail})["execution"]
    states = stack.aws("stepfunctions")

    def finished() -> dict[str, str] | None:
        found = states.describe_execution(executionArn=arn)
        return found if found["status"] != "RUNNING" else None

    found = eventually(finished, 15, "the end of the workflow")
    return {"status": found["status"], "output": json.loads(found.get("output", "null"))}


def test_a_workflow_retries_by_error_class_and_catches_the_rest(stack: Stack) -> None:
    assert _run(stack, "no") == {"status": "SUCCEEDED", "output": {"attempt": 0}}
    assert _run(stack, "once") == {"status": "SUCCEEDED", "output": {"attempt": 1}}
    assert _run(stack, "final") == {"status": "SUCCEEDED", "output": {"caught": "Final"}}


def test_presigned_links_write_and_read(stack: Stack) -> None:
    links = stack.get("/rest/presign")
    assert httpx.put(links["put"], content=b"hello", trust_env=False).status_code == 200
    assert httpx.get(links["get"], trust_env=False).content == b"hello"
    assert httpx.get(links["get"].split("?")[0], trust_env=False).status_code == 403
    assert httpx.get(links["get"].replace("Signature=", "Signature=x"), trust_env=False).status_code == 403


def test_mail_is_captured_with_its_attachments(stack: Stack) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "sidedesk@sidedesk.example", "lead@northwind.example"
    message["Subject"], message["Auto-Submitted"] = "The week in numbers", "auto-generated"
    message.set_content("Attached.")
    message.add_alternative("<p>Attached.</p>", subtype="html")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="week.pdf")
    answer = stack.http.post("/rest/mail", content=bytes(message), headers={"content-type": "message/rfc822"})
    identifier = answer.json()["id"]
    kept = httpx.get(f"{stack.file['mail']}.json", trust_env=False).json()["messages"][0]
    assert (kept["id"], kept["subject"], kept["to"]) == (identifier, "The week in numbers", ["lead@northwind.example"])
    assert (kept["text"].strip(), kept["html"].strip()) == ("Attached.", "<p>Attached.</p>")
    assert kept["headers"]["Auto-Submitted"] == "auto-generated"
    assert "The week in numbers" in httpx.get(stack.file["mail"], trust_env=False).text
    assert "Attached." in httpx.get(f"{stack.file['mail']}/{identifier}", trust_env=False).text
    assert httpx.get(f"{stack.file['mail']}/{identifier}/0", trust_env=False).content == b"%PDF-1.7"
    assert httpx.get(f"{stack.file['mail']}/unknown", trust_env=False).status_code == 404


def test_plain_mail_is_captured_and_a_foreign_sender_is_refused(stack: Stack) -> None:
    text = {"content-type": "text/plain"}
    assert "id" in stack.http.post("/rest/mail", content=b"Good day", headers=text).json()
    kept = httpx.get(f"{stack.file['mail']}.json", trust_env=False).json()["messages"]
    assert (kept[0]["subject"], kept[0]["text"].strip()) == ("Hello", "Good day")
    refused = stack.http.post("/rest/mail?from=stranger@evil.example", content=b"Hi", headers=text).json()
    assert refused["error"] == "MessageRejected"
    assert len(httpx.get(f"{stack.file['mail']}.json", trust_env=False).json()["messages"]) == len(kept)


def test_reserved_concurrency_is_kept(stack: Stack) -> None:
    functions, name = stack.aws("lambda"), stack.outputs["TickName"]
    assert functions.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 1


@pytest.mark.slow
def test_a_schedule_ticks(stack: Stack) -> None:
    eventually(lambda: stack.keys("ticks/"), 75, "the tick")

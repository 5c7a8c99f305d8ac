"""Imports: many at once, told apart, unchanged ones left alone, bad rows named; and the demo's own knowledge base."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from sidedesk.platform import aws
from tests.sandbox.conftest import Sandbox
from tests.support.events import event
from tests.support.knowledge import Knowledge
from tests.support.lambdas import Context, client, load_app
from tests.support.world import World

ROOT = Path(__file__).resolve().parents[3]
BUCKET = "uploads-of-the-tests"
CSV = "title,body,url,language\nReturns,Within 30 days.,https://northwind.example/r,en\nHours,Open from 8 to 20.,,\n"


def imported(kb: Knowledge, content: str, kind: str = "csv", **more: str) -> dict:
    reply = kb.api("POST", "/import", body={"format": kind, "content": content, **more})
    assert reply.status == 200, reply.text
    return reply.json


def counts(report: dict) -> tuple[int, int, int, int]:
    return report["created"], report["changed"], report["unchanged"], len(report["refused"])


def test_again_unchanged_and_changed(kb: Knowledge, outside: Sandbox) -> None:
    first = imported(kb, CSV)
    assert counts(first) == (2, 0, 0, 0)
    kb.index()
    asked = len(outside.log(provider="openai"))
    kb.world.sql("UPDATE kb_articles SET checked_at = now() - interval '9 days'")
    assert counts(imported(kb, CSV)) == (0, 0, 2, 0)
    assert kb.messages() == [] and len(outside.log(provider="openai")) == asked
    assert kb.world.sql("SELECT count(*) FROM kb_articles WHERE checked_at > now() - interval '1 hour'") == [(2,)]
    # The address makes it the same article although its title has changed.
    second = imported(kb, CSV.replace("Returns,Within 30", "Returning,Within 14"))
    assert counts(second) == (0, 1, 1, 0) and second["articles"] == [first["articles"][0]]
    shown = kb.get(second["articles"][0])
    assert (shown["title"], shown["version"], shown["index_status"]) == ("Returning", 2, "waiting")
    kb.index()
    assert "Within 14 days." in kb.search("how many days for returning")["data"][0]["text"]


def test_bad_rows_are_named_and_the_others_come_in(kb: Knowledge) -> None:
    text = "title,body,url\nA,one,\n,two,\na,three,\nB,four,nowhere\nC,five,\n"
    report = imported(kb, text)
    assert report["created"] == 2
    assert [(row["row"], row["title"]) for row in report["refused"]] == [(3, ""), (4, "a"), (5, "B")]
    assert "same article" in report["refused"][1]["reason"]


def test_archived_articles_are_not_brought_back(kb: Knowledge) -> None:
    made = kb.get(imported(kb, CSV)["articles"][0])
    kb.change(made, status="archived")
    report = imported(kb, CSV.replace("30", "31"))
    assert counts(report) == (0, 0, 1, 1) and "archived" in report["refused"][0]["reason"]
    assert kb.get(made["id"])["status"] == "archived"


def test_single_documents(kb: Knowledge) -> None:
    page = "<h1>Care</h1><p>Oil it.</p><script>x</script>"
    assert counts(imported(kb, page, "html", source="site")) == (1, 0, 0, 0)
    assert counts(imported(kb, page, "html", source="site")) == (0, 0, 1, 0)
    assert counts(imported(kb, page, "html", source="other site")) == (1, 0, 0, 0)
    report = imported(kb, "no title here", "markdown")
    assert counts(report) == (0, 0, 0, 1) and report["refused"][0]["reason"] == "It has no title."


@pytest.mark.parametrize(
    "body",
    [
        {"format": "csv"},
        {"format": "csv", "content": "a,b\n1,2\n"},
        {"format": "csv", "content": "x", "upload_id": "0b6f2a52-7d0c-4a8e-9d59-4f2b4c5f3a11"},
        {"format": "pdf", "content": "x"},
    ],
)
def test_what_is_no_import(kb: Knowledge, body: dict) -> None:
    assert kb.api("POST", "/import", body=body).status == 400


def test_another_tenants_articles_are_not_touched(kb: Knowledge, world: World) -> None:
    imported(kb, CSV)
    reply = kb.api("POST", "/import", tenant=world.contoso, body={"format": "csv", "content": CSV})
    assert counts(reply.json) == (2, 0, 0, 0)
    assert world.sql("SELECT count(*), count(DISTINCT tenant_id) FROM kb_articles") == [(4, 2)]


@pytest.fixture
def bucket() -> Iterator[None]:
    aws.client.cache_clear()
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield
    aws.client.cache_clear()


def uploaded(world: World, content: bytes, name: str = "articles.csv", kind: str = "text/csv") -> str:
    call, token = client("platform/uploads_api"), world.northwind.tokens["admin"]
    wish = {"purpose": "kb_import", "filename": name, "content_type": kind, "size": len(content)}
    slot = call("POST", "/api/uploads", body=wish, token=token).json
    key = f"incoming/{world.northwind.id}/{slot['upload_id']}"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)
    assert call("POST", f"/api/uploads/{slot['upload_id']}/complete", token=token).status == 200
    return str(slot["upload_id"])


def test_an_uploaded_file(kb: Knowledge, world: World, bucket: None) -> None:
    body = {"format": "csv", "upload_id": uploaded(world, CSV.encode("utf-8-sig"))}
    assert counts(kb.api("POST", "/import", body=body).json) == (2, 0, 0, 0)
    assert kb.api("GET", "/articles").json["data"][0]["source"] == "articles.csv"
    late = b"title,body\n" + b"A,x\n" * 2000 + "B,Größe\n".encode("cp1252")
    broken = kb.api("POST", "/import", body={"format": "csv", "upload_id": uploaded(world, late)})
    assert (broken.status, broken.json["code"]) == (400, "unreadable") and "UTF-8" in broken.json["error"]
    theirs = kb.api("POST", "/import", tenant=world.contoso, body=body)
    assert theirs.status == 404


def test_the_demo_knowledge_base_answers_its_customers(kb: Knowledge, outside: Sandbox) -> None:
    for page in sorted((ROOT / "local/knowledge/northwind").glob("*.md")):
        assert counts(imported(kb, page.read_text(encoding="utf-8"), "markdown", source=page.name)) == (1, 0, 0, 0)
    kb.index()
    questions = {
        "How long does delivery to Switzerland take and what does it cost?": "Shipping",
        "I want to return a pan, how many days do I have?": "Returning",
        "When do I get my refund?": "Refunds",
        "The kettle stopped working after a year, is there a warranty?": "Warranty",
        "Can I pay with PayPal or Klarna?": "Payment",
        "I forgot my password": "Account",
        "Two plates arrived broken": "Damaged",
        "My parcel has not moved for a week, is it lost?": "lost",
        "Is the shop open on Saturday?": "opening",
        "How do I descale the coffee machine?": "care",
    }
    missed = {}
    for question, word in questions.items():
        titles = [row["title"] for row in kb.search(question, limit=3)["data"]]
        if not any(word in title for title in titles):
            missed[question] = titles
    assert missed == {}


def test_an_import_as_the_gateway_sends_it(kb: Knowledge, world: World) -> None:
    sent = event("http/import-articles", {"Bearer <token>": f"Bearer {world.northwind.tokens['admin']}"})
    answer = load_app("knowledge/articles_api").lambda_handler(sent, Context())
    assert answer["statusCode"] == 200 and '"created":2' in answer["body"].replace(" ", "")

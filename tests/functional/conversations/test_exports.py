"""The enriched corpus goes out: all of it, as it was asked for, and nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from sidedesk.conversations import lifecycle, service
from sidedesk.platform import files as store
from sidedesk.platform.files import StorageFailed
from tests.functional.conversations.conftest import BUCKET, Desk, Files, conversation, put
from tests.support.world import World

DOCUMENT = {
    "format": "sidedesk.enriched/1",
    "conversation": {"title": "+49 <PHONE_1>", "source": "upload"},
    "overall": {"summary": "=cmd|' /C calc'!A0", "predicted_csat": 4.5},
    "turns": [
        {"role": "customer", "text": "Hello, I am <NAME_1>."},
        {"role": "customer", "text": "Where is it?"},
        {"role": "note", "text": "VIP"},
        {"role": "bot", "text": "One moment."},
        {"role": "agent", "text": "On its way to <EMAIL_1>."},
        {"role": "customer", "text": "Thanks"},
    ],
}


def enrich(world: World, own: UUID, document: dict[str, Any], topic: str = "delivery") -> None:
    scope, run = world.northwind.system, uuid4()
    [claimed] = world.database.dicts(scope, *service.claim([own], run, 60))
    for to in ("validating", "validated", "enrichment_in_progress", "normalizing"):
        world.database.dicts(scope, *service.move(own, run, to))
    pointer = service.store_enriched(scope, own, document)
    done = service.complete(own, run, pointer, enriched_from=claimed["raw_digest"], topic=topic, predicted_csat=4.5)
    assert world.database.dicts(scope, *done)


def corpus(world: World, count: int, document: dict[str, Any] = DOCUMENT) -> list[UUID]:
    ids = [one.id for one in put(world, *(conversation(f"c-{n}", title="Dana, +49 30 901820") for n in range(count)))]
    for own in ids:
        about = {"conversation": {**document.get("conversation", {}), "id": str(own)}}
        enrich(world, own, document | about)
    return ids


def exported(desk: Desk, query: str = "") -> tuple[dict[str, Any], str]:
    begun = desk("GET", f"/export?{query}", "admin")
    assert begun.status == 202, begun.text
    assert begun.json["url"] is None
    desk.export()
    state = desk("GET", f"/exports/{begun.json['id']}", "admin").json
    assert state["status"] == "completed", state
    key = httpx.URL(state["url"]).path.removeprefix(f"/{BUCKET}/").lstrip("/")
    content = desk.aws.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert len(content) == state["size"]
    return state, content.decode()


def test_json_lines_hold_every_document(world: World, desk: Desk, files: Files) -> None:
    ids = corpus(world, 5)
    put(world, conversation("raw only"))
    state, text = exported(desk, "format=jsonl")
    documents = [json.loads(line) for line in text.splitlines()]
    assert {one["conversation"]["id"] for one in documents} == {str(own) for own in ids}
    assert (state["written"], state["skipped"], documents[0]["turns"]) == (5, 0, DOCUMENT["turns"])


def test_chats_for_fine_tuning(world: World, desk: Desk, files: Files) -> None:
    corpus(world, 1)
    [mute] = put(world, conversation("mute"))
    enrich(world, mute.id, {"turns": [{"role": "customer", "text": "Anybody?"}]})
    state, text = exported(desk, "format=openai")
    assert (state["written"], state["skipped"]) == (1, 1)
    assert json.loads(text) == {
        "messages": [
            {"role": "user", "content": "Hello, I am <NAME_1>.\nWhere is it?"},
            {"role": "assistant", "content": "One moment.\nOn its way to <EMAIL_1>."},
        ]
    }


def test_a_table_that_runs_nothing_and_can_come_back_in(world: World, desk: Desk, files: Files) -> None:
    corpus(world, 2)
    _, text = exported(desk, "format=csv")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert [row["title"] for row in rows] == ["'+49 <PHONE_1>"] * 2
    assert rows[0]["summary"] == "'=cmd|' /C calc'!A0"
    assert rows[0]["predicted_csat"] == "4.5"
    assert rows[0]["transcript"].startswith("Customer: Hello, I am <NAME_1>.\nCustomer: Where is it?\nNote: VIP\nBot:")
    assert "901820" not in text
    back = desk.import_all(format="csv", content=text)
    assert (back["status"], back["created"]) == ("completed", 2)


def test_filters(world: World, desk: Desk, files: Files) -> None:
    ids = corpus(world, 3)
    other = put(world, conversation("other"))[0].id
    enrich(world, other, {"turns": []}, topic="billing")
    put(world, conversation("c-0", "It has changed since."))
    assert exported(desk)[0]["written"] == 3  # completed ones
    assert exported(desk, "topic=billing")[1].count("\n") == 1
    assert exported(desk, "status=not_started")[0]["written"] == 1
    assert exported(desk, "source=chatwoot")[0]["written"] == 0
    assert exported(desk, "from=2026-11-04")[0]["written"] == 0
    assert exported(desk, "from=2026-11-03&to=2026-11-03")[0]["written"] == 3
    assert len(ids) == 3


def test_asked_twice_while_under_way_it_is_one(world: World, desk: Desk, files: Files) -> None:
    first, second, third = (desk("GET", f"/export?format={name}", "admin").json for name in ("csv", "csv", "jsonl"))
    assert first["id"] == second["id"] != third["id"]
    assert desk("GET", "/export?format=csv", "owner").json["id"] != first["id"]
    desk.export()
    assert desk("GET", "/export?format=csv", "admin").json["id"] != first["id"]
    assert len(desk("GET", "/exports", "admin").json["data"]) == 4


def test_an_export_is_its_tenants_own_and_an_admins(world: World, desk: Desk, files: Files) -> None:
    corpus(world, 1)
    begun = desk("GET", "/export", "admin").json
    assert desk("GET", f"/exports/{begun['id']}", "contoso-owner").status == 404
    assert desk("GET", f"/exports/{begun['id']}", "member").status == 403
    theirs = desk("GET", "/export", "contoso-admin").json
    desk.export()
    assert desk("GET", f"/exports/{theirs['id']}", "contoso-admin").json["written"] == 0
    assert desk("GET", "/export?format=xml", "admin").status == 400


def test_parts_of_a_large_file_are_one_object_or_none(
    world: World, desk: Desk, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PART_BYTES", 5 * 1024 * 1024)
    corpus(world, 3, {"turns": [{"role": "agent", "text": "x" * 4_000_000}]})
    state, text = exported(desk)
    assert (state["written"], len(text) > 12_000_000) == (3, True)
    begun = desk("GET", "/export?format=openai", "admin").json
    real = store.Writer._send

    def breaks(self: store.Writer, content: bytes) -> None:
        real(self, content)
        raise StorageFailed()

    monkeypatch.setattr(store.Writer, "_send", breaks)
    monkeypatch.setattr("sidedesk.conversations.export_formats.FORMATS", {})
    [message] = desk.aws.received("export_conversations")
    from tests.support.lambdas import Context, sqs_event

    with pytest.raises(StorageFailed), store.Writer("exports/x", "text/plain") as file:
        file.write(b"x" * 6_000_000)
    assert files.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []
    assert files.names("exports/x") == []
    monkeypatch.setattr(store.Writer, "_send", real)
    assert desk._exporter.lambda_handler(sqs_event(message), Context())["batchItemFailures"] == []
    assert desk("GET", f"/exports/{begun['id']}", "admin").json["status"] == "completed"


def test_a_dead_message_fails_its_export(world: World, desk: Desk, files: Files) -> None:
    begun = desk("GET", "/export", "admin").json
    lifecycle.export_died(world.database, world.northwind.system, {"export_id": begun["id"]})
    state = desk("GET", f"/exports/{begun['id']}", "admin").json
    assert (state["status"], "given up" in state["error"]) == ("failed", True)

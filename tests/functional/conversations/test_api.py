"""What people do with conversations: store, look, open, remove; and what they may not."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from sidedesk.conversations import listing, service
from sidedesk.conversations.service import RawPerson
from tests.functional.conversations.conftest import Desk, Files, conversation, put
from tests.functional.conversations.test_documents import complete
from tests.support.world import World

ONE = {
    "external_id": "77",
    "title": "Parcel",
    "customer": {"name": "Dana", "email": "dana@customer.example"},
    "turns": [
        {"role": "user", "text": " Where is it? ", "at": "2026-11-03T09:00:00+01:00"},
        {"role": "assistant", "text": "On its way."},
    ],
    "metadata": {"plan": "pro"},
}


def test_one_and_many_and_again(desk: Desk, files: Files) -> None:
    first = desk("POST", "", body=ONE)
    assert (first.status, first.json["created"]) == (201, 1)
    again = desk("POST", "", body={"conversations": [ONE, ONE | {"external_id": "78"}, ONE | {"external_id": ""}]})
    assert [one["outcome"] for one in again.json["data"]] == ["unchanged", "created", "created"]
    assert again.json["data"][0]["id"] == first.json["data"][0]["id"]
    raw = desk("GET", f"/{first.json['data'][0]['id']}/raw").json
    assert raw["format"] == "sidedesk.raw/1"
    assert [turn["role"] for turn in raw["turns"]] == ["customer", "agent"]
    assert raw["turns"][0]["text"] == " Where is it? "
    shown = desk("GET", f"/{first.json['data'][0]['id']}").json
    assert (shown["title"], shown["enrichment_status"], shown["has_raw"], shown["has_enriched"]) == (
        "Parcel", "not_started", True, False,
    )  # fmt: skip
    assert shown["started_at"] == "2026-11-03T08:00:00Z"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"turns": []}, "turns"),
        ({"conversations": []}, "conversations"),
        ({"conversations": [ONE], "title": "x"}, "body"),
        (ONE | {"surprise": 1}, "surprise"),
        (ONE | {"turns": [{"role": "agent"}]}, "turns.0.text"),
        (ONE | {"turns": [{"role": "agent", "text": 7}]}, "turns.0.text"),
        (ONE | {"external_id": "x" * 301}, "external_id"),
        ({"conversations": [ONE] * 101}, "conversations"),
    ],
)
def test_what_is_no_conversation(desk: Desk, files: Files, body: dict[str, Any], field: str) -> None:
    reply = desk("POST", "", body=body)
    assert reply.status == 400, reply.text
    assert field in [detail["field"] for detail in reply.json["details"]], reply.text
    assert files.names() == []


def test_odd_numbers_in_metadata_are_written_as_json(desk: Desk, files: Files) -> None:
    text = json.dumps(ONE).replace('"pro"', "1e999")
    stored = desk("POST", "", body=text)
    assert stored.status == 201
    assert desk("GET", f"/{stored.json['data'][0]['id']}/raw").json["metadata"] == {"plan": None}


def test_who_may_what(desk: Desk, files: Files) -> None:
    assert desk("POST", "", "viewer", body=ONE).status == 403
    assert desk("GET", "", "viewer").status == 403
    assert desk("GET", "/export", "member").status == 403
    own = desk("POST", "", body=ONE).json["data"][0]["id"]
    for method, path in (("GET", ""), ("GET", "/raw"), ("GET", "/enriched"), ("DELETE", "")):
        assert desk(method, f"/{own}{path}", "contoso-owner").status == 404
    assert desk("GET", f"/{own}").status == 200


def test_a_list_with_counts_filters_and_pages(world: World, desk: Desk, files: Files) -> None:
    chats = [conversation(f"c-{n}", title=f"Chat {n} 100%" if n % 2 else "") for n in range(7)]
    ids = [stored.id for one in chats for stored in put(world, one)]
    put(world, conversation("other"), tenant=world.contoso)
    complete(world, ids[0])
    complete(world, ids[1])
    first = desk("GET", "?limit=3").json
    assert [row["external_id"] for row in first["data"]] == ["c-6", "c-5", "c-4"]
    assert (first["counts"]["not_started"], first["counts"]["completed"], first["counts"]["failed"]) == (5, 2, 0)
    second = desk("GET", f"?limit=3&cursor={first['next_cursor']}").json
    third = desk("GET", f"?limit=3&cursor={second['next_cursor']}").json
    assert [row["external_id"] for row in [*second["data"], *third["data"]]] == ["c-3", "c-2", "c-1", "c-0"]
    assert (second["counts"], third["next_cursor"]) == (None, None)

    def found(query: str) -> list[str]:
        return [row["external_id"] for row in desk("GET", f"?{query}").json["data"]]

    assert found("enrichment_status=completed") == ["c-1", "c-0"]
    assert found("topic=delivery&source=upload") == ["c-1", "c-0"]
    assert found("q=100%25") == ["c-5", "c-3", "c-1"]
    assert found("q=dana&limit=1") == ["c-6"]
    assert found("q=c-3") == ["c-3"]
    assert found("source=chatwoot") == []
    assert len(found("from=2026-11-03&to=2026-11-03")) == 7
    assert found("from=2026-11-04") == []
    assert desk("GET", "?enrichment_status=sideways").status == 400
    assert desk("GET", "?from=2026-13-01").status == 400


def test_days_are_those_of_the_organisation(world: World, desk: Desk, files: Files) -> None:
    late = conversation("late", turns=[service.RawTurn(role="customer", text="x", at="2026-11-03T23:30:00Z")])
    put(world, late)  # half past midnight in Berlin
    assert desk("GET", "?from=2026-11-04&to=2026-11-04").json["data"]
    assert not desk("GET", "?from=2026-11-03&to=2026-11-03").json["data"]


def test_documents_inline_and_by_link(world: World, desk: Desk, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    own = put(world, conversation("c-1", "Grüße 🙂"))[0].id
    assert desk("GET", f"/{own}/enriched").json["code"] == "no_document"
    complete(world, own)
    assert desk("GET", f"/{own}/enriched").json == {"turns": []}
    for kind in ("raw", "enriched"):
        linked = desk("GET", f"/{own}/{kind}?link=1").json
        assert set(linked) == {"url", "expires_in"}, linked
        assert f"conversations/{world.northwind.id}/{own}/{kind}/" in linked["url"]
    monkeypatch.setattr(listing, "INLINE_BYTES", 10)
    assert "url" in desk("GET", f"/{own}/raw").json
    assert "url" in desk("GET", f"/{own}/enriched").json
    registered = world.database.value(world.northwind.system, *service.register("chatwoot", "1", "9"))
    nothing = desk("GET", f"/{registered}/raw")
    assert (nothing.status, nothing.json["code"]) == (404, "no_document")


def test_a_changed_source_is_said_to_be_stale(world: World, desk: Desk, files: Files) -> None:
    own = put(world, conversation())[0].id
    complete(world, own)
    assert desk("GET", f"/{own}").json["stale"] is False
    put(world, conversation("c-1", "Changed."))
    shown = desk("GET", f"/{own}").json
    assert (shown["stale"], shown["has_enriched"], shown["enrichment_status"]) == (True, True, "not_started")


def test_removed_with_all_it_had_but_not_while_somebody_works_on_it(world: World, desk: Desk, files: Files) -> None:
    own = put(world, conversation())[0].id
    complete(world, own)
    put(world, conversation("c-1", "Changed."))
    run = uuid4()
    world.database.dicts(world.northwind.system, *service.claim([own], run, 60))
    busy = desk("DELETE", f"/{own}")
    assert (busy.status, busy.json["code"]) == (409, "being_enriched")
    world.database.run(world.northwind.system, *service.release([own], run))
    assert len(files.names()) == 3
    assert desk("DELETE", f"/{own}").status == 200
    assert (files.names(), desk("GET", f"/{own}").status, desk("DELETE", f"/{own}").status) == ([], 404, 404)
    assert world.sql("SELECT count(*) FROM audit_events WHERE event = 'conversation.removed'") == [(1,)]


def test_a_store_that_is_down_is_said_and_nothing_half_is_visible(
    world: World, desk: Desk, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPLOADS_BUCKET", "a-bucket-that-is-not-there")
    reply = desk("POST", "", body=ONE)
    assert (reply.status, reply.json["code"]) == (503, "storage")
    assert world.sql("SELECT count(*) FROM conversations") == [(0,)]


def test_a_forgotten_customer_by_the_owner(world: World, desk: Desk, files: Files) -> None:
    from tests.support.lambdas import client

    put(world, conversation(), conversation("c-2", customer=RawPerson(email="Dana@Customer.Example ")))
    body = {"subject": "dana@customer.example"}
    done = client("platform/data_api")("POST", "/api/data/forget", body=body, token=world.northwind.tokens["owner"])
    assert done.json["touched"]["conversations.conversations"] == 2
    assert files.names() == []


def test_a_link_opens_the_document(world: World, desk: Desk, files: Files) -> None:
    own = put(world, conversation())[0].id
    url = httpx.URL(desk("GET", f"/{own}/raw?link=1").json["url"])
    assert url.params["response-content-disposition"].startswith("attachment")
    assert int(url.params["X-Amz-Expires"]) <= 300

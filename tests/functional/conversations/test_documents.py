"""Documents and rows: what is visible is whole, what comes again changes nothing, what differs begins anew."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from sidedesk.conversations import documents, lifecycle, service
from sidedesk.conversations.service import ConversationNotFound, NoDocument, RawTurn, StorageFailed
from tests.functional.conversations.conftest import BUCKET, EMAIL, Files, conversation, put
from tests.support.world import World


def row(world: World, external_id: str = "c-1") -> dict[str, Any]:
    [(found,)] = world.sql("SELECT to_jsonb(c) FROM conversations c WHERE external_id = %s", (external_id,))
    return found


def test_stored_once_however_often_it_comes(world: World, files: Files) -> None:
    first, second = put(world, conversation()), put(world, conversation())
    assert [one.outcome for one in [*first, *second]] == ["created", "unchanged"]
    assert first[0].id == second[0].id
    kept = row(world)
    assert files.names() == [kept["raw_storage_path"]]
    assert (kept["customer"], kept["customer_email"], kept["message_count"]) == ("Dana", EMAIL, 3)
    assert kept["started_at"].startswith("2026-11-03T09:00:00")
    raw = service.raw(world.database, world.northwind.system, first[0].id)
    assert [turn.id for turn in raw.turns] == ["t1", "t2", "t3"]
    assert raw.turns[0].text == "My parcel never came."


def test_a_changed_source_begins_anew_and_what_was_enriched_stays(world: World, files: Files) -> None:
    [stored] = put(world, conversation())
    complete(world, stored.id)
    assert row(world)["enrichment_status"] == "completed"
    [again] = put(world, conversation("c-1", "Something else entirely."))
    assert (again.outcome, again.id) == ("changed", stored.id)
    kept = row(world)
    assert kept["enrichment_status"] == "not_started"
    assert kept["enriched_from"] != kept["raw_digest"]
    assert service.enriched(world.database, world.northwind.system, stored.id) == {"turns": []}


def complete(world: World, conversation_id: Any) -> None:
    scope, run = world.northwind.system, uuid4()
    [claimed] = world.database.dicts(scope, *service.claim([conversation_id], run, 60))
    for to in ("validating", "validated", "enrichment_in_progress", "normalizing"):
        assert world.database.dicts(scope, *service.move(conversation_id, run, to)), to
    pointer = service.store_enriched(scope, conversation_id, {"turns": []})
    done = service.complete(conversation_id, run, pointer, enriched_from=claimed["raw_digest"], topic="delivery")
    assert world.database.dicts(scope, *done)


def test_a_document_is_visible_only_once_it_lies_there(
    world: World, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any) -> Any:
        raise StorageFailed()

    monkeypatch.setattr(documents, "store", dies)
    with pytest.raises(StorageFailed):
        put(world, conversation())
    assert world.sql("SELECT count(*) FROM conversations") == [(0,)]


def test_a_damaged_document_is_noticed_and_a_missing_one_said(world: World, files: Files) -> None:
    [stored] = put(world, conversation())
    path = row(world)["raw_storage_path"]
    files.put(path, b'{"turns": []}')
    with pytest.raises(StorageFailed, match="damaged"):
        service.raw(world.database, world.northwind.system, stored.id)
    files.s3.delete_object(Bucket=BUCKET, Key=path)
    with pytest.raises(NoDocument):
        service.raw(world.database, world.northwind.system, stored.id)
    with pytest.raises(NoDocument):
        service.enriched(world.database, world.northwind.system, stored.id)


def test_odd_text_is_kept_as_it_came(world: World, files: Files) -> None:
    odd = conversation(turns=[RawTurn(role="Zauberer", text="half \ud800 a \x00 character \u202e", at="yesterday")])
    [stored] = put(world, odd.model_copy(update={"title": "A\x00 title \ud800"}))
    kept = service.raw(world.database, world.northwind.system, stored.id)
    assert kept.turns[0].text == "half \ud800 a \x00 character \u202e"
    assert (kept.turns[0].role, kept.turns[0].at) == ("Zauberer", "yesterday")
    assert row(world)["title"] == "A title"


def test_without_an_id_of_its_own_the_content_is_the_id(world: World, files: Files) -> None:
    first, second = put(world, conversation("")), put(world, conversation(""), conversation("", "Another."))
    assert first[0].external_id == second[0].external_id
    assert [one.outcome for one in second] == ["unchanged", "created"]


def test_the_same_one_twice_in_one_call_is_one(world: World, files: Files) -> None:
    outcomes = [one.outcome for one in put(world, conversation(), conversation("c-1", "Newer."), conversation("c-2"))]
    assert outcomes == ["created", "unchanged", "created"]
    [(text,)] = [(service.raw(world.database, world.northwind.system, row(world)["id"]).turns[0].text,)]
    assert text == "Newer."


def test_registered_elsewhere_and_stored_later_is_one_row(world: World, files: Files) -> None:
    scope = world.northwind.system
    statement = service.register("chatwoot", "7", "412", customer="Dana", customer_email="Dana@Customer.example")
    ids = {world.database.value(scope, *statement) for _ in range(2)}
    later = world.database.value(scope, *service.register("chatwoot", "7", "412", title="Parcel", message_count=2))
    [stored] = put(world, conversation("412", source="chatwoot", source_account="7"))
    assert ids == {later} == {stored.id}
    assert stored.id == service.conversation_id(world.northwind.id, "chatwoot", "7", "412")
    kept = row(world, "412")
    assert (kept["title"], kept["customer_email"], stored.outcome) == ("Parcel", EMAIL, "changed")


def test_another_tenant_has_its_own(world: World, files: Files) -> None:
    [mine] = put(world, conversation())
    [theirs] = put(world, conversation(), tenant=world.contoso)
    assert mine.id != theirs.id
    assert service.statuses(world.database, world.contoso.system, [mine.id]) == {}
    with pytest.raises(ConversationNotFound):
        service.raw(world.database, world.contoso.system, mine.id)


def test_a_forgotten_customer_leaves_no_row_and_no_document(world: World, files: Files) -> None:
    put(world, conversation(), conversation("c-2"))
    put(world, conversation("c-1", "Changed: two documents by now."))
    put(world, conversation("c-3", customer=service.RawPerson(email="else@customer.example")))
    put(world, conversation(), tenant=world.contoso)
    assert lifecycle.forget(world.database, world.northwind.system, EMAIL) == {"conversations": 2}
    left = [key.split("/")[1] for key in files.names()]
    assert sorted(left) == sorted([str(world.northwind.id), str(world.contoso.id)])
    assert lifecycle.forget(world.database, world.northwind.system, EMAIL) == {"conversations": 0}


def test_an_export_of_everything_holds_the_documents(world: World, files: Files) -> None:
    [stored] = put(world, conversation())
    complete(world, stored.id)
    rows = list(lifecycle.export(world.database, world.northwind.system))
    kinds = {row["kind"]: row["document"] for table, row in rows if table == "conversation_documents"}
    assert kinds["raw"]["customer"]["email"] == EMAIL
    assert kinds["enriched"] == {"turns": []}

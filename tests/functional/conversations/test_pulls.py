"""Conversations of connected tools and of audit runs, from the sandbox over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sidedesk.clients.chatwoot import Chatwoot
from sidedesk.clients.intercom import Intercom, IntercomDown
from sidedesk.conversations import importing, pulling, service, wiring
from sidedesk.platform import outbox
from tests.functional.conversations.conftest import Desk, Files
from tests.functional.conversations.test_imports import counts, stored
from tests.sandbox.conftest import Sandbox
from tests.support.audits import Audits
from tests.support.world import World

BERLIN = ZoneInfo("Europe/Berlin")


def days(back: int, length: int) -> dict[str, str]:
    end = datetime.now(BERLIN).date() - timedelta(days=back)
    return {"from": str(end - timedelta(days=length - 1)), "to": str(end)}


def rows(world: World, source: str) -> list[dict[str, Any]]:
    return [row for (row,) in world.sql("SELECT to_jsonb(c) FROM conversations c WHERE source = %s", (source,))]


def documents(world: World, source: str) -> list[service.RawConversation]:
    return [service.raw(world.database, world.northwind.system, row["id"]) for row in rows(world, source)]


def test_days_of_intercom(world: World, desk: Desk, files: Files, connected: Sandbox) -> None:
    wish = {"source": "intercom", **days(3, 2)}
    begun = desk.begin(**wish)
    assert begun["progress"] is None
    desk.work()
    state = desk.state(begun)
    assert state["status"] == "completed", state
    assert state["created"] > 20
    assert state["total"] == state["created"] + state["refused"]
    start, end = (datetime.fromisoformat(state["wish"][name]) for name in ("start", "end"))
    assert start.astimezone(BERLIN).hour == end.astimezone(BERLIN).hour == 0
    client = Intercom(wiring._http(), f"{connected.base}/intercom", "sandbox-intercom")
    cursor, there = None, set()
    while True:
        found = client.created_between(int(start.timestamp()), int(end.timestamp()), cursor)
        there |= set(found.ids)
        cursor = found.cursor
        if cursor is None:
            break
    kept = {row["external_id"] for row in rows(world, "intercom")}
    assert kept <= there and len(there) == state["total"]
    chats = documents(world, "intercom")
    assert {turn.role for chat in chats for turn in chat.turns} <= {"customer", "agent", "bot", "note"}
    assert sum("@" in chat.customer.email for chat in chats) > 0.8 * len(chats)  # some write without one
    assert all(turn.at and turn.id for chat in chats for turn in chat.turns)
    again = desk.import_all(**wish)
    assert (again["created"], again["changed"], again["unchanged"]) == (0, 0, len(kept))
    assert world.sql("SELECT count(*) FROM import_items") == [(0,)]


def test_days_of_chatwoot_meet_what_a_webhook_has_registered(
    world: World, desk: Desk, files: Files, connected: Sandbox
) -> None:
    [(integration,)] = world.sql("SELECT id FROM integrations WHERE kind = 'chatwoot'")
    client = Chatwoot(wiring._http(), f"{connected.base}/chatwoot", "sandbox-chatwoot", 1)
    everything = list(client.conversations(datetime(2000, 1, 1, tzinfo=UTC)))
    assert len(everything) > 5
    newest = everything[0]
    registered = world.database.value(
        world.northwind.system, *service.register("chatwoot", str(integration), str(newest.display_id))
    )
    state = desk.import_all(source="chatwoot", **days(0, 60))
    assert state["status"] == "completed", state
    assert counts(state)[:2] == (len(everything) - 1 - state["refused"], 1)
    found = {row["external_id"]: row for row in rows(world, "chatwoot")}
    assert found[str(newest.display_id)]["id"] == str(registered)
    assert {row["source_account"] for row in found.values()} == {str(integration)}
    for chat in documents(world, "chatwoot")[:5]:
        said = [message for message in client.messages(int(chat.external_id)) if not message.deleted]
        assert [turn.id for turn in chat.turns] == [str(message.id) for message in said]
        for turn, message in zip(chat.turns, said, strict=True):
            if message.private:
                assert turn.role == "note"
            elif message.direction == "incoming":
                assert turn.role == "customer"
            else:
                assert turn.role in ("agent", "bot", "system")


def test_only_those_days(world: World, desk: Desk, files: Files, connected: Sandbox) -> None:
    state = desk.import_all(source="chatwoot", **days(200, 3))
    assert (state["status"], state["total"], counts(state)) == ("completed", 0, (0, 0, 0, 0))


def test_at_most_so_many_and_in_several_turns(
    world: World, desk: Desk, files: Files, connected: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "AT_A_TIME", 4)
    begun = desk.begin(source="intercom", limit=10, **days(2, 5))
    assert desk.work(seconds=30) > 3
    state = desk.state(begun)
    assert (state["status"], state["total"], sum(counts(state))) == ("completed", 10, 10)


def test_a_tool_that_stumbles_is_waited_for(
    world: World, desk: Desk, files: Files, connected: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was fetched before is stored; the rest comes with the next turn."""
    real, calls = pulling.FromIntercom.fetch, 0

    def stumbles(self: Any, wish: Any, external_id: str) -> Any:
        nonlocal calls
        calls += 1
        if calls == 6:
            raise IntercomDown()
        return real(self, wish, external_id)

    monkeypatch.setattr(pulling.FromIntercom, "fetch", stumbles)
    begun = desk.begin(source="intercom", limit=12, **days(2, 5))
    [message] = desk.aws.received("import_conversations")
    from tests.support.lambdas import Context, sqs_event

    desk._importer.lambda_handler(sqs_event(message), Context(milliseconds=120_000))
    state = desk.state(begun)
    assert (state["status"], sum(counts(state)), state["total"]) == ("running", 5, 12)
    assert 0.3 < state["progress"] < 0.5
    desk._importer.lambda_handler(sqs_event(message), Context(milliseconds=120_000))
    assert (desk.state(begun)["status"], sum(counts(desk.state(begun)))) == ("completed", 12)


def test_what_is_gone_meanwhile_is_refused_by_name(world: World, desk: Desk, files: Files, connected: Sandbox) -> None:
    begun = desk.begin(source="intercom", limit=3, **days(2, 5))
    world.database.run(
        world.northwind.system,
        "INSERT INTO import_items (import_id, external_id, tenant_id) VALUES (%(id)s, '1', current_tenant())",
        {"id": begun["id"]},
    )
    desk.work()
    state = desk.state(begun)
    assert state["status"] == "completed"
    assert [one["reason"] for one in state["refusals"]] == [pulling.GONE]


def test_a_refused_token_ends_it_with_words(world: World, desk: Desk, files: Files, connected: Sandbox) -> None:
    from sidedesk.platform import secrets

    secrets.remember("sidedesk/test/intercom", {"secret": "bad-key"})
    state = desk.import_all(source="intercom", **days(2, 1))
    assert (state["status"], "access token" in state["error"]) == ("failed", True)


def test_removed_tools_too(world: World, desk: Desk, files: Files, connected: Sandbox) -> None:
    begun = desk.begin(source="intercom", **days(2, 1))
    world.sql("DELETE FROM integrations WHERE kind = 'intercom'")
    desk.work()
    assert "No Intercom is connected any more" in desk.state(begun)["error"]


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[Audits, str, str]:
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "send_soon", lambda *_: None)
        audits = Audits(world)
        job_id, [admin_id] = audits.running(1)
        said = [
            {"part_id": "1", "role": "client", "author": "Dana", "text": "Where is my parcel?", "at": "2026-10-07T09:00:00Z"},
            {"part_id": "2", "role": "agent", "author": "Ana", "author_id": "991", "text": "On its way.", "at": 1_791_363_600},
        ]  # fmt: skip
        assert audits.callback(audits.result(job_id, admin_id, "kept", transcript=said)).status == 200
        assert audits.callback(audits.result(job_id, admin_id, "bare")).status == 200
    return audits, job_id, admin_id


def test_the_conversations_of_an_audit_run(
    world: World, desk: Desk, files: Files, run: tuple[Audits, str, str]
) -> None:
    """Without an Intercom: as the audit kept them."""
    _, job_id, _ = run
    state = desk.import_all(source="audit", job_id=job_id)
    assert (state["status"], counts(state)) == ("completed", (1, 0, 0, 1))
    assert state["refusals"][0]["reason"] == pulling.NOT_KEPT
    [chat] = documents(world, "intercom")
    assert [(turn.role, turn.text) for turn in chat.turns] == [
        ("customer", "Where is my parcel?"),
        ("agent", "On its way."),
    ]
    assert desk("POST", "/import", "contoso-owner", body={"source": "audit", "job_id": job_id}).status == 404


def test_an_audits_conversations_come_from_intercom_while_it_answers(
    world: World, desk: Desk, files: Files, connected: Sandbox, run: tuple[Audits, str, str]
) -> None:
    audits, job_id, admin_id = run
    client = Intercom(wiring._http(), f"{connected.base}/intercom", "sandbox-intercom")
    now = int(datetime.now(UTC).timestamp())
    real = client.created_between(now - 5 * 86_400, now - 86_400).ids[0]
    assert audits.callback(audits.result(job_id, admin_id, real)).status == 200
    state = desk.import_all(source="audit", job_id=job_id)
    assert (state["status"], counts(state)) == ("completed", (2, 0, 0, 1))
    fetched = {chat.external_id: chat for chat in documents(world, "intercom")}
    assert "@" in fetched[real].customer.email
    assert stored(world) == 2

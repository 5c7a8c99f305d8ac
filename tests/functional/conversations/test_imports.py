"""Files come in: whole, once, whatever dies on the way; what is refused is named."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from sidedesk.conversations import importing, lifecycle, storing
from sidedesk.platform import uploads
from sidedesk.platform.uploads import NewUpload
from tests.functional.conversations.conftest import BUCKET, Desk, Files
from tests.support.lambdas import Context, sqs_event
from tests.support.world import World


def chat(external_id: str, turns: int = 2, text: str = "Hello") -> dict[str, Any]:
    messages = [{"role": "user" if n % 2 == 0 else "assistant", "content": f"{text} {n}"} for n in range(turns)]
    return {"id": external_id, "messages": messages}


def lines(count: int, start: int = 0, **changes: Any) -> str:
    return "".join(json.dumps(chat(f"c-{n}", **changes)) + "\n" for n in range(start, start + count))


def table(count: int, turns: int = 3) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["conversation_id", "role", "text", "customer_email"])
    for n in range(count):
        writer.writerows(
            [f"c-{n}", "customer" if turn % 2 == 0 else "agent", f"text {turn}, \"quoted\"\nand more", f"c{n}@customer.example"]
            for turn in range(turns)
        )  # fmt: skip
    return out.getvalue()


def counts(state: dict[str, Any]) -> tuple[int, ...]:
    return tuple(state[name] for name in ("created", "changed", "unchanged", "refused"))


def stored(world: World) -> int:
    [(many,)] = world.sql("SELECT count(*) FROM conversations WHERE tenant_id = %s", (world.northwind.id,))
    return int(many)


@pytest.mark.parametrize(
    ("format", "content"),
    [
        ("jsonl", lines(120)),
        ("json", json.dumps([chat(f"c-{n}") for n in range(120)])),
        ("csv", table(120)),
    ],
)
def test_each_format_and_the_same_file_again(world: World, desk: Desk, files: Files, format: str, content: str) -> None:
    begun = desk.begin(format=format, content=content)
    assert (begun["status"], begun["created"], begun["status_url"]) == (
        "queued", 0, f"/api/conversations/imports/{begun['id']}",
    )  # fmt: skip
    desk.work()
    state = desk.state(begun)
    assert (state["status"], state["total"], state["progress"], counts(state)) == (
        "completed",
        120,
        1.0,
        (120, 0, 0, 0),
    )
    again = desk.import_all(format=format, content=content)
    assert (again["status"], counts(again)) == ("completed", (0, 0, 120, 0))
    assert stored(world) == len(files.names()) == 120
    assert files.names("imports/") == [], "the file goes when it is done"
    assert [one["id"] for one in desk("GET", "/imports").json["data"]] == [again["id"], begun["id"]]
    assert len(desk("GET", f"?import_id={again['id']}&limit=100").json["data"]) == 100


def test_what_has_changed_since_is_changed(world: World, desk: Desk, files: Files) -> None:
    desk.import_all(format="jsonl", content=lines(10))
    state = desk.import_all(format="jsonl", content=lines(5) + lines(5, 5, text="New") + lines(3, 10))
    assert counts(state) == (3, 5, 5, 0)


def test_refusals_are_named_by_row_and_counted_all(world: World, desk: Desk, files: Files) -> None:
    content = lines(2) + "nonsense\n" + '{"id": 1}\n' * 300 + lines(1, 2)
    state = desk.import_all(format="jsonl", content=content)
    assert (state["status"], state["total"], counts(state)) == ("completed", 304, (3, 0, 0, 301))
    assert len(state["refusals"]) == 200
    assert state["refusals"][0]["row"] == 3 and "not JSON" in state["refusals"][0]["reason"]
    assert state["refusals"][1] == {"row": 4, "reason": "It has no list of turns or messages, and no transcript."}


class Killed(BaseException):
    """What no handler catches: the process is gone."""


@pytest.mark.parametrize("format", ["json", "jsonl", "csv"])
@pytest.mark.parametrize("where", ["documents", "rows", "counts"])
def test_killed_anywhere_it_goes_on_without_a_gap_or_a_double(
    world: World, desk: Desk, files: Files, monkeypatch: pytest.MonkeyPatch, format: str, where: str
) -> None:
    content = {"jsonl": lines(130), "json": json.dumps([chat(f"c-{n}") for n in range(130)]), "csv": table(130)}[format]
    monkeypatch.setattr(importing, "AT_A_TIME", 10)
    begun = desk.begin(format=format, content=content)
    [message] = desk.aws.received("import_conversations")
    calls, kills = 0, 0
    real = {"documents": storing.documents.store, "rows": storing.Ready.settled, "counts": importing._advance}[where]

    def dying(*given: Any, **named: Any) -> Any:
        nonlocal calls, kills
        calls += 1
        if calls % (7 if where != "documents" else 23) == 0:
            kills += 1
            raise Killed()
        return real(*given, **named)

    target: Any = {"documents": storing.documents, "rows": storing.Ready, "counts": importing}[where]
    name = {"documents": "store", "rows": "settled", "counts": "_advance"}[where]
    monkeypatch.setattr(target, name, dying)
    for _ in range(60):
        try:
            desk._importer.lambda_handler(sqs_event(message), Context(milliseconds=120_000))
            break
        except Killed:
            world.sql("UPDATE imports SET leased_until = now() - interval '1 second'")  # its lease ends
    state = desk.state(begun)
    assert kills >= 2 or where == "rows"
    assert (state["status"], state["total"], counts(state)) == ("completed", 130, (130, 0, 0, 0))
    assert stored(world) == len(files.names()) == 130


def test_out_of_time_it_hands_itself_on(
    world: World, desk: Desk, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "AT_A_TIME", 10)
    begun = desk.begin(format="jsonl", content=lines(45))
    assert desk.work(seconds=30) == 6  # no time but for one part each, and one to see the end
    state = desk.state(begun)
    assert (state["status"], counts(state)) == ("completed", (45, 0, 0, 0))


def test_two_workers_at_once_do_not_count_twice(world: World, desk: Desk, files: Files) -> None:
    begun = desk.begin(format="jsonl", content=lines(60))
    [message] = desk.aws.received("import_conversations")
    world.sql("UPDATE imports SET status = 'running', leased_until = now() + interval '1 minute'")
    desk._importer.lambda_handler(sqs_event(message), Context())
    assert counts(desk.state(begun)) == (0, 0, 0, 0), "somebody holds it"
    world.sql("UPDATE imports SET leased_until = NULL, steps = 0")
    for _ in range(3):
        desk._importer.lambda_handler(sqs_event(message, message), Context(milliseconds=120_000))
    assert counts(desk.state(begun)) == (60, 0, 0, 0)


def test_a_worker_that_fell_behind_moves_nothing(world: World, desk: Desk, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    begun = desk.begin(format="jsonl", content=lines(10))
    real = storing.prepare

    def overtaken(*given: Any, **named: Any) -> Any:
        world.sql("UPDATE imports SET steps = steps + 1")
        return real(*given, **named)

    monkeypatch.setattr(importing.storing, "prepare", overtaken)
    desk.work()
    assert (desk.state(begun)["status"], stored(world)) == ("running", 0)


def test_a_file_that_breaks_off_keeps_what_came_before(world: World, desk: Desk, files: Files) -> None:
    whole = json.dumps([chat(f"c-{n}") for n in range(70)])
    state = desk.import_all(format="json", content=whole[: len(whole) - 30])
    assert (state["status"], counts(state)) == ("failed", (69, 0, 0, 0))
    assert "behind conversation 69" in state["error"]
    assert desk.import_all(format="json", content=whole)["created"] == 1


def test_rows_that_do_not_stand_together_replace_nothing(world: World, desk: Desk, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    head = "conversation_id,role,text\n"
    rows = [f"{n},customer,first of {n}\n" for n in range(12)] + ["0,agent,torn off\n", "1,agent,torn off\n"]
    content = head + "".join(rows)
    for size in (50, 5):  # within one part, and across parts
        monkeypatch.setattr(importing, "AT_A_TIME", size)
        state = desk.import_all(format="csv", content=content)
        assert counts(state)[3] == 2
        assert [one["row"] for one in state["refusals"]] == [14, 15]
        assert "Sort the file" in state["refusals"][0]["reason"]
    ordered = desk.import_all(
        format="csv", content=head + "".join(sorted(rows, key=lambda row: int(row.split(",")[0])))
    )
    assert counts(ordered) == (0, 2, 10, 0)


def test_the_same_transcript_twice_in_a_file_is_one(world: World, desk: Desk, files: Files) -> None:
    state = desk.import_all(format="csv", content='transcript\n"Customer: a\nAgent: b"\n"Customer: a\nAgent: b"\n')
    assert (counts(state), stored(world)) == ((1, 0, 1, 0), 1)


def uploaded(world: World, desk: Desk, content: bytes, content_type: str = "application/x-ndjson") -> str:
    scope, own = world.northwind.scope("member"), uuid4()
    uploads.begin(world.database, scope, own, NewUpload(purpose="import", filename="chats", content_type=content_type, size=len(content)))  # fmt: skip
    desk.aws.s3.put_object(Bucket=BUCKET, Key=f"incoming/{world.northwind.id}/{own}", Body=content)
    uploads.complete(world.database, scope, own)
    return str(own)


def test_an_uploaded_file_is_used_up(world: World, desk: Desk, files: Files) -> None:
    upload = uploaded(world, desk, lines(3).encode())
    state = desk.import_all(upload_id=upload)
    assert (state["kind"], state["status"], counts(state)) == ("jsonl", "completed", (3, 0, 0, 0))
    assert files.names("uploads/") == []
    again = desk("POST", "/import", body={"upload_id": upload})
    assert (again.status, again.json["details"][0]["field"]) == (400, "upload_id")
    assert uploads.with_link(world.database, world.northwind.scope("member"), UUID(upload)).url is None


def test_an_upload_of_somebody_else_is_none(world: World, desk: Desk, files: Files) -> None:
    upload = uploaded(world, desk, lines(1).encode())
    assert desk("POST", "/import", "contoso-owner", body={"upload_id": upload}).status == 404


def test_a_file_that_is_gone_fails_the_import_with_its_reason(world: World, desk: Desk, files: Files) -> None:
    begun = desk.begin(format="jsonl", content=lines(1))
    desk.aws.s3.delete_object(Bucket=BUCKET, Key=f"imports/{world.northwind.id}/{begun['id']}")
    desk.work()
    assert (desk.state(begun)["status"], "not in the file store" in desk.state(begun)["error"]) == ("failed", True)


def test_a_store_that_is_down_is_tried_again_and_not_for_ever(
    world: World, desk: Desk, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = desk.begin(format="jsonl", content=lines(1))
    [message] = desk.aws.received("import_conversations")
    monkeypatch.setenv("UPLOADS_BUCKET", "nowhere")
    from sidedesk.platform import settings

    settings.cached.cache_clear()
    for attempt in range(importing.MOST_STALLS):
        assert desk.state(begun)["status"] in ("queued", "running"), attempt
        desk._importer.lambda_handler(sqs_event(message), Context(milliseconds=120_000))
    state = desk.state(begun)
    assert (state["status"], "tried 10 times" in state["error"]) == ("failed", True)
    dues = world.sql("SELECT payload->>'not_before' FROM outbox WHERE payload ? 'not_before' ORDER BY due_at")
    assert len(dues) == importing.MOST_STALLS - 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"format": "jsonl"},
        {"content": "x"},
        {"format": "xml", "content": "x"},
        {"format": "jsonl", "content": "x", "source": "audit"},
        {"source": "chatwoot"},
        {"source": "chatwoot", "from": "2026-11-01"},
        {"source": "chatwoot", "from": "2026-11-01", "to": "2026-11-02", "job_id": str(uuid4())},
        {"source": "audit"},
        {"source": "audit", "job_id": "x"},
        {"upload_id": str(uuid4()), "content": "x", "format": "json"},
        {"source": "chatwoot", "from": "2026-11-01", "to": "2026-11-02", "limit": 0},
    ],
)
def test_wishes_that_make_no_sense(desk: Desk, body: dict[str, Any]) -> None:
    reply = desk("POST", "/import", body=body)
    assert (reply.status, reply.json["code"]) == (400, "invalid_request"), reply.text


def test_wishes_that_cannot_be_met(world: World, desk: Desk) -> None:
    days = {"from": "2026-11-01", "to": "2026-11-02"}
    assert desk("POST", "/import", body={"source": "chatwoot", **days}).json["code"] == "not_connected"
    assert desk("POST", "/import", body={"source": "audit", "job_id": str(uuid4())}).status == 404
    assert desk("POST", "/import", body={"upload_id": str(uuid4())}).status == 404
    assert desk("POST", "/import", "viewer", body={"format": "csv", "content": "x"}).status == 403


def test_the_same_wish_twice_is_one_import(world: World, desk: Desk, files: Files) -> None:
    body = {"format": "jsonl", "content": lines(2)}
    both = [desk("POST", "/import", body=body, headers={"Idempotency-Key": "k"}).json["id"] for _ in range(2)]
    assert both[0] == both[1]
    assert len(desk.aws.received("import_conversations")) == 1


def test_an_import_is_its_tenants_own(world: World, desk: Desk, files: Files) -> None:
    begun = desk.begin(format="jsonl", content=lines(2))
    assert desk("GET", f"/imports/{begun['id']}", "contoso-owner").status == 404
    assert desk("GET", "/imports", "contoso-owner").json["data"] == []
    [message] = desk.aws.received("import_conversations")
    desk._importer.lambda_handler(
        sqs_event(message | {"tenant_id": str(world.contoso.id)}), Context(milliseconds=99_000)
    )
    assert (desk.state(begun)["status"], world.sql("SELECT count(*) FROM conversations")) == ("queued", [(0,)])


def test_a_dead_message_fails_its_import(world: World, desk: Desk, files: Files) -> None:
    begun = desk.begin(format="jsonl", content=lines(2))
    for _ in range(2):
        lifecycle.import_died(world.database, world.northwind.system, {"import_id": begun["id"]})
    assert (desk.state(begun)["status"], "given up" in desk.state(begun)["error"]) == ("failed", True)

"""Erase a person, take everything along: completely, provably, and only by the owner."""

import gzip
import json
from uuid import uuid4

from sidedesk.capabilities import ALL
from sidedesk.platform import audit_log, notifications, outbox, streams
from sidedesk.platform.notifications import Notice
from sidedesk.platform.outbox import Message
from tests.functional.platform.conftest import BUCKET, Aws
from tests.support.lambdas import Context, client, load_app, sqs_event
from tests.support.world import World

EMAIL = "ana.petrovic@northwind.example"


def leave_traces(world: World) -> None:
    scope = world.northwind.system
    mail = Message("mail", {"to": EMAIL, "subject": "Hello Ana", "text": f"for {EMAIL}"})
    with world.database.batch(scope) as batch:
        batch.values(*notifications.add([Notice(EMAIL, "test", "t", "b", "", "k")]))
        batch.run(*outbox.add(scope, [mail]))
        batch.run(
            "INSERT INTO dead_letters (tenant_id, queue, message_id, payload, reason, destination) "
            "VALUES (current_tenant(), 'mail', 'm', jsonb_build_object('to', %(email)s::text), 'r', 'mail')",
            {"email": EMAIL},
        )
        batch.run(
            "INSERT INTO idempotency_keys (tenant_id, actor, key, fingerprint, leased_until, response) "
            "VALUES (current_tenant(), 'a', 'k', 'f', now(), jsonb_build_object('body', %(email)s::text))",
            {"email": EMAIL},
        )


def everywhere(world: World, text: str) -> list[str]:
    """Every table that still holds this text, whatever column it is in."""
    tables = world.sql(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
    )
    return [
        name
        for (name,) in tables
        if world.sql(f"SELECT 1 FROM {name} t WHERE position(%s IN lower(t::text)) > 0 LIMIT 1", (text,))
    ]


def test_a_forgotten_person_is_nowhere_and_stays_out(world: World, cloud: Aws) -> None:
    leave_traces(world)
    assert len(everywhere(world, EMAIL)) >= 5
    call = client("platform/data_api")
    body = {"subject": EMAIL.upper()}
    assert call("POST", "/api/data/forget", body=body, token=world.northwind.tokens["admin"]).status == 403
    done = call("POST", "/api/data/forget", body=body, token=world.northwind.tokens["owner"])
    assert done.status == 200, done.text
    assert done.json["touched"]["platform.members"] == 1
    assert everywhere(world, EMAIL) == []
    live = client("platform/account_api")("GET", "/api/me", token=world.northwind.tokens["audited"])
    assert live.json["code"] == "membership_ended"
    [(metadata,)] = world.sql("SELECT metadata FROM audit_events WHERE event = 'data.forgotten'")
    assert len(metadata["subject_sha256"]) == 64
    again = call("POST", "/api/data/forget", body=body, token=world.northwind.tokens["owner"])
    assert again.json["touched"]["platform.members"] == 0


def test_only_within_the_own_tenant(world: World, cloud: Aws) -> None:
    call = client("platform/data_api")
    assert call("POST", "/api/data/forget", body={"subject": EMAIL}, token=world.contoso.tokens["owner"]).status == 200
    assert "members" in everywhere(world, EMAIL)


def test_the_last_owner_cannot_be_forgotten(world: World, cloud: Aws) -> None:
    body = {"subject": "owner@northwind.example"}
    reply = client("platform/data_api")("POST", "/api/data/forget", body=body, token=world.northwind.tokens["owner"])
    assert reply.json["code"] == "last_owner"


def run_export(cloud: Aws) -> None:
    app = load_app("platform/export_data")
    for message in cloud.received("export_data"):
        for _ in range(2):  # a second delivery changes nothing
            assert app.lambda_handler(sqs_event(message), Context())["batchItemFailures"] == []


def test_an_export_holds_everything_and_nothing_secret(world: World, cloud: Aws) -> None:
    leave_traces(world)
    call, owner = client("platform/data_api"), world.northwind.tokens["owner"]
    assert call("POST", "/api/data/export", token=world.northwind.tokens["admin"]).status == 403
    made = call("POST", "/api/data/export", token=owner, headers={"Idempotency-Key": "e"})
    assert made.status == 202, made.text
    assert made.json["status"] == "queued"
    assert call("POST", "/api/data/export", token=owner, headers={"Idempotency-Key": "e"}).json["id"] == made.json["id"]
    path = f"/api/data/exports/{made.json['id']}"
    run_export(cloud)
    shown = call("GET", path, token=owner).json
    assert shown["status"] == "completed"
    assert shown["url"]
    assert call("GET", path, token=world.contoso.tokens["owner"]).status == 404
    key = f"exports/{world.northwind.id}/{made.json['id']}.jsonl.gz"
    stored = cloud.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert len(stored) == shown["size"]
    text = gzip.decompress(stored).decode()
    lines = [json.loads(line) for line in text.splitlines()]
    assert len(lines) == shown["row_count"]
    tables = {line["table"] for line in lines if line["capability"] == "platform"}
    assert tables >= {"tenants", "members", "service_keys", "notifications", "audit_events", "dead_letters"}
    assert str(world.contoso.id) not in text
    assert "digest" not in text
    assert world.sql("SELECT count(*) FROM audit_events WHERE event = 'data.exported'") == [(1,)]


def test_a_whole_table_comes_in_pages_without_gaps(world: World) -> None:
    with world.database.batch(world.northwind.system) as batch:
        for n in range(25):
            batch.run(*audit_log.record("test", n=n))
    rows = list(streams.rows_of(world.database, world.northwind.system, "audit_events", ("timestamp", "id"), page=10))
    numbers = [row["metadata"].get("n") for _, row in rows if row["event"] == "test"]
    assert sorted(numbers) == list(range(25))


def test_every_capability_is_listed() -> None:
    from tests.support.lambdas import ROOT

    written = {path.parent.name for path in (ROOT / "shared/sidedesk").glob("*/lifecycle.py")}
    assert written == {capability.name for capability in ALL}


def test_an_export_of_nobody_is_not_there(world: World, cloud: Aws) -> None:
    call = client("platform/data_api")
    assert call("GET", f"/api/data/exports/{uuid4()}", token=world.northwind.tokens["owner"]).status == 404

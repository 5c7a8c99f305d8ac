"""Uploads: exactly what was announced, checked where its sender can no longer touch it."""

import pytest

from sidedesk.platform import housekeeping
from tests.functional.platform.conftest import BUCKET, Aws
from tests.support.lambdas import client
from tests.support.world import World

URL = "/api/uploads"
PDF = b"%PDF-1.7\nhello\n"


def begin(world: World, who: str = "member", **body: object) -> dict:
    wanted = {
        "purpose": "knowledge",
        "filename": "How to.pdf",
        "content_type": "application/pdf",
        "size": len(PDF),
    } | body
    reply = client("platform/uploads_api")("POST", URL, body=wanted, token=world.northwind.tokens[who])
    assert reply.status == 200, reply.text
    return reply.json


def complete(world: World, slot: dict, who: str = "member"):
    path = f"{URL}/{slot['upload_id']}/complete"
    return client("platform/uploads_api")("POST", path, token=world.northwind.tokens[who])


def place(cloud: Aws, world: World, slot: dict, content: bytes) -> None:
    cloud.s3.put_object(Bucket=BUCKET, Key=f"incoming/{world.northwind.id}/{slot['upload_id']}", Body=content)


def test_from_slot_to_download(world: World, cloud: Aws) -> None:
    slot = begin(world)
    assert slot["method"] == "PUT"
    assert "content-length" in slot["url"].lower()
    place(cloud, world, slot, PDF)
    for _ in range(2):
        done = complete(world, slot)
        assert (done.status, done.json["status"]) == (200, "complete")
    call = client("platform/uploads_api")
    shown = call("GET", f"{URL}/{slot['upload_id']}", token=world.northwind.tokens["member"]).json
    assert "attachment" in shown["url"]
    assert "storage_key" not in shown
    key = f"uploads/{world.northwind.id}/{slot['upload_id']}"
    assert cloud.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == PDF


def test_what_arrives_later_changes_nothing(world: World, cloud: Aws) -> None:
    slot = begin(world)
    place(cloud, world, slot, PDF)
    assert complete(world, slot).status == 200
    place(cloud, world, slot, b"MZ something else")
    key = f"uploads/{world.northwind.id}/{slot['upload_id']}"
    assert cloud.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == PDF


@pytest.mark.parametrize("content", [b"MZ\x90\x00 not a pdf", PDF + b"more", b"%PDF"])
def test_a_file_that_is_not_what_it_says_is_refused(world: World, cloud: Aws, content: bytes) -> None:
    slot = begin(world, size=len(PDF))
    place(cloud, world, slot, content[: len(PDF)] if content.startswith(b"MZ") else content)
    for _ in range(2):
        reply = complete(world, slot)
        assert (reply.status, reply.json["code"]) == (400, "upload_refused")
    assert cloud.s3.list_objects_v2(Bucket=BUCKET, Prefix="uploads/")["KeyCount"] == 0


def test_nothing_there_yet(world: World, cloud: Aws) -> None:
    reply = complete(world, begin(world))
    assert (reply.status, reply.json["code"]) == (409, "not_uploaded")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"content_type": "application/x-msdownload"}, 415),
        ({"size": 26 * 1024 * 1024}, 413),
        ({"size": 0}, 400),
        ({"filename": "../../etc/passwd"}, 400),
        ({"filename": "a\nb"}, 400),
        ({"purpose": "fun"}, 400),
    ],
)
def test_what_cannot_be_announced(world: World, cloud: Aws, change: dict, status: int) -> None:
    body = {"purpose": "knowledge", "filename": "a.pdf", "content_type": "application/pdf", "size": 10} | change
    reply = client("platform/uploads_api")("POST", URL, body=body, token=world.northwind.tokens["member"])
    assert reply.status == status


def test_mine_are_mine(world: World, cloud: Aws) -> None:
    slot = begin(world, "member")
    call, path = client("platform/uploads_api"), f"{URL}/{slot['upload_id']}"
    world.sql("UPDATE members SET role = 'member' WHERE email = 'viewer@northwind.example'")
    assert call("GET", path, token=world.contoso.tokens["owner"]).status == 404
    assert call("POST", path + "/complete", token=world.contoso.tokens["owner"]).status == 404
    assert call("GET", path, token=world.northwind.tokens["admin"]).status == 200
    assert call("GET", path, token=world.northwind.tokens["viewer"]).status == 403


def test_a_repeated_wish_is_the_same_upload_with_a_fresh_signature(world: World, cloud: Aws) -> None:
    call, token = client("platform/uploads_api"), world.northwind.tokens["member"]
    body = {"purpose": "knowledge", "filename": "a.pdf", "content_type": "application/pdf", "size": 10}
    slots = [call("POST", URL, body=body, token=token, headers={"Idempotency-Key": "k"}).json for _ in range(2)]
    assert slots[0]["upload_id"] == slots[1]["upload_id"]
    other = call("POST", URL, body=body | {"size": 11}, token=token, headers={"Idempotency-Key": "k"})
    assert other.status == 409


def test_stale_uploads_are_forgotten(world: World, cloud: Aws) -> None:
    slot = begin(world)
    world.sql("UPDATE uploads SET created_at = now() - interval '2 days'")
    begin(world)
    done = housekeeping.run(world.database)
    assert done["stale_uploads"] == 1
    assert done["partitioned_tables"] >= 1
    assert world.sql("SELECT count(*) FROM uploads WHERE id = %s", (slot["upload_id"],)) == [(0,)]

"""The files under `events/` that are about conversations, handed to the functions they are for."""

from __future__ import annotations

import json
from typing import Any

from tests.functional.conversations.conftest import Desk, Files
from tests.support import events
from tests.support.lambdas import Context, load_app
from tests.support.world import World

IMPORT = "7c1d9b52-8c35-4d0e-9f3a-51c2a7a0d604"
EXPORT = "1f0a6a1e-3f5d-4b0f-8f5e-92d3b7c4e805"


def send(world: World, function: str, name: str, who: str = "admin", **ids: str) -> Any:
    put = {
        events.TOKEN: f"Bearer {world.northwind.tokens[who]}",
        events.TENANT: str(world.northwind.id),
        IMPORT: ids.get("import_id", IMPORT),
        EXPORT: ids.get("export_id", EXPORT),
    }
    event = events.event(name, put)
    answer = load_app(f"conversations/{function}").lambda_handler(event, Context(milliseconds=120_000))
    return (answer["statusCode"], json.loads(answer["body"])) if "statusCode" in answer else answer


def test_store_import_look_and_export(world: World, desk: Desk, files: Files) -> None:
    status, stored = send(world, "conversations_api", "http/store-conversation")
    assert (status, stored["created"]) == (201, 1)
    status, begun = send(world, "conversations_api", "http/import-conversations")
    assert (status, begun["kind"]) == (202, "csv")
    done = send(world, "import_conversations", "sqs/import-conversations", import_id=begun["id"])
    assert (done, desk.state(begun)["created"]) == ({"batchItemFailures": []}, 1)
    status, listed = send(world, "conversations_api", "http/list-conversations")
    assert (status, [row["external_id"] for row in listed["data"]]) == (200, ["4711", "215470000000515"])
    status, export = send(world, "conversations_api", "http/export-conversations")
    assert (status, export["format"], export["wish"]["start"]) == (202, "openai", "2026-10-01")
    done = send(world, "export_conversations", "sqs/export-conversations", export_id=export["id"])
    assert done == {"batchItemFailures": []}
    assert desk("GET", f"/exports/{export['id']}", "admin").json["status"] == "completed"


def test_messages_about_nothing_are_done(world: World, desk: Desk, files: Files) -> None:
    assert send(world, "import_conversations", "sqs/import-conversations") == {"batchItemFailures": []}
    assert send(world, "export_conversations", "sqs/export-conversations") == {"batchItemFailures": []}

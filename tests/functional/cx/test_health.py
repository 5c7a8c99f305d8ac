"""Visits to Chatwoot, what people hear of them, and messages that no webhook told of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sidedesk.cx import visits
from sidedesk.platform import outbox
from tests.sandbox.conftest import Sandbox
from tests.support.cx import Cx, ago
from tests.support.lambdas import Context, client, load_app
from tests.support.world import World


@pytest.fixture
def cx(world: World, monkeypatch: pytest.MonkeyPatch) -> Cx:
    monkeypatch.setattr(outbox, "send_soon", lambda *_: None)
    return Cx(world)


def visit() -> Any:
    return load_app("cx/probe_chatwoot").lambda_handler({}, Context())


def shown(cx: Cx) -> Any:
    reply = client("cx/cx_api")("GET", "/api/cx/health", token=cx.tenant.tokens["member"])
    assert reply.status == 200, reply.text
    return reply.json


def notices(cx: Cx) -> list[tuple[Any, ...]]:
    return cx.world.sql("SELECT recipient, body FROM notifications WHERE kind = 'cx.chatwoot_down' ORDER BY recipient")


def test_without_a_chatwoot_it_says_what_to_do(cx: Cx) -> None:
    assert visit() == {"ok": 0, "failed": 0}
    found = shown(cx)
    assert (found["ok"], found["chatwoots"]) == (None, [])
    assert "Settings" in found["message"]


def test_a_healthy_chatwoot(cx: Cx, running_sandbox: Sandbox) -> None:
    running_sandbox.reset()
    cx.connect(f"{running_sandbox.base}/chatwoot")
    assert shown(cx)["message"].startswith("The first visit")
    assert visit() == {"ok": 1, "failed": 0}
    [one] = shown(cx)["chatwoots"]
    assert (one["probe"]["ok"], one["up_percent_24h"], one["sweep"]) == (True, 100.0, None)
    assert {check["name"] for check in one["probe"]["checks"]} >= {"version", "account"}
    assert notices(cx) == []


def test_who_is_told_when_it_breaks_and_only_once(
    cx: Cx, running_sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    running_sandbox.reset()
    cx.connect(f"{running_sandbox.base}/chatwoot")
    visit()
    cx.world.sql("UPDATE integrations SET base_url = 'http://127.0.0.1:9/chatwoot'")
    capsys.readouterr()
    assert visit() == {"ok": 0, "failed": 1}
    assert '"ChatwootProbeFailed":[1.0]' in capsys.readouterr().out.replace(" ", "")
    visit()
    assert "ChatwootProbeFailed" not in capsys.readouterr().out
    assert [recipient for recipient, _ in notices(cx)] == ["admin@northwind.example", "owner@northwind.example"]
    assert "not lost" in notices(cx)[0][1]
    found = shown(cx)
    assert (found["ok"], found["chatwoots"][0]["visits_24h"], found["chatwoots"][0]["up_percent_24h"]) == (
        False,
        3,
        33.3,
    )
    # Well again, and then not: that is news.
    cx.world.sql("UPDATE integrations SET base_url = %s", (f"{running_sandbox.base}/chatwoot",))
    visit()
    cx.world.sql("UPDATE integrations SET base_url = 'http://127.0.0.1:9/chatwoot'")
    visit()
    assert len(notices(cx)) == 4
    mails = cx.world.sql("SELECT count(*) FROM outbox WHERE destination = 'mail'")
    assert mails == [(4,)]


def test_two_visits_at_once_tell_once(cx: Cx) -> None:
    """The same break kept twice, as overlapping ticks would."""
    cx.connect("http://127.0.0.1:9/chatwoot")
    [found] = visits.integrations.connections(cx.world.database, cx.tenant.system, "chatwoot")
    at = visits.Visit(cx.tenant.id, found)
    visits.keep(cx.world.database, at, visits._failed("down") | {"checked_at": ago(seconds=2)}, public_url="http://x")
    cx.world.sql("UPDATE cx_probes SET ok = true, probed_at = now() - interval '1 hour'")
    for _ in range(2):
        visits.keep(cx.world.database, at, visits._failed("down"), public_url="http://x")
        cx.world.sql("DELETE FROM cx_probes WHERE NOT ok")  # neither saw the other's
    assert len(notices(cx)) == 4  # two admins, two breaks


def test_a_wrong_token_and_an_incomplete_integration_are_outcomes(cx: Cx, running_sandbox: Sandbox) -> None:
    running_sandbox.reset()
    cx.connect(f"{running_sandbox.base}/chatwoot", token="wrong")
    other = Cx(cx.world, cx.world.contoso)
    other.connect(f"{running_sandbox.base}/chatwoot")
    cx.world.sql("UPDATE integrations SET config = '{}' WHERE id = %s", (other.integration,))
    assert visit() == {"ok": 0, "failed": 2}
    assert "token" in shown(cx)["message"]
    assert "Check the integration" in shown(other)["message"]


def test_trouble_of_ours_fails_aloud_after_the_others(
    cx: Cx, running_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    running_sandbox.reset()
    cx.connect(f"{running_sandbox.base}/chatwoot")
    other = Cx(cx.world, cx.world.contoso)
    other.connect(f"{running_sandbox.base}/chatwoot")
    kept = visits.keep

    def broken(database: Any, which: visits.Visit, *rest: Any, **options: Any) -> None:
        if which.tenant_id == cx.tenant.id:
            raise RuntimeError("broken")
        kept(database, which, *rest, **options)

    monkeypatch.setattr(visits, "keep", broken)
    with pytest.raises(RuntimeError, match="1 organisations"):
        visit()
    assert shown(other)["ok"] is True


def test_old_visits_are_forgotten(cx: Cx, running_sandbox: Sandbox) -> None:
    running_sandbox.reset()
    cx.connect(f"{running_sandbox.base}/chatwoot")
    cx.insert("cx_probes", integration_id=cx.integration, ok=True, result={}, probed_at=ago(days=15))
    visit()
    assert cx.world.sql("SELECT count(*) FROM cx_probes") == [(1,)]


def test_the_last_sweep_is_shown(cx: Cx) -> None:
    cx.connect("http://127.0.0.1:9/chatwoot")
    for hours, missed in ((2, 0), (1, 3)):
        cx.insert(
            "cx_sweeps", integration_id=cx.integration, since=ago(hours=hours + 1), started_at=ago(hours=hours), finished_at=ago(hours=hours),
            conversations=4, messages=9, missed=missed,
        )  # fmt: skip
    assert shown(cx)["chatwoots"][0]["sweep"]["missed"] == 3


def test_missed_messages_are_those_of_the_time_with_webhooks(cx: Cx) -> None:
    cx.connect("http://127.0.0.1:9/chatwoot")
    which = cx.conversation()
    unseen = {"told": False, "found_by": "sweep"}
    cx.message(which, "history", written_at=ago(days=9), received_at=ago(hours=1), **unseen)
    cx.message(which, "told", written_at=ago(days=2), received_at=ago(days=2))
    lost = [
        cx.message(which, f"lost {n}", written_at=ago(hours=9 - n), received_at=ago(minutes=9 - n), **unseen)
        for n in range(5)
    ]
    cx.message(which, "agent", direction="outgoing", written_at=ago(hours=1), **unseen)
    call = client("cx/cx_api")
    token = cx.tenant.tokens["member"]
    first = call("GET", "/api/cx/missed?limit=3", token=token).json
    rest = call("GET", f"/api/cx/missed?limit=3&cursor={first['next_cursor']}", token=token).json
    assert [one["message_id"] for one in first["data"] + rest["data"]] == lost[::-1]
    assert rest["next_cursor"] is None
    assert first["data"][0]["text"] == "lost 4"
    recent = call("GET", "/api/cx/missed", token=token, headers={}).json["data"]
    since = json.dumps(recent[1]["received_at"]).strip('"').replace("+", "%2B")
    assert len(call("GET", f"/api/cx/missed?since={since}", token=token).json["data"]) == 2
    assert call("GET", "/api/cx/missed", token=cx.world.contoso.tokens["member"]).json["data"] == []


def test_without_any_webhook_nothing_was_missed(cx: Cx) -> None:
    cx.connect("http://127.0.0.1:9/chatwoot")
    cx.message(cx.conversation(), told=False, found_by="sweep")
    assert client("cx/cx_api")("GET", "/api/cx/missed", token=cx.tenant.tokens["member"]).json["data"] == []

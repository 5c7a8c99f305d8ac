"""What a run would take, said before it starts."""

from typing import Any

import pytest

from sidedesk.audits import estimate
from tests.support.audits import Audits


@pytest.fixture
def chats(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What Intercom would count; the client itself is tested against the sandbox."""
    told: dict[str, Any] = {"count": 400}
    monkeypatch.setattr(estimate, "_conversations", lambda *_: (told["count"], "counted by Intercom, noise included"))
    return told


def ask(audits: Audits, **changes: Any) -> Any:
    ids = audits.people(3)
    body = {
        "scorecard_id": audits.scorecard(),
        "start_date": "2026-10-01",
        "end_date": "2026-10-07",
        "intercom_admin_ids": ids,
    }
    return audits.jobs(
        "POST", "/api/massive-ai-audit/estimate", body=body | changes, token=audits.tenant.tokens["member"]
    )


def connect_model(audits: Audits) -> None:
    audits.world.sql(
        "INSERT INTO integrations (tenant_id, kind, name, base_url) VALUES (%s, 'openai', 'model', 'http://127.0.0.1:9/v1')",
        (audits.tenant.id,),
    )


def test_an_estimate_names_time_tokens_and_money(audits: Audits, chats: dict[str, Any]) -> None:
    connect_model(audits)
    reply = ask(audits)
    assert reply.status == 200, reply.text
    told = reply.json
    assert (told["agents"], told["days"], told["trigger_seconds"], told["conversations"]) == (3, 7, 6, 400)
    assert (told["tokens"], told["tokens_basis"]) == (1_680_000, "typical, until your own audits were measured")
    # gpt-4o-mini: 400 × (3500 × 0.15 + 700 × 0.60) / 1e6
    assert (told["cost_usd"], told["cost_high_usd"], told["refusals"]) == (0.378, 0.567, [])
    assert audits.world.sql("SELECT count(*) FROM massive_ai_audit_jobs") == [(0,)]


def test_money_that_is_not_there_is_said_before(audits: Audits, chats: dict[str, Any]) -> None:
    connect_model(audits)
    audits.world.sql("UPDATE tenants SET month_cap_usd = 0.2")
    refusals = ask(audits, max_cost_usd=0.1).json["refusals"]
    assert len(refusals) == 2
    assert "monthly cap of $0.20" in refusals[0]


def test_what_nobody_knows_is_null_with_its_reason(audits: Audits) -> None:
    told = ask(audits).json
    assert (told["conversations"], told["tokens"], told["cost_usd"]) == (None, None, None)
    assert "Intercom is not connected" in told["conversations_basis"]


def test_what_a_start_refuses_an_estimate_refuses(audits: Audits, chats: dict[str, Any]) -> None:
    assert ask(audits, end_date="2026-09-01").json["code"] == "invalid_range"

"""Settings: defaults, partial changes, bounds, and two people at once."""

from datetime import UTC, datetime

import pytest

from sidedesk.platform.tenant_options import tenant_options
from tests.support.lambdas import client
from tests.support.world import World

URL = "/api/settings"


def test_everybody_reads_defaults_and_only_admins_change(world: World) -> None:
    call = client("platform/admin_api")
    reply = call("GET", URL, token=world.northwind.tokens["viewer"])
    assert reply.status == 200
    assert reply.json["limits"]["agents_per_run"] == 500
    assert reply.json["limits"]["pacing_seconds"] == 2
    assert reply.json["flags"] == {"AI_CUSTOMER_DRAFT_ENABLED": False}
    assert reply.json["spend"] == {"month_cap_usd": 100.0, "month_spent_usd": 0.0}
    refused = call("PUT", URL, body={"version": 1, "name": "Mine"}, token=world.northwind.tokens["member"])
    assert refused.status == 403


def test_a_change_is_partial_and_live(world: World) -> None:
    call = client("platform/admin_api")
    body = {
        "version": 1, "timezone": "America/New_York", "limits": {"range_days": 30}, "spend": {"month_cap_usd": 12.5},
        "flags": {"AI_CUSTOMER_DRAFT_ENABLED": True}, "attribution": "main_author",
        "models": {"audit.judge": "gpt-4o", "cx": {"provider": "Local", "model": "small"}},
    }  # fmt: skip
    changed = call("PUT", URL, body=body, token=world.northwind.tokens["admin"]).json
    assert changed["version"] == 2
    assert changed["name"] == "Northwind"
    assert changed["limits"]["range_days"] == 30
    assert changed["limits"]["agents_per_run"] == 500
    options = tenant_options(world.database, world.northwind.system)
    assert options.flags.AI_CUSTOMER_DRAFT_ENABLED is True
    assert options.options.attribution == "main_author"
    assert str(options.zone) == "America/New_York"
    assert tenant_options(world.database, world.contoso.system).flags.AI_CUSTOMER_DRAFT_ENABLED is False
    events = world.sql("SELECT event, user_id FROM audit_events WHERE event = 'settings.changed'")
    assert events == [("settings.changed", world.northwind.users["admin"].user_id)]


def test_what_is_decided_about_replies_is_changed_piece_by_piece(world: World) -> None:
    call = client("platform/admin_api")
    token = world.northwind.tokens["admin"]
    before = call("GET", URL, token=token).json["cx"]
    assert (before["debounce_seconds"], before["sla_minutes"], before["evidence_threshold"]) == (8, 15, 0.32)
    assert before["business_hours"]["week"]["mon"] == [{"start": "09:00", "end": "17:00"}]
    assert before["business_hours"]["week"]["sun"] == []
    hours = {"week": {"sat": [{"start": "10:00", "end": "14:00"}]}, "country": "DE", "region": "BY"}
    first = {"version": 1, "cx": {"business_hours": hours, "brand_phrases": {"avoid": ["cheap"]}, "four_eyes": True}}
    assert call("PUT", URL, body=first, token=token).status == 200
    second = {"version": 2, "attribution": "participant", "cx": {"debounce_seconds": 0, "signature": "Your Northwind"}}
    assert call("PUT", URL, body=second, token=token).status == 200
    assert call("PUT", URL, body={"version": 3, "name": "North"}, token=token).status == 200
    found = tenant_options(world.database, world.northwind.system)
    cx = found.options.cx
    assert (cx.debounce_seconds, cx.signature, cx.four_eyes, cx.learning) == (0, "Your Northwind", True, True)
    assert (cx.brand_phrases.use, cx.brand_phrases.avoid) == ([], ["cheap"])
    assert cx.business_hours.week.mon == [] and cx.business_hours.week.sat[0].start == "10:00"
    assert found.options.attribution == "participant"
    saturday = datetime(2026, 6, 20, 9, 0, tzinfo=UTC)  # eleven in Berlin
    assert cx.business_hours.calendar(found.zone).is_open(saturday)
    assert tenant_options(world.database, world.contoso.system).options.cx.debounce_seconds == 8


def test_the_second_of_two_changes_is_told(world: World) -> None:
    call = client("platform/admin_api")
    token = world.northwind.tokens["admin"]
    assert call("PUT", URL, body={"version": 1, "name": "First"}, token=token).status == 200
    late = call("PUT", URL, body={"version": 1, "name": "Second"}, token=token)
    assert (late.status, late.json["code"]) == (409, "version_conflict")
    assert call("GET", URL, token=token).json["name"] == "First"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"timezone": "Europe"}, "timezone"),
        ({"limits": {"range_days": 0}}, "limits.range_days"),
        ({"limits": {"range_days": "30"}}, "limits.range_days"),
        ({"limits": {"range_days": 1.5}}, "limits.range_days"),
        ({"limits": {"unheard_of": 1}}, "limits.unheard_of"),
        ({"spend": {"month_cap_usd": -1}}, "spend.month_cap_usd"),
        ({"spend": {"month_spent_usd": 0}}, "spend.month_spent_usd"),
        ({"flags": {"AI_CUSTOMER_DRAFT_ENABLED": "yes"}}, "flags.AI_CUSTOMER_DRAFT_ENABLED"),
        ({"flags": {"SOMETHING": True}}, "flags.SOMETHING"),
        ({"audit_engine": "magic"}, "audit_engine"),
        ({"locale": "English"}, "locale"),
        ({"name": " "}, "name"),
        ({"tenant_id": "x"}, "tenant_id"),
        ({"cx": {"debounce_seconds": 121}}, "cx.debounce_seconds"),
        ({"cx": {"debounce_seconds": True}}, "cx.debounce_seconds"),
        ({"cx": {"evidence_threshold": 1.5}}, "cx.evidence_threshold"),
        ({"cx": {"allowed_link_hosts": ["https://northwind.example/"]}}, "cx.allowed_link_hosts.0"),
        ({"cx": {"brand_phrases": {"must": []}}}, "cx.brand_phrases.must"),
        ({"cx": {"business_hours": {"week": {}}}}, "cx.business_hours.week"),
        ({"cx": {"business_hours": {"timezone": "Mars/Olympus"}}}, "cx.business_hours"),
        ({"cx": {"business_hours": {"country": "DE", "region": "QQ"}}}, "cx.business_hours"),
        ({"cx": {"business_hours": {"closed_on": ["tomorrow"]}}}, "cx.business_hours.closed_on"),
        ({"cx": {"unheard_of": 1}}, "cx.unheard_of"),
    ],
)
def test_what_is_wrong_is_named(world: World, change: dict, field: str) -> None:
    reply = client("platform/admin_api")(
        "PUT", URL, body={"version": 1, **change}, token=world.northwind.tokens["admin"]
    )
    assert reply.status == 400
    assert field in [detail["field"] for detail in reply.json["details"]]


def test_usage_shows_cap_spending_and_what_on(world: World) -> None:
    world.sql(
        "INSERT INTO ai_usage (id, tenant_id, purpose, provider, model, unit, quantity_in, quantity_out, cost_usd, request_id, basis) "
        "VALUES (gen_random_uuid(), %s, 'audit.judge', 'OpenAI', 'gpt-4o-mini', 'tokens', 900, 100, 0.25, 'r', 'measured')",
        (world.northwind.id,),
    )
    world.sql(
        "INSERT INTO ai_budgets (tenant_id, subject, settled_usd, reserved_usd) "
        "VALUES (%s, 'month:' || to_char(now() AT TIME ZONE 'Europe/Berlin', 'YYYY-MM'), 0.25, 0.5)",
        (world.northwind.id,),
    )
    call = client("platform/admin_api")
    usage = call("GET", "/api/usage", token=world.northwind.tokens["member"]).json
    assert (usage["cap_usd"], usage["spent_usd"], usage["reserved_usd"]) == (100, 0.25, 0.5)
    assert usage["by_purpose"][0] | {"provider": ""} == {
        "purpose": "audit.judge", "provider": "", "model": "gpt-4o-mini", "unit": "tokens", "quantity": 1000, "calls": 1, "cost_usd": 0.25,
    }  # fmt: skip
    assert call("GET", "/api/usage", token=world.contoso.tokens["member"]).json["by_purpose"] == []
    assert call("GET", "/api/usage", token=world.northwind.tokens["viewer"]).status == 403
    assert call("GET", URL, token=world.northwind.tokens["viewer"]).json["spend"]["month_spent_usd"] == 0.25

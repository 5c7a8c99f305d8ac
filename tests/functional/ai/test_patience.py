"""Time, retries and the breaker: never longer than there is, never more often than helps."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import BaseModel

from sidedesk.ai import calls, errors, ledger, transport
from sidedesk.ai.calls import RetryBudget
from sidedesk.ai.gateway import Deadline, Gateway
from sidedesk.platform import outbound
from sidedesk.platform.settings import StageSettings, cached
from tests.support import model_server as say
from tests.support.model_server import ModelServer, Reply
from tests.support.world import World

Make = Callable[..., Gateway]


class Verdict(BaseModel):
    score: int


def ask(gateway: Gateway) -> Any:
    return gateway.structured("test.judge", Verdict, values={"name": "Ana"}, data={"transcript": "Hello there."})


GOOD = say.completion({"score": 1})


def usage_bases(world: World) -> list[str]:
    return [row[0] for row in world.sql("SELECT basis FROM ai_usage ORDER BY at")]


def test_retry_after_is_honoured(world: World, server: ModelServer, gateway: Make) -> None:
    server.will(say.error(429, retry_after_ms="300"), GOOD)
    started = time.monotonic()
    ask(gateway())
    assert time.monotonic() - started >= 0.3
    assert usage_bases(world) == ["measured"], "a call that was turned away costs nothing"


def test_a_date_works_too(server: ModelServer, gateway: Make) -> None:
    server.will(
        say.error(503, retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)), GOOD
    )
    started = time.monotonic()
    ask(gateway())
    assert 0.9 <= time.monotonic() - started < 4


def test_a_wait_longer_than_the_time_left_is_handed_to_the_caller(server: ModelServer, gateway: Make) -> None:
    server.will(say.error(429, retry_after="100"))
    started = time.monotonic()
    with pytest.raises(errors.ProviderBusy) as caught:
        ask(gateway(seconds=20))
    assert caught.value.retry_after == 100 and time.monotonic() - started < 2
    assert len(server.requests) == 1


def test_at_most_the_configured_attempts(world: World, server: ModelServer, gateway: Make) -> None:
    server.always = lambda _: say.error(500)
    with pytest.raises(errors.ProviderDown):
        ask(gateway())
    assert len(server.requests) == 3 and usage_bases(world) == ["assumed"] * 3


def test_a_silent_server_is_left_in_time(world: World, server: ModelServer, gateway: Make) -> None:
    server.will(Reply(200, b"{}", delay=20))
    started = time.monotonic()
    with pytest.raises(errors.ProviderDown):
        ask(gateway(seconds=3.5))
    assert time.monotonic() - started < 3
    assert len(server.requests) == 1 and usage_bases(world) == ["assumed"]


def test_a_dripping_server_is_cut_off(world: World, server: ModelServer, gateway: Make) -> None:
    slow = Reply(200, GOOD.body, {"content-type": "application/json"}, drip=0.05)
    server.will(slow)
    started = time.monotonic()
    with pytest.raises((errors.ProviderDown, errors.OutOfTime)):
        ask(gateway(seconds=4))
    assert time.monotonic() - started < 4 and usage_bases(world) == ["assumed"]


def test_no_call_begins_without_time_for_it(world: World, server: ModelServer, gateway: Make) -> None:
    with pytest.raises(errors.OutOfTime):
        ask(gateway(seconds=1))
    assert server.requests == [] and world.sql("SELECT count(*) FROM ai_reservations") == [(0,)]


def test_nobody_there_costs_nothing(world: World, server: ModelServer, gateway: Make, connect: Any) -> None:
    connect(base_url="http://127.0.0.1:9/v1")
    with pytest.raises(errors.ProviderDown):
        ask(gateway())
    assert usage_bases(world) == []


def test_a_private_address_is_not_called_outside_the_laptop(
    server: ModelServer, gateway: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGE", "prod")
    cached.cache_clear()
    assert cached(StageSettings).stage == "prod"
    with pytest.raises(outbound.PrivateAddress):
        ask(gateway())
    assert server.requests == []


def test_the_breaker_opens_for_everybody_and_one_call_tries_again(
    world: World, server: ModelServer, gateway: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "BREAKER_PAUSE_SECONDS", 1)
    server.always = lambda _: say.error(500)
    for _ in range(2):
        with pytest.raises(errors.ProviderDown):
            ask(gateway())
    # The fifth failure opened it; the sixth call was already refused.
    assert len(server.requests) == 5
    started = time.monotonic()
    with pytest.raises(errors.ProviderDown) as caught:
        ask(gateway())
    assert len(server.requests) == 5 and time.monotonic() - started < 0.5 and caught.value.retry_after == 1
    time.sleep(1.05)
    order = _order()
    scope = world.northwind.system
    probe = ledger.reserve(world.database, scope, order, 5)
    with pytest.raises(errors.ProviderDown):
        ledger.reserve(world.database, scope, order, 5)
    ledger.release(world.database, scope, probe, order, "up")
    server.always = lambda _: GOOD
    assert ask(gateway()).value.score == 1
    assert world.sql("SELECT count(*) FROM ai_breakers") == [(0,)]


def test_a_failed_probe_keeps_it_open_longer(world: World, server: ModelServer) -> None:
    scope, order = world.northwind.system, _order()
    for _ in range(ledger.BREAKER_THRESHOLD):
        reservation = ledger.reserve(world.database, scope, order, 5)
        ledger.release(world.database, scope, reservation, order, "down")
    world.sql("UPDATE ai_breakers SET open_until = now(), last_failure_at = now() - interval '10 minutes'")
    probe = ledger.reserve(world.database, scope, order, 5)
    ledger.release(world.database, scope, probe, order, "down")
    with pytest.raises(errors.ProviderDown) as caught:
        ledger.reserve(world.database, scope, order, 5)
    assert 25 <= (caught.value.retry_after or 0) <= 30, "twice the first pause"


def test_another_tenants_breaker_is_its_own(world: World, server: ModelServer) -> None:
    order = _order()
    for _ in range(ledger.BREAKER_THRESHOLD):
        reservation = ledger.reserve(world.database, world.contoso.system, order, 5)
        ledger.release(world.database, world.contoso.system, reservation, order, "down")
    assert ledger.reserve(world.database, world.northwind.system, order, 5)


def test_the_retry_budget_runs_dry_when_most_calls_fail() -> None:
    budget = RetryBudget()
    retries = 0
    for _ in range(200):
        budget.earn()
        retries += budget.spend()
    assert retries <= 200 * RetryBudget.SHARE + RetryBudget.MOST


def test_waits_are_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    assert calls.LONGEST_WAIT_SECONDS <= 8
    assert transport._retry_after({"retry-after": "nan"}) is None
    assert transport._retry_after({"retry-after": "-3"}) is None
    assert transport._retry_after({"retry-after": "2"}) == 2
    assert Deadline(10).within(3).left() <= 3 and Deadline(2).within(None).left() <= 2


def _order() -> ledger.Order:
    from decimal import Decimal

    from sidedesk.ai import prices

    return ledger.Order(
        "test.judge", "Model", "gpt-4o-mini", prices.find("gpt-4o-mini", "tokens"), Decimal(1000), Decimal(100)
    )

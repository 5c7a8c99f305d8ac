"""Money in escrow on the real database: settled + reserved never passes a cap, whoever dies."""

from __future__ import annotations

import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from uuid import UUID, uuid4

import psycopg
import pytest

from sidedesk.ai import errors, ledger, prices
from sidedesk.ai.answers import Usage
from sidedesk.ai.ledger import Order
from sidedesk.platform.db import Database
from tests.support.world import World

WORKERS = 50
ORDER = Order("test.judge", "Model", "gpt-4o-mini", prices.find("gpt-4o-mini", "tokens"), Decimal(8000), Decimal(1000))
WORST = ORDER.worst_case_usd  # 0.0018


def budgets(world: World, subject: str) -> tuple[Decimal, Decimal]:
    return world.sql("SELECT settled_usd, reserved_usd FROM ai_budgets WHERE subject LIKE %s", (subject,))[0]  # type: ignore[return-value]


def books_balance(world: World) -> None:
    """Every counter equals the rows behind it."""
    rows = world.sql(
        """SELECT b.subject, b.settled_usd, b.reserved_usd,
                  (SELECT coalesce(sum(u.cost_usd), 0) FROM ai_usage u WHERE u.tenant_id = b.tenant_id AND (b.subject LIKE 'month:%%' OR b.subject = 'job:' || u.job_id)),
                  (SELECT coalesce(sum(r.amount_usd), 0) FROM ai_reservations r WHERE r.tenant_id = b.tenant_id AND (b.subject = r.month OR b.subject = 'job:' || r.job_id))
             FROM ai_budgets b""", ()
    )  # fmt: skip
    assert rows
    for subject, settled, reserved, used, held in rows:
        assert (settled, reserved) == (used, held), subject


class Watcher:
    """Looks at the budgets all the time, as another session would."""

    def __init__(self, world: World, job_id: UUID, job_cap: Decimal, month_cap: Decimal) -> None:
        self._url, self._caps = world.owner_url, {f"job:{job_id}": job_cap, "month": month_cap}
        self._stop = threading.Event()
        self.looks, self.highest, self.breaches = 0, Decimal(0), []
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._stop.is_set():
                for subject, taken in connection.execute("SELECT subject, settled_usd + reserved_usd FROM ai_budgets"):
                    cap = self._caps["month" if subject.startswith("month") else subject]
                    self.highest = max(self.highest, taken)
                    if taken > cap:
                        self.breaches.append((subject, taken, cap))
                self.looks += 1
                time.sleep(0.002)


@pytest.mark.parametrize(("job_cap", "month_cap", "kind"), [("0.60", "100", "job"), ("100", "0.60", "month")])
def test_fifty_workers_and_crashes_never_pass_the_cap(world: World, job_cap: str, month_cap: str, kind: str) -> None:
    job_id, scope = uuid4(), world.northwind.system
    world.database.run(scope, *ledger.set_job_cap(job_id, Decimal(job_cap)))
    world.sql("UPDATE tenants SET month_cap_usd = %s WHERE id = %s", (month_cap, world.northwind.id))
    order = replace(ORDER, job_id=job_id)
    refusals: list[errors.CapReached] = []
    reserved_ms: list[float] = []
    abandoned = settled = 0
    lock = threading.Lock()

    def worker(seed: int) -> None:
        nonlocal abandoned, settled
        dice = random.Random(seed)
        database = Database(lambda: world.app_url)
        try:
            while True:
                started = time.perf_counter()
                try:
                    reservation = ledger.reserve(database, scope, order, 5)
                except errors.CapReached as refusal:
                    refusals.append(refusal)
                    return
                reserved_ms.append((time.perf_counter() - started) * 1000)
                time.sleep(dice.random() * 0.01)
                fate = dice.random()
                if fate < 0.05:
                    with lock:
                        abandoned += 1  # killed between reserve and settle; its connection dies with it
                    database.close()
                elif fate < 0.15:
                    ledger.release(database, scope, reservation, order, "unknown")
                elif fate < 0.2:
                    ledger.assume(database, scope, reservation, order, None, "unknown")
                else:
                    used = Usage("tokens", Decimal(dice.randint(500, 8000)), Decimal(dice.randint(10, 1000)))
                    ledger.settle(database, scope, reservation, order, used, "req")
                    with lock:
                        settled += 1
        finally:
            database.close()

    started = time.perf_counter()
    with Watcher(world, job_id, Decimal(job_cap), Decimal(month_cap)) as watcher, ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(worker, range(WORKERS)))
    seconds = time.perf_counter() - started

    assert watcher.breaches == [] and watcher.looks > 20
    assert len(refusals) == WORKERS and {refusal.kind for refusal in refusals} == {kind}
    assert settled > 100 and abandoned > 0
    books_balance(world)
    left = Decimal("0.60") - sum(budgets(world, f"{kind}:%"))
    assert 0 <= left < WORST, "the cap was used up to the last call that fits"

    # What the dead left behind becomes spent when its time is over, and stays within the cap.
    before = sum(budgets(world, f"{kind}:%"))
    world.sql("UPDATE ai_reservations SET expires_at = now() - interval '1 second'")
    assert ledger.sweep(world.database) == abandoned and ledger.sweep(world.database) == 0
    assert sum(budgets(world, f"{kind}:%")) == before and budgets(world, f"{kind}:%")[1] == 0
    assert world.sql("SELECT count(*) FROM ai_usage WHERE basis = 'assumed'")[0][0] >= abandoned
    books_balance(world)
    reserved_ms.sort()
    print(
        f"\n{kind} cap: {len(reserved_ms)} reservations by {WORKERS} workers in {seconds:.1f} s ({os.cpu_count()} cores), "
        f"reserve p50 {reserved_ms[len(reserved_ms) // 2]:.1f} ms, p99 {reserved_ms[int(len(reserved_ms) * 0.99)]:.1f} ms, "
        f"{settled} settled, {abandoned} abandoned, looked {watcher.looks} times, highest {watcher.highest}"
    )


def test_raising_the_cap_lets_the_job_go_on(world: World) -> None:
    job_id, scope = uuid4(), world.northwind.system
    order = replace(ORDER, job_id=job_id)
    world.database.run(scope, *ledger.set_job_cap(job_id, Decimal("0.0018")))
    first = ledger.reserve(world.database, scope, order, 5)
    with pytest.raises(errors.CapReached) as caught:
        ledger.reserve(world.database, scope, order, 5)
    assert (caught.value.kind, caught.value.cap_usd, caught.value.taken_usd) == ("job", Decimal("0.0018"), WORST)
    assert caught.value.code == "spend_cap"
    world.database.run(scope, *ledger.set_job_cap(job_id, Decimal("0.01")))
    assert ledger.reserve(world.database, scope, order, 5)
    ledger.settle(world.database, scope, first, order, Usage("tokens", Decimal(100), Decimal(10)), "r")
    budget = ledger.job_budget(world.database, scope, job_id)
    assert budget.reserved_usd == WORST and budget.left_usd == Decimal("0.01") - WORST - budget.settled_usd


def test_settling_twice_counts_once(world: World) -> None:
    scope = world.northwind.system
    reservation = ledger.reserve(world.database, scope, ORDER, 5)
    used = Usage("tokens", Decimal(1000), Decimal(100))
    ledger.settle(world.database, scope, reservation, ORDER, used, "r")
    ledger.settle(world.database, scope, reservation, ORDER, used, "r")
    ledger.release(world.database, scope, reservation, ORDER, "unknown")
    assert world.sql("SELECT count(*) FROM ai_usage") == [(1,)]
    books_balance(world)


def test_a_call_that_outlived_its_lease_is_not_counted_twice(world: World) -> None:
    scope = world.northwind.system
    reservation = ledger.reserve(world.database, scope, ORDER, 5)
    world.sql("UPDATE ai_reservations SET expires_at = now() - interval '1 second'")
    assert ledger.sweep(world.database) == 1
    ledger.settle(world.database, scope, reservation, ORDER, Usage("tokens", Decimal(10), Decimal(1)), "r")
    assert world.sql("SELECT basis, cost_usd FROM ai_usage") == [("assumed", WORST)]


def test_a_call_dearer_than_reserved_is_recorded_as_it_was(world: World) -> None:
    scope = world.northwind.system
    reservation = ledger.reserve(world.database, scope, ORDER, 5)
    cost = ledger.settle(world.database, scope, reservation, ORDER, Usage("tokens", Decimal(9000), Decimal(9000)), "r")
    assert cost > WORST and ledger.month_budget(world.database, scope).settled_usd == cost


def test_tenants_do_not_see_or_end_each_others_calls(world: World) -> None:
    reservation = ledger.reserve(world.database, world.northwind.system, ORDER, 5)
    ledger.release(world.database, world.contoso.system, reservation, ORDER, "unknown")
    assert world.sql("SELECT count(*) FROM ai_reservations") == [(1,)]
    assert ledger.month_budget(world.database, world.contoso.system).reserved_usd == 0


def test_a_month_is_the_tenants_own(world: World) -> None:
    world.sql("UPDATE tenants SET timezone = 'Pacific/Kiritimati'")
    ledger.reserve(world.database, world.northwind.system, ORDER, 5)
    expected = world.sql("SELECT to_char(now() AT TIME ZONE 'Pacific/Kiritimati', 'YYYY-MM')")[0][0]
    assert world.sql("SELECT subject FROM ai_budgets") == [(f"month:{expected}",)]


def test_export_names_no_person(world: World) -> None:
    scope = world.northwind.system
    reservation = ledger.reserve(world.database, scope, ORDER, 5)
    ledger.settle(world.database, scope, reservation, ORDER, Usage("tokens", Decimal(10), Decimal(1)), "r")
    ((name, row),) = ledger.export(world.database, scope)
    assert name == "ai_usage" and row["purpose"] == "test.judge" and not {"user_id", "email"} & set(row)
    assert list(ledger.export(world.database, world.contoso.system)) == []

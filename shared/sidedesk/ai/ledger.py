"""Money in escrow: reserve the worst case before a call leaves, settle what it really cost after.

A call whose worker died stays reserved, and becomes spent when its time is over: what may have been billed is never forgotten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID, uuid4

from sidedesk.ai.answers import Unit, Usage
from sidedesk.ai.errors import CapReached, ProviderDown
from sidedesk.ai.prices import Price
from sidedesk.platform.db import Database
from sidedesk.platform.observability import count, logger
from sidedesk.platform.queries import load_queries
from sidedesk.platform.scope import AnyScope, Scope

SQL = load_queries("sidedesk.ai")

# A call is over, one way or the other, this long after its own timeout.
LEASE_MARGIN_SECONDS = 60
BREAKER_THRESHOLD = 5
BREAKER_MEMORY_SECONDS = 60
BREAKER_PAUSE_SECONDS = 15
BREAKER_LONGEST_PAUSE_SECONDS = 300

Health = Literal["up", "down", "unknown"]


@dataclass(frozen=True, slots=True)
class Order:
    """One call as the money sees it: who asks what for, at most how much."""

    purpose: str
    provider: str
    model: str
    price: Price
    most_in: Decimal
    most_out: Decimal = Decimal(0)
    job_id: UUID | None = None
    prompt_version: str | None = None
    prompt_hash: str | None = None

    @property
    def unit(self) -> Unit:
        return self.price.unit

    @property
    def worst_case_usd(self) -> Decimal:
        return self.price.cost(self.most_in, self.most_out)


@dataclass(frozen=True, slots=True)
class Budget:
    cap_usd: Decimal | None
    settled_usd: Decimal
    reserved_usd: Decimal

    @property
    def left_usd(self) -> Decimal | None:
        return None if self.cap_usd is None else max(Decimal(0), self.cap_usd - self.settled_usd - self.reserved_usd)


def reserve(database: Database, scope: AnyScope, order: Order, call_seconds: float) -> UUID:
    """Set the worst case aside. Raises CapReached, or ProviderDown while the provider is left alone."""
    reservation = uuid4()
    answer = database.dicts(
        scope,
        SQL["reserve"],
        {
            "id": reservation,
            "amount": order.worst_case_usd,
            "job_id": order.job_id,
            "purpose": order.purpose,
            "provider": order.provider,
            "model": order.model,
            "unit": order.unit,
            "most_in": order.most_in,
            "most_out": order.most_out,
            "prompt_version": order.prompt_version,
            "prompt_hash": order.prompt_hash,
            "lease": Decimal(str(call_seconds + LEASE_MARGIN_SECONDS)),
        },
    )[0]
    match answer["verdict"]:
        case "reserved":
            return reservation
        case "breaker_open":
            raise ProviderDown(retry_after=answer["wait_seconds"])
        case "job_cap":
            raise CapReached("job", answer["cap"], answer["taken"])
        case _:
            raise CapReached("month", answer["cap"], answer["taken"])


def settle(
    database: Database, scope: AnyScope, reservation: UUID, order: Order, usage: Usage, request_id: str | None
) -> Decimal:
    """The call answered: what it used becomes spent. Returns the cost."""
    cost = order.price.cost(usage.quantity_in, usage.quantity_out)
    if cost > order.worst_case_usd:
        # The provider used more than it was allowed to. The truth is recorded; somebody should look.
        count("AiReservationExceeded")
        logger.warning("a model call cost more than its reservation", extra={"model": order.model})
    figures = {"basis": usage.basis, "used_in": usage.quantity_in, "used_out": usage.quantity_out, "cost": cost}
    _end(database, scope, reservation, order.provider, figures, request_id, "up")
    return cost


def release(database: Database, scope: AnyScope, reservation: UUID, order: Order, health: Health) -> None:
    """The call was certainly not billed."""
    figures: dict[str, Any] = {"basis": "released", "used_in": None, "used_out": None, "cost": None}
    _end(database, scope, reservation, order.provider, figures, None, health)


def assume(
    database: Database, scope: AnyScope, reservation: UUID, order: Order, request_id: str | None, health: Health
) -> Decimal:
    """The call may have been billed and nobody knows how much: all that was reserved counts as spent."""
    figures: dict[str, Any] = {"basis": "assumed", "used_in": None, "used_out": None, "cost": None}
    _end(database, scope, reservation, order.provider, figures, request_id, health)
    return order.worst_case_usd


def _end(
    database: Database,
    scope: AnyScope,
    reservation: UUID,
    provider: str,
    figures: dict[str, Any],
    request_id: str | None,
    health: Health,
) -> None:
    with database.batch(scope) as batch:
        if health == "up":
            batch.run(SQL["note_success"], {"provider": provider})
        elif health == "down":
            batch.run(
                SQL["note_failure"],
                {
                    "provider": provider,
                    "threshold": BREAKER_THRESHOLD,
                    "memory": BREAKER_MEMORY_SECONDS,
                    "pause": BREAKER_PAUSE_SECONDS,
                    "longest": BREAKER_LONGEST_PAUSE_SECONDS,
                },
            )
        ended = batch.values(SQL["settle"], figures | {"id": reservation, "provider_request": request_id})
    if not ended.first():
        # The sweeper was faster: the call outlived its lease and stands as assumed spent.
        logger.warning("a model call ended after its lease", extra={"reservation": str(reservation)})


# Caps ------------------------------------------------------------------------------------------------------------------


def set_job_cap(job_id: UUID, cap_usd: Decimal | None) -> tuple[str, dict[str, Any]]:
    """The statement to run in the unit of work that creates or changes a job: `batch.run(*ledger.set_job_cap(...))`."""
    return SQL["set_job_cap"], {"job_id": job_id, "cap": cap_usd}


def job_budget(database: Database, scope: AnyScope, job_id: UUID) -> Budget:
    found = database.row(scope, Budget, SQL["job_budget"], {"job_id": job_id})
    return found or Budget(None, Decimal(0), Decimal(0))


def month_budget(database: Database, scope: AnyScope) -> Budget:
    found = database.row(scope, Budget, SQL["month_budget"])
    return found or Budget(Decimal(0), Decimal(0), Decimal(0))


# Housekeeping ----------------------------------------------------------------------------------------------------------


def sweep(database: Database, limit: int = 1_000) -> int:
    """Take as spent what dead workers left reserved. Returns how many calls."""
    by_tenant: dict[UUID, list[UUID]] = defaultdict(list)
    for row in database.dicts(None, SQL["expired"], {"limit": limit}):
        by_tenant[row["tenant_id"]].append(row["id"])
    swept = 0
    for tenant_id, reservations in by_tenant.items():
        scope = Scope.system(tenant_id, "sweep_ai_reservations")
        for reservation in reservations:
            values = {"id": reservation, "basis": "assumed", "used_in": None, "used_out": None, "cost": None}
            swept += bool(database.value(scope, SQL["settle"], values | {"provider_request": None}))
    return swept


def export(database: Database, scope: AnyScope) -> Iterator[tuple[str, dict[str, Any]]]:
    """All usage of a tenant. It names no person, so there is nothing in it to forget."""
    for row in database.dicts(scope, SQL["export_usage"]):
        yield "ai_usage", row

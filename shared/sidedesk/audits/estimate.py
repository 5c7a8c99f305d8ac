"""What a run will take and cost, said before anybody presses Run. A figure nobody can know is null, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from datetime import time as clock
from decimal import Decimal
from zoneinfo import ZoneInfo

from sidedesk.audits import service
from sidedesk.audits.models import Estimate, StartRequest
from sidedesk.audits.repository import SQL
from sidedesk.platform import integrations
from sidedesk.platform.db import Database
from sidedesk.platform.errors import DomainError
from sidedesk.platform.observability import logger
from sidedesk.platform.scope import Scope

JUDGE = "audit.judge"
# Before anything was measured: a scorecard with its guidance, and a conversation of middling length.
TYPICAL_TOKENS_IN = 3_500
TYPICAL_TOKENS_OUT = 700
MEASURED_FROM = 20
# Some are judged twice or repaired; nothing beyond this was seen on ordinary conversations.
HIGH = Decimal("1.5")


def estimate(database: Database, scope: Scope, ask: StartRequest, *, now: datetime, seconds: float) -> Estimate:
    """Refuses what a start would refuse; what speaks against the money is listed, not raised."""
    from sidedesk.ai import ledger  # with the model gateway, so only where it is asked for

    facts, _ = service.start_facts(database, scope, ask, scope.email or scope.actor, service.fingerprint_of(ask))
    service.check(ask, facts, now)
    chats, chats_basis = _conversations(database, scope, ask, facts.timezone, seconds)
    tokens_in, tokens_out, tokens_basis = _tokens(database, scope)
    price = _price(database, scope, seconds)
    budget = ledger.month_budget(database, scope)
    cost = price(tokens_in, tokens_out) * chats if chats is not None and price else None
    spent = budget.settled_usd + budget.reserved_usd
    return Estimate(
        agents=len(ask.intercom_admin_ids),
        days=(ask.end_date - ask.start_date).days + 1,
        trigger_seconds=len(ask.intercom_admin_ids) * facts.limits.pacing_seconds,
        conversations=chats,
        conversations_basis=chats_basis,
        tokens=(tokens_in + tokens_out) * chats if chats is not None else None,
        tokens_basis=tokens_basis,
        cost_usd=_money(cost),
        cost_high_usd=_money(cost * HIGH) if cost is not None else None,
        spent_usd=float(spent),
        cap_usd=float(budget.cap_usd) if budget.cap_usd is not None else None,
        refusals=list(_refusals(ask, cost, spent, budget.cap_usd)),
    )


def _conversations(
    database: Database, scope: Scope, ask: StartRequest, timezone: str, seconds: float
) -> tuple[int | None, str]:
    import httpx

    from sidedesk.clients.intercom import Intercom

    connected = integrations.connection(database, scope, "intercom")
    if connected is None:
        return None, "Intercom is not connected, so nobody can say how many chats there are."
    zone = ZoneInfo(timezone)
    start = int(datetime.combine(ask.start_date, clock.min, zone).timestamp())
    end = int(datetime.combine(ask.end_date + timedelta(days=1), clock.min, zone).timestamp())
    try:
        with httpx.Client(timeout=max(1.0, min(10.0, seconds))) as client:
            intercom = Intercom(client, connected.base_url, connected.secret, sleep=_no_waiting)
            return intercom.count(ask.intercom_admin_ids, start, end), "counted by Intercom, noise included"
    except DomainError as error:
        logger.info("estimate without conversations", extra={"code": error.code})
        return None, error.message


def _no_waiting(_: float) -> None:
    """An estimate is asked again in a moment; it does not sleep through somebody's limit."""


def _tokens(database: Database, scope: Scope) -> tuple[int, int, str]:
    row = database.dicts(scope, SQL["judge_usage"])[0]
    if row["audits"] < MEASURED_FROM:
        return TYPICAL_TOKENS_IN, TYPICAL_TOKENS_OUT, "typical, until your own audits were measured"
    audits = row["audits"]
    return int(row["tokens_in"]) // audits, int(row["tokens_out"]) // audits, f"measured on your last {audits} audits"


def _price(database: Database, scope: Scope, seconds: float) -> Callable[..., Decimal] | None:
    from sidedesk.ai.gateway import Deadline, Gateway

    gateway = Gateway(database, scope, deadline=Deadline(max(1.0, seconds)))
    try:
        price = gateway.price(JUDGE)
    except DomainError as error:
        logger.info("estimate without a price", extra={"code": error.code})
        return None
    return price.cost


def _refusals(ask: StartRequest, cost: Decimal | None, spent: Decimal, cap: Decimal | None) -> list[str]:
    if cost is None:
        return []
    found = []
    if cap is not None and spent + cost > cap:
        found.append(
            f"This run could pass the monthly cap of ${cap:,.2f}. Choose fewer people or a shorter range, or ask an admin to raise the cap."
        )
    if ask.max_cost_usd is not None and float(cost) > ask.max_cost_usd:
        found.append(
            f"This run may cost about ${cost:,.2f}; its own limit is ${ask.max_cost_usd:,.2f}. It would pause there."
        )
    return found


def _money(amount: Decimal | None) -> float | None:
    return round(float(amount), 4) if amount is not None else None

"""What models cost this month, and on what."""

from __future__ import annotations

from typing import Final

from sidedesk.platform.db import Database
from sidedesk.platform.models import Answer
from sidedesk.platform.scope import AnyScope


class Spent(Answer):
    purpose: str
    provider: str
    model: str
    unit: str
    quantity: float
    calls: int
    cost_usd: float


class Usage(Answer):
    month: str
    cap_usd: float
    spent_usd: float
    reserved_usd: float
    by_purpose: list[Spent]


# A month is a month of the tenant's own days, as for its cap.
_BUDGET: Final = """
SELECT m.month, t.month_cap_usd::float8 AS cap_usd, coalesce(b.settled_usd, 0)::float8 AS spent_usd,
       coalesce(b.reserved_usd, 0)::float8 AS reserved_usd
  FROM tenants t CROSS JOIN LATERAL (SELECT to_char(now() AT TIME ZONE t.timezone, 'YYYY-MM') AS month) m
  LEFT JOIN ai_budgets b ON b.tenant_id = t.id AND b.subject = 'month:' || m.month
"""
_BY_PURPOSE: Final = """
SELECT u.purpose, u.provider, u.model, u.unit, sum(u.quantity)::float8 AS quantity, count(*) AS calls, sum(u.cost_usd)::float8 AS cost_usd
  FROM ai_usage u
 WHERE u.at >= (SELECT date_trunc('month', now() AT TIME ZONE t.timezone) AT TIME ZONE t.timezone FROM tenants t)
 GROUP BY 1, 2, 3, 4 ORDER BY cost_usd DESC, 1, 3
"""


def this_month(database: Database, scope: AnyScope) -> Usage:
    with database.batch(scope) as batch:
        budget = batch.dicts(_BUDGET)
        spent = batch.rows(Spent, _BY_PURPOSE)
    return Usage(**budget.all()[0], by_purpose=spent.all())

"""The minute tick: wishes and posts whose message was lost, promises that ran out, signals to measure and to learn from."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, Final

from sidedesk.cx import calibration, learning, text_distance
from sidedesk.cx.drafting import alert
from sidedesk.cx.repository import FIGURES_SQL, SQL
from sidedesk.cx.tools import Tools
from sidedesk.cx.wishes import DRAFT_QUEUE, POST_QUEUE
from sidedesk.platform import delivery, durable_metrics, outbox
from sidedesk.platform.db import Database
from sidedesk.platform.errors import DomainError
from sidedesk.platform.observability import count, logger
from sidedesk.platform.scope import Scope
from sidedesk.platform.tenant_options import tenant_options

AT_A_TIME: Final = 200
_TENANTS: Final = "SELECT sweep.tenants_with_cx_work()"
_ALL_TENANTS: Final = "SELECT sweep.tenants_with_chatwoot()"


def tick(database: Database, tools: Tools, *, public_url: str, until: float) -> dict[str, int]:
    """Everything whose time has come, tenant by tenant."""
    done: dict[str, int] = {}
    urgent = set(database.values(None, _TENANTS))
    for tenant in [*urgent, *(set(database.values(None, _ALL_TENANTS)) - urgent)]:
        if time.monotonic() >= until:
            break
        scope = Scope.system(tenant, "watch_replies")
        try:
            steps = {
                "redelivered": _redeliver(database, scope) if tenant in urgent else 0,
                "alerted": _alert_breaches(database, scope, public_url) if tenant in urgent else 0,
                "measured": _measure(database, scope),
                "hollow": _alert_hollow_grades(database, scope, public_url, tools.now()),
                "learned": _learn(database, scope, tools),
            }
        except Exception:  # one tenant's trouble is not the others'
            logger.exception("replies of one tenant not watched", extra={"tenant": str(tenant)})
            count("CxWatchFailed")
            continue
        for name, number in steps.items():
            done[name] = done.get(name, 0) + number
    return done


def _redeliver(database: Database, scope: Scope) -> int:
    with database.batch(scope) as batch:
        wishes = batch.values(SQL["due_wishes"], {"limit": AT_A_TIME})
        posts = batch.dicts(SQL["due_posts"], {"limit": AT_A_TIME})
    sent = 0
    for conversation_id in wishes.all():
        delivery.nudge(DRAFT_QUEUE, {"tenant_id": str(scope.tenant_id), "conversation_id": str(conversation_id)})
        sent += 1
    for post in posts.all():
        body = {"tenant_id": str(scope.tenant_id), "kind": post["kind"], "draft_id": str(post["draft_id"])}
        delivery.nudge(POST_QUEUE, body)
        sent += 1
    return sent


def _alert_breaches(database: Database, scope: Scope, public_url: str) -> int:
    """The customer waits longer than promised: the leads are told, once for each wait."""
    with database.transaction(scope) as transaction:
        breaches = transaction.dicts(SQL["sla_breaches"])
        messages = []
        for row in breaches:
            messages += alert(
                transaction,
                scope,
                kind="cx_sla_breached",
                title=f"{_who(row)} waits longer than promised",
                body=f"Conversation {row['display_id']} should have been answered by {row['sla_due_at']:%d %b %H:%M} UTC.",
                key=f"cx_sla:{row['conversation_id']}:{row['waiting_since']:%Y%m%d%H%M%S}",
                public_url=public_url,
            )
        if breaches:
            transaction.run(*durable_metrics.add("cx_sla_breaches_total", len(breaches)))
    outbox.send_now(database, scope, messages)
    return len(breaches)


def _who(row: dict[str, Any]) -> str:
    return row["contact"].get("name") or row["contact"].get("email") or "A customer"


def _alert_hollow_grades(database: Database, scope: Scope, public_url: str, now: datetime) -> int:
    """Somebody who gives the same marks to everything does not read. The leads are told, once a day."""
    if database.value(scope, SQL["graded_lately"]) is None:
        return 0
    alert_after = tenant_options(database, scope).options.cx.straight_lining_alert
    rows = database.dicts(scope, FIGURES_SQL["recent_marks"], {"now": now, "count": alert_after, "reviewer": None})
    lines = calibration.straight_lining(rows, alert_after)
    messages = []
    if lines:
        with database.transaction(scope) as transaction:
            for line in lines:
                messages += alert(
                    transaction,
                    scope,
                    kind="cx_hollow_grades",
                    title=f"{line.reviewer} gives every draft the same marks",
                    body=f"{line.warning} Grades that say nothing teach nothing.",
                    key=f"cx_hollow:{line.reviewer}:{now:%Y%m%d}",
                    public_url=public_url,
                )
    outbox.send_now(database, scope, messages)
    return len(lines)


def _measure(database: Database, scope: Scope) -> int:
    """How far people's own answers were from the drafts; webhooks do not wait for that."""
    rows = database.dicts(scope, SQL["unmeasured_signals"])
    if rows:
        with database.batch(scope) as batch:
            for row in rows:
                edit = text_distance.measure(row["draft_reply"], row["human_reply"])
                batch.run(
                    SQL["measure_signal"],
                    {
                        "id": row["id"],
                        "edit_distance": edit.distance,
                        "edit_ratio": edit.ratio,
                        "body_edit_ratio": edit.body_ratio,
                    },
                )
    return len(rows)


def _learn(database: Database, scope: Scope, tools: Tools) -> int:
    try:
        return learning.index(database, scope, tools.gateway(scope))
    except DomainError as error:
        logger.warning("learning waits", extra={"code": error.code})
        return 0

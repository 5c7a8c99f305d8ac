"""Visits to Chatwoot: does it serve, and does it serve us? Admins hear when it stops."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from sidedesk.cx.repository import FIGURES_SQL
from sidedesk.platform import integrations, notifications, outbound, outbox
from sidedesk.platform.db import Database
from sidedesk.platform.errors import DomainError
from sidedesk.platform.notifications import Notice
from sidedesk.platform.observability import count, logger
from sidedesk.platform.scope import Scope

if TYPE_CHECKING:
    import httpx

    from sidedesk.clients.chatwoot_probe import Probe
    from sidedesk.platform.integrations import Connection

# A hanging Chatwoot takes about 25 seconds; the others do not wait for it.
AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class Visit:
    tenant_id: UUID
    connection: Connection


@dataclass(frozen=True, slots=True)
class Visited:
    ok: int
    failed: int
    broken: int  # our own trouble with an organisation, not Chatwoot's


def probe_all(database: Database, *, public_url: str) -> Visited:
    """Every connected Chatwoot; one organisation's trouble is not the others'."""
    visits: list[Visit] = []
    broken = good = bad = 0
    for tenant_id in database.values(None, "SELECT sweep.tenants_with_chatwoot()"):
        try:
            scope = Scope.system(tenant_id, "probe_chatwoot")
            visits += [Visit(tenant_id, found) for found in integrations.connections(database, scope, "chatwoot")]
        except Exception:
            logger.exception("an organisation's Chatwoot could not be visited", extra={"tenant": str(tenant_id)})
            broken += 1
    with outbound.client() as http, ThreadPoolExecutor(AT_ONCE) as pool:
        for visit, found in zip(visits, pool.map(lambda one: _ask(http, one.connection), visits), strict=True):
            try:
                keep(database, visit, found, public_url=public_url)
            except Exception:
                logger.exception("a visit could not be kept", extra={"tenant": str(visit.tenant_id)})
                broken += 1
                continue
            good, bad = good + found["ok"], bad + (not found["ok"])
    return Visited(good, bad, broken)


def _ask(http: httpx.Client, connection: Connection) -> dict[str, Any]:
    """The outcome as it is kept. Never raises: what went wrong is the outcome."""
    from sidedesk.clients.chatwoot import Chatwoot

    try:
        account_id = int(connection.config["account_id"])
        found: Probe = Chatwoot(http, connection.base_url, connection.secret, account_id).probe()
    except DomainError as error:
        return _failed(error.message)
    except Exception as error:
        logger.warning("a probe broke", exc_info=True)
        return _failed(f"The visit failed ({type(error).__name__}). Check the integration under Settings.")
    return asdict(found)


def _failed(message: str) -> dict[str, Any]:
    return {
        "ok": False,
        "message": message,
        "checked_at": datetime.now(UTC),
        "version": None,
        "queue_services": None,
        "data_services": None,
        "checks": [],
    }


def keep(database: Database, visit: Visit, found: dict[str, Any], *, public_url: str) -> None:
    """Keep the outcome. When it was well before and is not now, admins are told: once per time it breaks."""
    scope = Scope.system(visit.tenant_id, "probe_chatwoot")
    result = {name: value for name, value in found.items() if name not in ("ok", "checked_at")}
    values = {
        "integration_id": visit.connection.id,
        "ok": found["ok"],
        "result": Jsonb(result),
        "at": found["checked_at"],
    }
    with database.transaction(scope) as transaction:
        [row] = transaction.dicts(FIGURES_SQL["keep_probe"], values)
        broke = not row["ok"] and row["ok_before"] is not False
        notices = (
            _notices(transaction.values(FIGURES_SQL["admins"]), visit, found["message"], row["last_good"])
            if broke
            else []
        )
        messages = notifications.tell(transaction, scope, notices, public_url=public_url)
    if broke:
        count("ChatwootProbeFailed")
        logger.warning("Chatwoot is not well", extra={"tenant": str(visit.tenant_id), "why": found["message"]})
    outbox.send_now(database, scope, messages)


def _notices(admins: Sequence[str], visit: Visit, message: str, last_good: UUID | None) -> list[Notice]:
    return [
        Notice(
            recipient=email,
            kind="cx.chatwoot_down",
            title="Chatwoot is not well",
            body=f"{message} Customers' messages are not lost: they are drafted for when it answers again.",
            link="#/cx/health",
            dedupe_key=f"cx.chatwoot_down:{visit.connection.id}:{last_good or 'never'}",
        )
        for email in admins
    ]

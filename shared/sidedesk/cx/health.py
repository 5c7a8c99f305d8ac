"""How the pipeline's surroundings are: visits to Chatwoot, sweeps, and messages that no webhook told of."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import Field

from sidedesk.cx.repository import FIGURES_SQL
from sidedesk.platform import integrations, notifications, outbound, outbox
from sidedesk.platform.db import Database
from sidedesk.platform.errors import DomainError
from sidedesk.platform.models import Answer, Page, decode_cursor, part_of
from sidedesk.platform.notifications import Notice
from sidedesk.platform.observability import count, logger
from sidedesk.platform.scope import AnyScope, Scope

if TYPE_CHECKING:
    import httpx

    from sidedesk.clients.chatwoot_probe import Probe
    from sidedesk.platform.integrations import Connection

# A hanging Chatwoot takes about 25 seconds; the others do not wait for it.
AT_ONCE: Final = 16


class ProbeCheck(Answer):
    name: str
    path: str
    ok: bool
    status: int | None
    latency_ms: int
    note: str


class LastProbe(Answer):
    ok: bool
    message: str
    probed_at: datetime
    version: str | None
    queue_services: str | None
    data_services: str | None
    checks: list[ProbeCheck]


class LastSweep(Answer):
    """The newest visit that looked for lost messages."""

    since: datetime
    started_at: datetime
    finished_at: datetime | None
    conversations: int
    messages: int
    missed: int
    problem: str


class ChatwootHealth(Answer):
    integration_id: UUID
    name: str
    base_url: str
    probe: Annotated[LastProbe | None, Field(description="null until the first visit, at most five minutes")]
    visits_24h: int
    up_percent_24h: float | None
    sweep: LastSweep | None


class Health(Answer):
    ok: Annotated[bool | None, Field(description="null when no Chatwoot is connected or none was visited yet")]
    message: str
    chatwoots: list[ChatwootHealth]


class Missed(Answer):
    """A message that no webhook told of. It was drafted for like any other, once it was found."""

    integration_id: UUID
    message_id: int
    conversation_id: UUID
    chatwoot_conversation: int
    author: str
    text: str
    written_at: datetime
    received_at: datetime
    found_by: str
    answered: bool


# Reading --------------------------------------------------------------------------------------------------------------


def health(database: Database, scope: AnyScope, *, now: datetime) -> Health:
    connected = [one for one in integrations.list_all(database, scope) if one.kind == "chatwoot"]
    with database.batch(scope) as batch:
        told = batch.dicts(FIGURES_SQL["health_probes"], {"now": now})
        swept = batch.dicts(FIGURES_SQL["health_sweeps"])
    probes = {row["integration_id"]: row for row in told.all()}
    sweeps = {row["integration_id"]: LastSweep.model_validate(row) for row in swept.all()}
    found = [_one(row.id, row.name, row.base_url, probes.get(row.id), sweeps.get(row.id)) for row in connected]
    if not found:
        return Health(
            ok=None, message="No Chatwoot is connected. Connect one under Settings, Integrations.", chatwoots=[]
        )
    visited = [one.probe for one in found if one.probe]
    if not visited:
        return Health(ok=None, message="The first visit follows within five minutes.", chatwoots=found)
    bad = next((probe for probe in visited if not probe.ok), None)
    return Health(ok=bad is None, message=bad.message if bad else "Chatwoot answers.", chatwoots=found)


def _one(
    integration_id: UUID, name: str, base_url: str, row: dict[str, Any] | None, sweep: LastSweep | None
) -> ChatwootHealth:
    visits = row["visits"] if row else 0
    return ChatwootHealth(
        integration_id=integration_id,
        name=name,
        base_url=base_url,
        probe=LastProbe(ok=row["ok"], probed_at=row["probed_at"], **row["result"]) if row else None,
        visits_24h=visits,
        up_percent_24h=round(100 * row["up"] / visits, 1) if row and visits else None,
        sweep=sweep,
    )


def missed(
    database: Database, scope: AnyScope, *, since: datetime | None, limit: int, cursor: str | None
) -> Page[Missed]:
    at, after = decode_cursor(cursor, datetime, int) or (None, None)
    values = {"since": since, "at": at, "after": after, "limit": limit + 1}
    rows = database.rows(scope, Missed, FIGURES_SQL["list_missed"], values)
    kept, following = part_of(rows, limit, lambda row: (row.received_at, row.message_id))
    return Page(data=kept, next_cursor=following)


# Visiting -------------------------------------------------------------------------------------------------------------


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

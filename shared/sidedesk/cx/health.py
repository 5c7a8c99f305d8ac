"""How the pipeline's surroundings are: visits to Chatwoot, sweeps, and messages that no webhook told of."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from sidedesk.cx.repository import FIGURES_SQL
from sidedesk.platform import integrations
from sidedesk.platform.db import Database
from sidedesk.platform.models import Answer, Page, decode_cursor, part_of
from sidedesk.platform.scope import AnyScope


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

"""Rate limits per tenant and actor, kept in Postgres because containers share nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from sidedesk.platform.db import Database
from sidedesk.platform.errors import RateLimited
from sidedesk.platform.scope import AnyScope

_UNITS = {"second": 1, "minute": 60, "hour": 3600}

_TAKE = """
INSERT INTO rate_limits AS r (tenant_id, bucket, window_start, used)
VALUES (current_tenant(), %(bucket)s, now(), 1)
ON CONFLICT (tenant_id, bucket) DO UPDATE SET
  window_start = CASE WHEN r.window_start + make_interval(secs => %(seconds)s) <= now() THEN now() ELSE r.window_start END,
  used = CASE WHEN r.window_start + make_interval(secs => %(seconds)s) <= now() THEN 1 ELSE r.used + 1 END
RETURNING used, ceil(extract(epoch FROM window_start + make_interval(secs => %(seconds)s) - now()))::int AS wait
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """`Limit.parse("20/minute")`."""

    times: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> Limit:
        times, _, unit = text.partition("/")
        return cls(int(times), _UNITS[unit])


def take(database: Database, scope: AnyScope, purpose: str, limit: Limit) -> None:
    """Use one of this actor's turns, or refuse with the time to wait."""
    values = {"bucket": f"{purpose}:{scope.actor}", "seconds": limit.seconds}
    used = database.dicts(scope, _TAKE, values)[0]
    if used["used"] > limit.times:
        raise RateLimited(retry_after=max(1, used["wait"]))

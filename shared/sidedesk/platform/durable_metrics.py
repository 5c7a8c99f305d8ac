"""Counters and histograms that outlive containers: rows beside what they count, shown at `/metrics`.

A series has several rows; a connection always writes to the same one, so that writers do not queue behind each other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope, Scope

# Upper bounds of buckets. Names that end in _seconds are times; other histograms hold shares between 0 and 1.
SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
SHARES: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)

_ADD: Final = """
INSERT INTO metric_series AS m (tenant_id, name, labels, shard, kind, value, observations, buckets)
VALUES (current_tenant(), %(name)s, %(labels)s, pg_backend_pid() %% 16, %(kind)s, %(value)s, %(observations)s, %(buckets)s::bigint[])
ON CONFLICT (tenant_id, name, labels, shard) DO UPDATE SET
  value = m.value + excluded.value, observations = m.observations + excluded.observations,
  buckets = CASE WHEN excluded.kind = 'counter' THEN m.buckets
    ELSE (SELECT array_agg(coalesce(p.a, 0) + coalesce(p.b, 0) ORDER BY p.i)
            FROM unnest(m.buckets, excluded.buckets) WITH ORDINALITY AS p (a, b, i)) END
"""
_READ: Final = (
    "SELECT name, labels, kind, value, observations, buckets FROM metric_series ORDER BY name, labels::text, shard"
)
_IS_OPERATOR: Final = "SELECT 'operator' = ANY (scopes) FROM service_keys WHERE id = %(key)s"
_TENANTS: Final = "SELECT sweep.tenant_ids()"


def add(name: str, value: float = 1, **labels: str) -> tuple[str, dict[str, Any]]:
    """The statement to run with its cause: `batch.run(*durable_metrics.add("audits_completed_total", engine="n8n"))`."""
    return _ADD, _values(name, "counter", value, [], labels)


def observe(name: str, value: float, **labels: str) -> tuple[str, dict[str, Any]]:
    """The same for one observation of a histogram."""
    bounds = bounds_of(name)
    buckets = [0] * (len(bounds) + 1)
    buckets[bisect_left(bounds, value)] = 1
    return _ADD, _values(name, "histogram", value, buckets, labels)


def bounds_of(name: str) -> tuple[float, ...]:
    return SECONDS if name.endswith("_seconds") else SHARES


def _values(name: str, kind: str, value: float, buckets: list[int], labels: dict[str, str]) -> dict[str, Any]:
    return {
        "name": name, "kind": kind, "value": value, "observations": 1, "buckets": buckets,
        "labels": Jsonb(dict(sorted(labels.items()))),
    }  # fmt: skip


# Reading --------------------------------------------------------------------------------------------------------------


def page(database: Database, scope: AnyScope) -> str:
    """Prometheus text: the caller's own tenant, or every tenant for a key that carries the scope `operator` too.

    Every tenant is read under its own scope, one after the other: there is no door that shows several at once.
    """
    with database.batch(scope) as batch:
        own = batch.dicts(_READ)
        operator = batch.values(_IS_OPERATOR, {"key": getattr(scope, "key_id", None)})
    if not operator.first():
        return render({scope.tenant_id: own.all()})
    tenants: list[UUID] = sorted(database.values(None, _TENANTS))
    return render({tenant: database.dicts(Scope.system(tenant, "metrics"), _READ) for tenant in tenants})


def render(tenants: dict[UUID, list[dict[str, Any]]]) -> str:
    """Text format 0.0.4. Every series of a name stands together, as the format demands."""
    series: dict[str, dict[tuple[tuple[str, str], ...], dict[str, Any]]] = defaultdict(dict)
    for tenant, rows in tenants.items():
        for row in rows:
            labels = tuple({"tenant_id": str(tenant), **row["labels"]}.items())
            _merge(series[row["name"]], labels, row)
    lines: list[str] = []
    for name in sorted(series):
        kind = next(iter(series[name].values()))["kind"]
        lines.append(f"# TYPE {name} {kind}")
        for labels, row in series[name].items():
            lines.extend(_counter(name, labels, row) if kind == "counter" else _histogram(name, labels, row))
    return "".join(f"{line}\n" for line in lines)


def _merge(into: dict[Any, dict[str, Any]], labels: Any, row: dict[str, Any]) -> None:
    """Rows of one series are parts of one figure."""
    if labels not in into:
        into[labels] = dict(row)
        return
    whole = into[labels]
    whole["value"] += row["value"]
    whole["observations"] += row["observations"]
    longest = max(len(whole["buckets"]), len(row["buckets"]))
    whole["buckets"] = [
        sum(part[i] for part in (whole["buckets"], row["buckets"]) if i < len(part)) for i in range(longest)
    ]


def _counter(name: str, labels: Iterable[tuple[str, str]], row: dict[str, Any]) -> list[str]:
    return [f"{name}{_labels(labels)} {_number(row['value'])}"]


def _histogram(name: str, labels: tuple[tuple[str, str], ...], row: dict[str, Any]) -> list[str]:
    lines, so_far = [], 0
    bounds = [_number(bound) for bound in bounds_of(name)] + ["+Inf"]
    for bound, many in zip(bounds, row["buckets"], strict=False):
        so_far += many
        lines.append(f"{name}_bucket{_labels((*labels, ('le', bound)))} {so_far}")
    lines.append(f"{name}_sum{_labels(labels)} {_number(row['value'])}")
    lines.append(f"{name}_count{_labels(labels)} {row['observations']}")
    return lines


def _labels(pairs: Iterable[tuple[str, str]]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs) + "}"


def _escaped(value: Any) -> str:
    return str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))

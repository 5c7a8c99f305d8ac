"""Figures: durable, right under concurrency, each tenant's own; all of them for the operator only."""

from threading import Thread

from sidedesk.platform import durable_metrics
from sidedesk.platform.db import Database
from tests.support.lambdas import client
from tests.support.world import World, add_service_key


def page(world: World, token: str) -> str:
    reply = client("platform/operations_api")("GET", "/metrics", token=token)
    assert reply.status == 200, reply.text
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    return reply.text


def test_counters_from_many_connections_lose_nothing(world: World) -> None:
    def work() -> None:
        database = Database(lambda: world.app_url)
        for _ in range(50):
            database.run(world.northwind.system, *durable_metrics.add("ai_rag_searches_total", source_type="kb"))
        database.close()

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = page(world, world.northwind.tokens["admin"])
    assert f'ai_rag_searches_total{{tenant_id="{world.northwind.id}",source_type="kb"}} 400\n' in text
    assert "# TYPE ai_rag_searches_total counter" in text


def test_histograms_add_up(world: World) -> None:
    for seconds in (0.04, 0.3, 2, 1_000):
        world.database.run(
            world.northwind.system, *durable_metrics.observe("ai_copilot_latency_seconds", seconds, agent="sales")
        )
    lines = dict(line.rsplit(" ", 1) for line in page(world, world.northwind.tokens["admin"]).splitlines())
    labels = f'tenant_id="{world.northwind.id}",agent="sales"'
    name = "ai_copilot_latency_seconds"
    assert lines[f'{name}_bucket{{{labels},le="0.05"}}'] == "1"
    assert lines[f'{name}_bucket{{{labels},le="0.5"}}'] == "2"
    assert lines[f'{name}_bucket{{{labels},le="300"}}'] == "3"
    assert lines[f'{name}_bucket{{{labels},le="+Inf"}}'] == "4"
    assert lines[f"{name}_count{{{labels}}}"] == "4"
    assert float(lines[f"{name}_sum{{{labels}}}"]) == 1002.34


def test_labels_are_escaped(world: World) -> None:
    world.database.run(world.northwind.system, *durable_metrics.add("x_total", reason='a"b\\c\nd'))
    assert 'reason="a\\"b\\\\c\\nd"' in page(world, world.northwind.tokens["admin"])


def test_who_sees_what(world: World) -> None:
    for tenant in (world.northwind, world.contoso):
        world.database.run(tenant.system, *durable_metrics.add("x_total"))
    _, tenant_key = add_service_key(world.database, world.northwind, ["metrics.read"])
    _, operator_key = add_service_key(world.database, world.northwind, ["metrics.read", "operator"])
    own = page(world, tenant_key)
    assert str(world.northwind.id) in own
    assert str(world.contoso.id) not in own
    everything = page(world, operator_key)
    assert str(world.northwind.id) in everything
    assert str(world.contoso.id) in everything
    assert everything.count("# TYPE x_total") == 1
    call = client("platform/operations_api")
    assert call("GET", "/metrics", token=world.northwind.service_key).status == 403
    assert call("GET", "/metrics", token=world.northwind.tokens["member"]).status == 403
    assert call("GET", "/metrics").status == 401

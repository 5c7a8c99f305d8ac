"""What sections measure on: a throw-away Postgres with two tenants, a network before it, settings, a silent log."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TextIO
from uuid import uuid4

import psycopg

from bench.proxy import network
from local.postgres import TestPostgres, url
from sidedesk.platform import context, secrets
from sidedesk.platform.db import Database
from sidedesk.platform.migrate import migrate
from tests.support.world import APP_SECRET, ISSUER, JWT_SECRET, World, make_world

APP_PASSWORD = "app-password-of-the-bench"
TEMPLATE = "template_bench"
ENVIRONMENT = {
    "APP_SECRET_NAME": APP_SECRET,
    "DATABASE_PREPARES": "true",  # as a stack whose functions reach Postgres directly
    "JWT_ISSUER": ISSUER,
    "PUBLIC_URL": "http://127.0.0.1:8080",
    "MAIL_FROM": "sidedesk@northwind.example",
    "STAGE": "bench",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_EC2_METADATA_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "bench",
    "POWERTOOLS_METRICS_NAMESPACE": "sidedesk",
}


class SlowFlushPostgres(TestPostgres):
    """A server whose commits wait for their flush, as on a network disk: two milliseconds, shared by neighbours."""

    def command(self) -> list[str]:
        settings = ("fsync=on", "commit_delay=2000", "commit_siblings=0")
        return [*super().command(), *(part for setting in settings for part in ("-c", setting))]


class Place:
    """One world with its addresses: next door, and one network away."""

    def __init__(self, world: World, far_port: int, near_port: int) -> None:
        self.world = world
        self.near_url = world.app_url
        self.far_url = world.app_url.replace(f":{near_port}/", f":{far_port}/")
        self.far_owner_url = world.owner_url.replace(f":{near_port}/", f":{far_port}/")
        self.far = Database(lambda: self.far_url, prepare=True)

    def plain(self, address: str) -> psycopg.Connection[tuple[object, ...]]:
        """A bare connection: what our own door is measured against."""
        return psycopg.connect(address, autocommit=True, prepare_threshold=None)


class Stage:
    """Made once for all sections; what it started ends with it."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._servers: dict[type[TestPostgres], tuple[TestPostgres, int]] = {}

    def __enter__(self) -> Stage:
        os.environ |= ENVIRONMENT
        self._stack.enter_context(silent_log())
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextmanager
    def place(self, kind: type[TestPostgres] = TestPostgres) -> Iterator[Place]:
        """A fresh database with two tenants; handlers find it one network away."""
        server, far_port = self._server(kind)
        name = f"b_{uuid4().hex[:16]}"
        owner = server.create(name, template=TEMPLATE)
        place = Place(make_world(owner, _app_url(server, name)), far_port, server.port)
        secrets.remember(APP_SECRET, {"database_url": place.far_url, "jwt_secret": JWT_SECRET})
        try:
            yield place
        finally:
            place.world.database.close()
            place.far.close()
            context.database().close()
            context.database.cache_clear()
            secrets.forget()
            server.drop(name)

    def _server(self, kind: type[TestPostgres]) -> tuple[TestPostgres, int]:
        if kind not in self._servers:
            server = self._stack.enter_context(kind())
            migrate(server.create(TEMPLATE), _app_url(server, TEMPLATE))
            self._servers[kind] = server, self._stack.enter_context(network(server.port))
        return self._servers[kind]


def _app_url(server: TestPostgres, name: str) -> str:
    return url("127.0.0.1", server.port, "sidedesk_app", APP_PASSWORD, name)


@contextmanager
def silent_log() -> Iterator[TextIO]:
    """Log lines are made, as they are in production, and written to nowhere."""
    from sidedesk.platform.observability import logger

    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a device
        for handler in logger.handlers:
            handler.setStream(nowhere)
        yield nowhere

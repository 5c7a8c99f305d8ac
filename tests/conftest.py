"""Fixtures: one Postgres for the session, one database cloned from a migrated template for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from local.postgres import TestPostgres, url
from sidedesk.platform import context, secrets, settings
from sidedesk.platform.migrate import migrate
from tests.support.world import APP_SECRET, ISSUER, JWT_SECRET, World, make_world

APP_PASSWORD = "app-password-of-the-tests"

# A function reads its settings from the environment; these are the ones of a test.
ENVIRONMENT = {
    "APP_SECRET_NAME": APP_SECRET,
    "JWT_ISSUER": ISSUER,
    "PUBLIC_URL": "http://127.0.0.1:8080",
    "MAIL_FROM": "sidedesk@northwind.example",
    "STAGE": "test",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "POWERTOOLS_SERVICE_NAME": "test",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "POWERTOOLS_METRICS_NAMESPACE": "sidedesk",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    yield
    settings.cached.cache_clear()
    context.database.cache_clear()
    secrets.forget()


@pytest.fixture(scope="session")
def postgres() -> Iterator[TestPostgres]:
    """The session's server, with a template database that carries the whole schema."""
    for name in ("DATABASE_URL", "PGHOST", "PGUSER"):
        os.environ.pop(name, None)
    with TestPostgres() as server:
        migrate(server.create("template_sidedesk"), app_url(server, "template_sidedesk"))
        yield server


def app_url(server: TestPostgres, name: str) -> str:
    return url("127.0.0.1", server.port, "sidedesk_app", APP_PASSWORD, name)


@pytest.fixture
def empty_database(postgres: TestPostgres) -> Iterator[tuple[str, str]]:
    """(owner's address, application's address) of a database with the schema and no rows."""
    name = f"t_{uuid4().hex[:16]}"
    yield postgres.create(name, template="template_sidedesk"), app_url(postgres, name)
    postgres.drop(name)


@pytest.fixture
def world(empty_database: tuple[str, str]) -> Iterator[World]:
    """Two tenants; functions under test find this database through their secret."""
    made = make_world(*empty_database)
    secrets.remember(APP_SECRET, {"database_url": made.app_url, "jwt_secret": JWT_SECRET})
    yield made
    made.database.close()
    context.database().close()

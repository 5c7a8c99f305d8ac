"""Bring the database to the newest schema: under a lock, in order, each file once, remembered by checksum."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

FILE_NAME = re.compile(r"^(\d{4})_(pre|post)_[a-z0-9_]+\.sql$")
LOCK = 7_316_421_940_117  # any constant: two deploys must not migrate at once


class MigrationError(RuntimeError):
    """The schema cannot be brought up to date; the message says why."""


@dataclass(frozen=True, slots=True)
class Migration:
    name: str
    phase: str
    text: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def available() -> list[Migration]:
    """All migrations in order."""
    found = []
    for entry in resources.files("sidedesk.migrations").iterdir():
        if match := FILE_NAME.match(entry.name):
            found.append(Migration(entry.name, match.group(2), entry.read_text(encoding="utf-8")))
        elif entry.name.endswith(".sql"):
            raise MigrationError(f"{entry.name}: name it like 0007_pre_add_x.sql")
    return sorted(found, key=lambda migration: migration.name)


def migrate(owner_url: str, app_url: str, *, phases: tuple[str, ...] = ("pre", "post")) -> list[str]:
    """Apply what is missing as the owner, then let the application role log in. Returns the names applied."""
    with psycopg.connect(owner_url, autocommit=True, prepare_threshold=None) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        try:
            _check_server(connection)
            applied = _apply(connection, phases)
            _let_app_in(connection, app_url)
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
    return applied


def _check_server(connection: psycopg.Connection[Any]) -> None:
    if connection.info.server_version < 150_000:
        raise MigrationError(
            f"PostgreSQL 15 or newer is needed; this server is {connection.info.server_version // 10_000}."
        )
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )


def _apply(connection: psycopg.Connection[Any], phases: tuple[str, ...]) -> list[str]:
    known: dict[str, str] = dict(connection.execute("SELECT name, checksum FROM schema_migrations").fetchall())
    applied = []
    for migration in available():
        if migration.name in known:
            if known[migration.name] != migration.checksum:
                raise MigrationError(f"{migration.name} was changed after it ran. Restore it and add a new migration.")
            continue
        if migration.phase not in phases:
            continue
        with connection.transaction():
            connection.execute(migration.text)
            connection.execute(
                "INSERT INTO schema_migrations (name, checksum) VALUES (%s, %s)", (migration.name, migration.checksum)
            )
        applied.append(migration.name)
    return applied


def _let_app_in(connection: psycopg.Connection[Any], app_url: str) -> None:
    """The password of the application role follows the secret. Poolers append `.project` to user names."""
    parts = urlsplit(app_url)
    user = unquote(parts.username or "").split(".")[0]
    if user != "sidedesk_app":
        raise MigrationError("The application's database_url must log in as sidedesk_app.")
    if parts.password:
        connection.execute(
            sql.SQL("ALTER ROLE sidedesk_app LOGIN PASSWORD {}").format(sql.Literal(unquote(parts.password)))
        )

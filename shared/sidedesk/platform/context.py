"""The container's shared parts: made at first use, shared by all of a function's modules."""

from __future__ import annotations

from functools import lru_cache

from sidedesk.platform import secrets
from sidedesk.platform.db import Database
from sidedesk.platform.settings import DatabaseSettings, load


@lru_cache(maxsize=1)
def database() -> Database:
    """The one connection of this container; it connects at the first unit of work."""
    settings = load(DatabaseSettings)
    return Database(
        lambda: str(secrets.read(settings.app_secret_name)["database_url"]),
        statement_timeout_ms=settings.statement_timeout_ms,
        prepare=settings.database_prepares,
    )

"""What somebody has to do every day. Each part may run twice, and one part's failure stops no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from sidedesk.platform import uploads
from sidedesk.platform.db import Database
from sidedesk.platform.observability import count, logger
from sidedesk.platform.scope import Scope

_TENANTS: Final = "SELECT sweep.tenant_ids()"
_PARTITIONS: Final = "SELECT sweep.prepare_partitions()"
_OLD_KEYS: Final = "SELECT sweep.drop_old_keys()"


def run(database: Database) -> dict[str, int]:
    def stale_uploads() -> int:
        tenants: list[UUID] = database.values(None, _TENANTS)
        return sum(uploads.drop_stale(database, Scope.system(tenant, "housekeeping")) for tenant in tenants)

    parts: dict[str, Callable[[], int]] = {
        "partitioned_tables": lambda: int(database.value(None, _PARTITIONS)),
        "old_keys": lambda: int(database.value(None, _OLD_KEYS)),
        "stale_uploads": stale_uploads,
    }
    done: dict[str, int] = {}
    failed: list[str] = []
    for name, part in parts.items():
        try:
            done[name] = part()
        except Exception:
            logger.exception("a part of housekeeping failed", extra={"part": name})
            count("HousekeepingFailed")
            failed.append(name)
    if failed:
        raise RuntimeError(f"housekeeping left undone: {', '.join(failed)}")
    return done

"""`make check-chatwoot`: ask a Chatwoot how it is, and keep the answer in `artifacts/`.

Which one: that of CHATWOOT_BASE_URL, CHATWOOT_API_KEY and CHATWOOT_ACCOUNT_ID, else that of the running stack's first tenant.
Ends with 1 when it is not healthy.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from local.engine.context import REGION

ROOT = Path(__file__).resolve().parent.parent
STACK = ROOT / ".sidedesk" / "stack.json"
ARTIFACTS = ROOT / "artifacts"
VARIABLES = ("CHATWOOT_BASE_URL", "CHATWOOT_API_KEY", "CHATWOOT_ACCOUNT_ID")


def main() -> int:
    address, token, account_id = _given() or _of_the_stack()
    from sidedesk.clients.chatwoot import Chatwoot
    from sidedesk.platform import outbound

    with outbound.client() as http:
        found = Chatwoot(http, address, token, account_id).probe()
    for check in found.checks:
        print(
            f"  {'✓' if check.ok else '·'} {check.path:<34} {check.status or '–':>4} {check.latency_ms:>6} ms  {check.note}"
        )
    kept = _keep({"base_url": address, "account_id": account_id, **asdict(found)}, found.checked_at)
    print(f"{'✓' if found.ok else '✗'} {found.message}\n  {kept}")
    return 0 if found.ok else 1


def _given() -> tuple[str, str, int] | None:
    """All three or none: half of one Chatwoot and half of another would prove nothing."""
    values = [os.environ.get(name, "") for name in VARIABLES]
    if not any(values):
        return None
    if missing := [name for name, value in zip(VARIABLES, values, strict=True) if not value]:
        raise SystemExit(f"Set {' and '.join(missing)} too, or none of the three to ask the running stack's Chatwoot.")
    if not values[2].isdigit():
        raise SystemExit("CHATWOOT_ACCOUNT_ID is the number in the address of Chatwoot's dashboard.")
    os.environ["STAGE"] = "local"  # a person at a terminal may ask inside their own network
    from sidedesk.platform.errors import DomainError
    from sidedesk.platform.outbound import check_url

    try:
        return check_url(values[0]), values[1], int(values[2])
    except DomainError as error:
        raise SystemExit(f"CHATWOOT_BASE_URL: {error.message}") from error


def _of_the_stack() -> tuple[str, str, int]:
    """Address and token as the functions find them."""
    try:
        stack: dict[str, Any] = json.loads(STACK.read_text(encoding="utf-8"))
        tenant_id, database_url = UUID(stack["tenant_id"]), str(stack["database_url"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"No stack is running here. Start it with make up, or set {', '.join(VARIABLES)}.") from error
    os.environ |= {
        "STAGE": "local",
        "AWS_ENDPOINT_URL": stack["aws"],
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    import psycopg

    from sidedesk.platform import integrations
    from sidedesk.platform.db import Database
    from sidedesk.platform.errors import DomainError
    from sidedesk.platform.scope import Scope

    database = Database(lambda: database_url)
    try:
        found = integrations.connection(database, Scope.system(tenant_id, "check-chatwoot"), "chatwoot")
    except (psycopg.OperationalError, DomainError) as error:
        raise SystemExit(f"The stack does not answer ({error}). Look at make status.") from error
    finally:
        database.close()
    if found is None:
        raise SystemExit("The first tenant has no Chatwoot. Connect one under Settings, Integrations.")
    return found.base_url, found.secret, int(found.config["account_id"])


def _keep(answer: dict[str, Any], at: datetime) -> Path:
    ARTIFACTS.mkdir(exist_ok=True)
    path = ARTIFACTS / f"chatwoot_health_{at:%Y%m%dT%H%M%SZ}.json"
    text = json.dumps(answer, indent=1, ensure_ascii=False, default=lambda moment: f"{moment:%Y-%m-%dT%H:%M:%SZ}")
    path.write_text(text + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main())

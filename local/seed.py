"""The first tenants of a fresh stack: Northwind, whose data the demo fills, and Contoso, who must never see it.

Run by the engine after each deploy; what is there already stays as it is. Answers JSON for `.sidedesk/stack.json`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

ROOT = Path(__file__).resolve().parent.parent
NAMESPACE = UUID("6f2f4d1e-3f0a-4c55-9a55-0d6f2f1c7b10")
TOKEN_SECONDS = 90 * 24 * 3600
PEOPLE = {
    "owner": ("Olivia Brandt", "owner"),
    "admin": ("Nora Weiss", "admin"),
    "member": ("Milan Novak", "member"),
    "viewer": ("Vera Lind", "viewer"),
}
AUDITED = ("ana.petrovic", "Ana Petrović", "viewer")
FIRST_TENANT = uuid5(NAMESPACE, "northwind")
TENANTS = (("northwind", "Northwind", "Europe/Berlin"), ("contoso", "Contoso", "America/New_York"))


def main() -> None:
    sys.path[:0] = [str(ROOT / "shared"), str(ROOT / ".local" / "layers" / "dependencies" / "python")]
    local = json.loads(Path(os.environ["SIDEDESK_LOCAL_CONTEXT"]).read_text(encoding="utf-8"))
    os.environ |= {
        "STAGE": "local",
        "APP_SECRET_NAME": "sidedesk/local/app",
        "AWS_ENDPOINT_URL": local["aws"],
        "AWS_DEFAULT_REGION": local["region"],
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
        "POWERTOOLS_SERVICE_NAME": "seed",
    }
    from sidedesk.platform.db import Database

    database = Database(lambda: str(local["database_url"]))
    first, other = (seed(database, local, *tenant) for tenant in TENANTS)
    json.dump({**first, "other_tenant": other}, sys.stdout)


def seed(database: Any, local: dict[str, Any], slug: str, name: str, timezone: str) -> dict[str, Any]:
    """One tenant with its people, its machine's key and its connected tools."""
    from sidedesk.platform import tenants
    from sidedesk.platform.identity import mint_local_token
    from sidedesk.platform.scope import Scope
    from sidedesk.platform.tenants import FirstMember

    tenant_id = uuid5(NAMESPACE, slug)
    accounts = {role: (role, label, role_name) for role, (label, role_name) in PEOPLE.items()} | {"audited": AUDITED}
    members = {
        account: FirstMember(str(uuid5(tenant_id, mailbox)), f"{mailbox}@{slug}.example", label, role)
        for account, (mailbox, label, role) in accounts.items()
    }
    tenants.create(database, tenant_id, slug=slug, name=name, timezone=timezone, members=list(members.values()))
    scope = Scope.system(tenant_id, "seed")
    key = local["service_key"] if slug == "northwind" else _key_of(local["service_key"], slug)
    _service_key(database, scope, key)
    if slug == "northwind":
        _integrations(database, scope, local)
    tokens = {
        account: mint_local_token(
            secret=local["jwt_secret"], issuer=local["parameters"]["JwtIssuer"], tenant_id=tenant_id,
            user_id=UUID(member.user_id), email=member.email, name=member.name, role=member.role, seconds=TOKEN_SECONDS,
        )
        for account, member in members.items()
    }  # fmt: skip
    return {"tenant_id": str(tenant_id), "service_key": key, "tokens": tokens}


def _key_of(first: str, slug: str) -> str:
    """A second machine's key, the same at every start, from the stack's own secret."""
    import hashlib

    digest = hashlib.sha256(f"{first}:{slug}".encode()).hexdigest()
    return f"sd_{digest[:32]}_{hashlib.sha256(digest.encode()).hexdigest()[:48]}"


def _service_key(database: Any, scope: Any, key: str) -> None:
    from sidedesk.platform.identity import parse_service_key
    from sidedesk.platform.permissions import N8N_SCOPES

    machine = parse_service_key(key)
    database.run(
        scope,
        "INSERT INTO service_keys (id, tenant_id, name, digest, scopes, created_by) "
        "VALUES (%(id)s, current_tenant(), 'n8n', %(digest)s, %(scopes)s, 'seed') ON CONFLICT (id) DO NOTHING",
        {"id": machine.key_id, "digest": machine.digest, "scopes": list(N8N_SCOPES)},
    )


def _integrations(database: Any, scope: Any, local: dict[str, Any]) -> None:
    """The sandbox, or the real service where a variable names one."""
    from sidedesk.platform import integrations
    from sidedesk.platform.integrations import NewIntegration

    outside, said = local["sandbox"], os.environ
    wanted: list[tuple[str, str, dict[str, Any], str]] = [
        ("n8n", local["parameters"]["N8nWebhookUrl"], {}, said.get("N8N_WEBHOOK_TOKEN") or local["n8n_token"]),
        ("intercom", outside["intercom"], {}, said.get("INTERCOM_ACCESS_TOKEN") or "sandbox-intercom"),
        ("openai", outside["openai"], {}, said.get("OPENAI_API_KEY") or "sandbox-openai"),
        (
            "chatwoot",
            outside["chatwoot"],
            {"account_id": int(said.get("CHATWOOT_ACCOUNT_ID") or 1)},
            said.get("CHATWOOT_API_KEY") or "sandbox-chatwoot",
        ),
    ]
    for kind, address, config, secret in wanted:
        row_id = uuid5(scope.tenant_id, kind)
        exists = database.value(scope, "SELECT base_url FROM integrations WHERE id = %(id)s", {"id": row_id})
        if exists is None:
            new = NewIntegration(kind=kind, name=f"{kind} of the stack", base_url=address, config=config, secret=secret)  # type: ignore[arg-type]
            integrations.create(database, scope, row_id, new)
        elif exists.rstrip("/") != address.rstrip("/"):  # another port, or a real service since the last start
            from sidedesk.platform.integrations import IntegrationChange

            integrations.change(
                database, scope, row_id, IntegrationChange(base_url=address, config=config or None, secret=secret)
            )


if __name__ == "__main__":
    main()

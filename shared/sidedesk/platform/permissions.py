"""Who may do what. Every permission has a name; one table maps names to the least role, one question answers for all.

Machines carry permissions as the scopes of their key; the database checks those when the machine enters.
"""

from __future__ import annotations

from typing import Final

ROLES: Final = ("viewer", "member", "admin", "owner")

MACHINES_ONLY: Final = None
PUBLIC: Final = "public"  # routes that need no identity: said aloud, never by omission

# permission -> least role of a person; MACHINES_ONLY for what no person's token may do
PERMISSIONS: Final[dict[str, str | None]] = {
    # platform
    "me.read": "viewer",
    "notifications.read": "viewer",
    "settings.read": "viewer",
    "settings.write": "admin",
    "integrations.read": "admin",
    "integrations.write": "admin",
    "service_keys.read": "admin",
    "service_keys.write": "admin",
    "members.read": "member",
    "members.write": "admin",
    "usage.read": "member",
    "uploads.write": "member",
    "queues.read": "admin",
    "queues.redrive": "admin",
    "metrics.read": "admin",
    "audit_events.read": "admin",
    "data.export": "owner",
    "data.forget": "owner",
    "operator": MACHINES_ONLY,
    # massive audits
    "audits.run": "member",
    "audits.read": "member",
    "audits.read_own": "viewer",
    "audits.stop": "member",
    "audits.review": "admin",
    "audits.callback": MACHINES_ONLY,
    "audits.progress": MACHINES_ONLY,
    "scorecards.read": "member",
    "scorecards.write": "admin",
    "people.read": "member",
    "people.write": "admin",
    # conversations
    "conversations.read": "member",
    "conversations.write": "member",
    "conversations.export": "admin",
    # replies to customers
    "cx.read": "member",
    "cx.decide": "member",
    "cx.calibrate": "member",
    "cx.administer": "admin",
    "cx.export": "admin",
    # enrichment
    "enrichment.run": "member",
    "enrichment.read": "member",
    # knowledge
    "knowledge.read": "member",
    "knowledge.write": "admin",
}

# What the key of a machine may carry, and what to tell the person who makes one.
MACHINE_SCOPES: Final[dict[str, str]] = {
    "audits.callback": "Hand in the results of audits, as n8n does",
    "audits.progress": "Report the progress and crashes of audit runs, as n8n does",
    "scorecards.read": "Read scorecards, as n8n does before it judges",
    "metrics.read": "Read the figures of this organisation at /metrics",
}
N8N_SCOPES: Final = ("audits.callback", "audits.progress", "scorecards.read")


def allow(role: str, permission: str) -> bool:
    """May somebody of this role do this? Unknown names are programming errors, not refusals."""
    least = PERMISSIONS[permission]
    if least is None or role not in ROLES:
        return False
    return ROLES.index(role) >= ROLES.index(least)


def permissions_of(role: str) -> list[str]:
    """Everything a role may do, for the console and for tests."""
    return [name for name in PERMISSIONS if allow(role, name)]


def least_role(permission: str) -> str:
    """For sentences like "this needs admin or higher"."""
    return PERMISSIONS[permission] or "a service key"

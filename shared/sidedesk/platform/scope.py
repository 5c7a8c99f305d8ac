"""Who asks, for which tenant. Every access to a tenant's rows takes a scope; the database checks it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

_MEMBER = "SELECT enter_member(%(tenant)s, %(actor)s, %(email)s, %(role)s, %(request)s, %(timeout)s) AS tenant"
_SYSTEM = "SELECT enter_system(%(tenant)s, %(actor)s, %(request)s, %(timeout)s) AS tenant"
_SERVICE = "SELECT sweep.enter_service(%(key)s, %(digest)s, %(permission)s, %(request)s, %(timeout)s) AS tenant"


@dataclass(frozen=True, slots=True)
class Scope:
    """The tenant, and the actor in whose name rows are read and written."""

    tenant_id: UUID
    actor: str
    role: str = "system"
    email: str = ""
    request_id: str = field(default_factory=lambda: str(uuid4()))

    @classmethod
    def system(cls, tenant_id: UUID, actor: str, request_id: str = "") -> Scope:
        """Our own workers, acting inside one tenant."""
        return cls(tenant_id, f"system:{actor}", request_id=request_id or str(uuid4()))

    def entering(self, timeout_ms: int) -> tuple[str, dict[str, Any]]:
        """The statement that opens every unit of work."""
        values = {
            "tenant": self.tenant_id,
            "actor": self.actor,
            "email": self.email,
            "role": self.role,
            "request": self.request_id,
        }
        return (_SYSTEM if self.role == "system" else _MEMBER), values | {"timeout": str(timeout_ms)}


class ServiceScope:
    """A machine with a key. Who it is gets proven by the first statement itself, so that a call costs no extra round trip.

    Until then `tenant_id` is unknown; nothing can be read before, because every unit of work starts with the proof.
    """

    role = "service"
    email = ""

    def __init__(self, key_id: UUID, digest: str, permission: str, request_id: str) -> None:
        self.key_id = key_id
        self.actor = f"service:{key_id}"
        self.request_id = request_id
        self.proven: UUID | None = None
        self._digest = digest
        self._permission = permission

    @property
    def tenant_id(self) -> UUID:
        if self.proven is None:
            raise RuntimeError("a service scope knows its tenant only after its first unit of work")
        return self.proven

    def entering(self, timeout_ms: int) -> tuple[str, dict[str, Any]]:
        return _SERVICE, {
            "key": self.key_id,
            "digest": self._digest,
            "permission": self._permission,
            "request": self.request_id,
            "timeout": str(timeout_ms),
        }


AnyScope = Scope | ServiceScope

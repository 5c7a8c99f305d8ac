"""Erasing a person from every capability, and leaving proof of it that names nobody."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sidedesk.platform import audit_log
from sidedesk.platform.db import Database
from sidedesk.platform.models import Answer
from sidedesk.platform.scope import AnyScope

if TYPE_CHECKING:
    from sidedesk.platform.capability import Capability


class Forgotten(Answer):
    success: bool = True
    touched: dict[str, int]


def forget(database: Database, scope: AnyScope, subject: str, capabilities: Iterable[Capability]) -> Forgotten:
    """The others first: the platform's member row is what tells them which account belongs to an address."""
    wanted = subject.strip().lower()
    touched: dict[str, int] = {}
    for capability in sorted(capabilities, key=lambda one: one.name == "platform"):
        if capability.forget is not None:
            for what, rows in capability.forget(database, scope, wanted).items():
                touched[f"{capability.name}.{what}"] = rows
    proof = hashlib.sha256(f"{scope.tenant_id}:{wanted}".encode()).hexdigest()
    database.run(scope, *audit_log.record("data.forgotten", subject_sha256=proof, touched=touched))
    return Forgotten(touched=touched)

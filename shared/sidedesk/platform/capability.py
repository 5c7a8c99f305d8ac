"""What each capability tells the few workers that visit all of them. `sidedesk.capabilities` lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sidedesk.platform.db import Database
from sidedesk.platform.dead_letters import Hook
from sidedesk.platform.scope import AnyScope, Scope

# Idempotent: what a new tenant starts with.
Seed = Callable[[Database, Scope], None]
# Erase a person (an e-mail address in lower case, or another id); answers how many rows of each kind were touched.
Forget = Callable[[Database, AnyScope, str], dict[str, int]]
# Every row of the tenant, table by table, in flat memory.
Export = Callable[[Database, AnyScope], Iterator[tuple[str, dict[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Capability:
    name: str
    seed_tenant: Seed | None = None
    forget: Forget | None = None
    export: Export | None = None
    # The capability's queues: what to do when one of them gives up on a message.
    dead_letters: Mapping[str, Hook] = field(default_factory=dict)

"""The model gateway's part in a tenant's life: its usage goes along with an export; people are not in it."""

from __future__ import annotations

from typing import Final

from sidedesk.ai import ledger
from sidedesk.platform.capability import Capability

CAPABILITY: Final = Capability("ai", export=ledger.export)

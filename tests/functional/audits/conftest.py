"""Audits of one test."""

import pytest

from sidedesk.platform import outbox
from tests.support.audits import Audits
from tests.support.world import World


@pytest.fixture
def audits(world: World, monkeypatch: pytest.MonkeyPatch) -> Audits:
    # Queues are looked at in the outbox; sending is tested with the platform.
    monkeypatch.setattr(outbox, "send_soon", lambda *_: None)
    return Audits(world)

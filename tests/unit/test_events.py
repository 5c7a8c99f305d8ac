"""The event files are realistic and used."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import events

TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", sorted(events.names()))
def test_an_event_is_sent_by_a_test(name: str) -> None:
    """One that nobody sends would rot."""
    assert any(f'"{name}"' in path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py"))
    assert events.event(name, {})

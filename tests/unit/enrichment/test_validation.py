"""Validation: every finding, and what is put right."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sidedesk.conversations.service import RawConversation, RawTurn
from sidedesk.enrichment import validation

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


def check(*turns: dict[str, Any]) -> validation.Report:
    return validation.check(RawConversation(turns=[RawTurn(**turn) for turn in turns]).completed(), NOW)


def codes(report: validation.Report) -> list[str]:
    return [finding.code for finding in report.findings]


def test_a_clean_conversation_has_no_findings() -> None:
    report = check(
        {"role": "customer", "text": "Hi", "at": "2026-11-20T10:00:00+01:00"},
        {"role": "agent", "text": "Hello", "at": "2026-11-20T09:01:00Z"},
    )
    assert report.findings == () and report.turns[0].at == datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("turn", "code"),
    [
        ({"role": "boss", "text": "x"}, "unknown_role"),
        ({"role": "", "text": "x"}, "unknown_role"),
        ({"role": "user", "text": "x"}, "role_renamed"),
        ({"role": "customer", "text": " \n "}, "empty_turn"),
        ({"role": "customer", "text": "a\x00b\u202e"}, "control_characters"),
        ({"role": "customer", "text": "half \ud83d"}, "lone_surrogate"),
        ({"role": "customer", "text": "nicht mÃ¶glich"}, "mojibake_mended"),
        ({"role": "customer", "text": "nicht mÃ¶glich, CafÃ©©"}, "mojibake"),
        ({"role": "customer", "text": "\ufffd" * 20}, "unreadable"),
        ({"role": "customer", "text": "x", "at": "yesterday"}, "unknown_time"),
        ({"role": "customer", "text": "x", "at": "2031-01-01T00:00:00Z"}, "impossible_time"),
        ({"role": "customer", "text": "x", "at": "1970-01-01T00:00:00Z"}, "impossible_time"),
        ({"role": "customer", "text": "x" * 100_001}, "turn_too_long"),
    ],
)
def test_each_oddity_is_found(turn: dict[str, Any], code: str) -> None:
    report = check({"role": "agent", "text": "Hello"}, turn)
    assert code in codes(report) and next(f for f in report.findings if f.code == code).turn_id == "t2"


def test_every_finding_is_told_not_the_first() -> None:
    report = check(
        {"role": "boss", "text": "a"},
        {"role": "chief", "text": "b"},
        {"role": "customer", "text": ""},
        {"role": "customer", "text": "c\x07"},
    )
    assert [finding.turn_id for finding in report.errors] == ["t1", "t2"]
    assert {"empty_turn", "control_characters"} <= set(codes(report))
    assert "boss" in report.sentence and "chief" in report.sentence


def test_text_is_put_right() -> None:
    report = check({"role": "customer", "text": "CafÃ© for Petrović â€“ please\r\n\r\n\r\n\r\nnow\x07   ok"})
    assert report.turns[0].text == "Café for Petrović – please\n\nnow ok"


def test_order_doubles_and_ids() -> None:
    early, late = "2026-11-20T09:00:00Z", "2026-11-20T10:00:00Z"
    report = check(
        {"id": "a", "role": "agent", "text": "second", "at": late},
        {"id": "a", "role": "customer", "text": "first", "at": early},
        {"id": "c", "role": "customer", "text": "first", "at": early},
        {"id": "d", "role": "agent", "text": "third", "at": "2026-11-20T11:00:00Z"},
    )
    assert [turn.text for turn in report.turns] == ["first", "second", "third"]
    assert [turn.id for turn in report.turns] == ["a-2", "a", "d"]
    assert {"duplicate_id", "duplicate_turn", "out_of_order"} == set(codes(report)) and not report.errors
    kept = check(
        {"role": "customer", "text": "b", "at": late},
        {"role": "agent", "text": "c", "at": early},
        {"role": "agent", "text": "d"},
    )
    assert [turn.text for turn in kept.turns] == ["b", "c", "d"] and "out_of_order" in codes(kept)


def test_what_is_no_conversation() -> None:
    assert codes(check()) == ["no_turns"]
    assert "nobody_speaks" in codes(check({"role": "note", "text": "internal"}))
    assert codes(check({"role": "agent", "text": "Hello"})) == ["no_customer"]
    assert "too_many_turns" in codes(check(*[{"role": "customer", "text": str(n)} for n in range(2_001)]))

"""Where a quote stands, to the character."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidedesk.audits.evidence import Transcript, check
from sidedesk.audits.models import Claim, Criterion, Evidence, Turn


def turn(text: str, role: str = "agent", **more: str) -> Turn:
    return Turn.model_validate({"part_id": "p1", "role": role, "text": text, **more})


def found(text: str, quote: str, **options: object) -> str | None:
    place = Transcript([turn(text)]).locate(quote, **options)  # type: ignore[arg-type]
    if place is None:
        return None
    assert text[place.start : place.end] == place.text
    return place.text


@pytest.mark.parametrize(
    ("text", "quote", "place"),
    [
        ("I’m sorry — really.", "I'm sorry - really", "I’m sorry — really"),
        ("Please\n\n  wait a\u00a0minute", "Please wait a minute", "Please\n\n  wait a\u00a0minute"),
        ("Cafe\u0301 au lait", "Café au lait", "Cafe\u0301 au lait"),
        ("Café au lait", "Cafe\u0301 au", "Café au"),
        ("ﬁnal invoice sent", "final invoice", "ﬁnal invoice"),
        ("zero\u200bwidth words here", "zerowidth words", "zero\u200bwidth words"),
        ("We said “yes” to that…", 'said "yes" to that...', "said “yes” to that…"),
        ("한국어 문장입니다", unicodedata.normalize("NFD", "한국어 문장입니다"), "한국어 문장입니다"),
        ("您的包裹明天到达，请查收。", "包裹明天到达", "包裹明天到达"),
        ("Done.", "Done.", "Done."),
        ("Hi!", "“Hi!”", "Hi!"),
    ],
)
def test_same_words_in_another_dress(text: str, quote: str, place: str) -> None:
    assert found(text, quote) == place


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("I will refund it today", "I will not refund it today"),
        ("I will refund it today", "i will refund it"),
        ("I will refund it today", "will refun"),
        ("I will refund it today", "ill refund it"),
        ("I will refund it today", "I will … today"),
        ("I will refund it today", "it"),
        ("I will refund it today", ""),
        ("I will refund it today", "…"),
        ("Cafe\u0301 au lait", "Cafe"),
        ("resume the call", "résumé the call"),
    ],
)
def test_other_words(text: str, quote: str) -> None:
    assert found(text, quote) is None


def test_a_criterion_may_accept_other_speakers() -> None:
    turns = [turn("My parcel is late", "client"), turn("Customer is angry", "note")]
    criteria = [
        Criterion(id="a", label="A"),
        Criterion(id="b", label="B", quotes_from=["client"]),
        Criterion(id="c", label="C", quotes_from=["agent", "note"]),
    ]
    told = Evidence(quotes=[Claim(text="My parcel is late"), Claim(text="Customer is angry")])
    checked = check(criteria, dict.fromkeys("abc", 3), dict.fromkeys("abc", told), turns)
    assert {name: entry["status"] for name, entry in checked.criteria.items()} == {
        "a": "unsupported", "b": "supported", "c": "supported",
    }  # fmt: skip
    assert [quote["role"] for quote in checked.criteria["c"]["quotes"]] == ["note"]
    assert checked.confidence(0.9) == 0.6 and checked.confidence(None) is None


def test_what_does_not_apply_needs_no_quote() -> None:
    criteria = [Criterion(id="a", label="A"), Criterion(id="b", label="B")]
    told = {"a": Evidence(quotes=[Claim(text="of course I can")])}
    checked = check(criteria, {"a": 4, "b": "n/a"}, told, [turn("Yes, of course I can!")])
    assert checked.criteria["b"]["status"] == "unverified" and checked.confidence(0.8) == 0.8


@given(st.text(min_size=1, max_size=80), st.data())
@settings(max_examples=300, deadline=None)
def test_whatever_is_found_is_a_piece_of_the_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    place = Transcript([turn(text)]).locate(text[start:end])
    if place is not None:
        assert text[place.start : place.end] == place.text

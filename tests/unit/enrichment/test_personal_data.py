"""Personal data: the bars on both corpora, names that are words, and what a conversation's own fields give away."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sidedesk.ai.redaction import Redactor
from sidedesk.enrichment.personal_data import redactor_for, regions_of
from tests.pii import measure


@pytest.mark.parametrize("redactor", [redactor_for, Redactor], ids=["with the text layer", "the gateway's own"])
def test_the_bars_hold_and_what_nobody_tuned_on_is_near(redactor: Callable[[], Redactor]) -> None:
    tuned, held_out = measure.both(redactor)
    for seen in (tuned, held_out, tuned + held_out):
        print("\n" + "\n".join(seen.lines()))
    assert tuned.holds(), (tuned.missed[:20], tuned.false_texts[:20])
    assert (tuned + held_out).holds(), (held_out.missed[:20], held_out.false_texts[:20])
    assert held_out.holds(measure.HELD_OUT_FLOOR), held_out.missed[:20]


def test_national_numbers() -> None:
    tuned, held_out = measure.both(redactor_for)
    assert tuned.recall("NATIONAL_ID") >= 0.97 and held_out.recall("NATIONAL_ID") >= 0.85


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Hi Ana, this is Will Marsh.", "Hi <NAME_1>, this is <NAME_2>."),
        ("Will you call me? I will wait. Will it work?", "Will you call me? I will wait. Will it work?"),
        ("Thanks Will", "Thanks <NAME_1>"),
        ("MARSH, WILL", "<NAME_1>"),
        ("Petrović Ana and Ana Petrović", "<NAME_1> and <NAME_1.2>"),
        ("banana, Anabel, Marshall", "banana, Anabel, Marshall"),
        ("Regards\nWill", "Regards\n<NAME_1>"),
        ("I want a refund, ana!", "I want a refund, ana!"),
    ],
)
def test_names_of_the_conversation(text: str, clean: str) -> None:
    assert redactor_for(["Ana Petrović", "Will Marsh"]).redact(text) == clean


def test_one_person_has_one_number_in_every_turn() -> None:
    redactor = redactor_for(["Ana Petrović"])
    assert redactor.redact("Ana Petrović here") == "<NAME_1> here"
    assert redactor.redact("Hello Ana, hello Petrović") == "Hello <NAME_1.2>, hello <NAME_1.3>"
    assert redactor.counts == {"NAME": 1}


def test_after_sealing_placeholders_stay() -> None:
    redactor = redactor_for([])
    clean = redactor.redact("I wrote <EMAIL_1> and jo@example.com")
    assert clean == "I wrote <LITERAL_1> and <EMAIL_1>"
    redactor.seal()
    assert redactor.redact(clean + " and kim@example.com") == clean + " and <EMAIL_2>"


def test_numbers_of_the_customers_own_country() -> None:
    regions = regions_of(["+34 612 34 56 78", "", "no number", "+49 30 123456"])
    assert regions == ["ES", "DE"]
    assert (
        redactor_for([], regions).redact("es el 612 34 56 79, pedido 612 34 56 79")
        == "es el <PHONE_1>, pedido 612 34 56 79"
    )
    assert redactor_for([], regions).redact("612 345 678 EUR") == "612 345 678 EUR"


@pytest.mark.parametrize(
    "text", ["1" * 5_000, "a " * 5_000, "dni " * 2_000, "1-" * 3_000, "@" * 3_000, "x at y dot " * 500]
)
def test_odd_texts_take_no_time(text: str) -> None:
    redactor_for(["Ana Petrović"], ["DE"]).redact(text)

"""Personal data is found, replaced by stable placeholders, and comes back. Measured on a generated corpus."""

from __future__ import annotations

import random
import string
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidedesk.ai import redaction
from sidedesk.ai.redaction import Redactor, Span, card_holds, iban_holds

NAMES = ("anna", "j.smith", "m_mueller", "o'brien", "li.wei+shop", "sales-eu", "x", "info", "maría", "p.van-dam99")
HOSTS = ("example.com", "mail.example.co.uk", "firma-nord.de", "xn--bcher-kva.example", "a.b.c.example.org", "café.fr")
BEFORE = ("My address is ", "write to ", "(", "Contact: ", "", "mailto:", "e-mail=", "«")
AFTER = (".", ",", ")", " please", "", " or call", "!", "\nThanks", "»", " — thanks")


def digits(dice: random.Random, count: int, first: str = "") -> str:
    return first + "".join(dice.choice(string.digits) for _ in range(count - len(first)))


def email(dice: random.Random) -> str:
    text = f"{dice.choice(NAMES)}{dice.choice(('', str(dice.randint(1, 99))))}@{dice.choice(HOSTS)}"
    return dice.choice((text, text, text.upper(), text.replace("@", " (at) "), text.replace("@", "[at]")))


def phone(dice: random.Random) -> str:
    d = lambda n, first="": digits(dice, n, first)  # noqa: E731
    return dice.choice(
        (
            f"+49 {d(3, '1')} {d(7)}", f"+1 ({d(3, '5')}) {d(3)}-{d(4)}", f"+44{d(10, '7')}", f"+33 6 {d(2)} {d(2)} {d(2)} {d(2)}",
            f"0049 30 {d(7)}", f"({d(3, '2')}) {d(3)}-{d(4)}", f"{d(3, '4')}-{d(3)}-{d(4)}", f"+381 6{d(1)} {d(3)} {d(4)}",
            f"0{d(3, '1')}/{d(7)}", f"06 {d(2)} {d(2)} {d(2)} {d(2)}", f"+86 138 {d(4)} {d(4)}", f"+7 (9{d(2)}) {d(3)}-{d(2)}-{d(2)}",
            f"+55 11 9{d(4)}-{d(4)}", f"+971 50 {d(3)} {d(4)}", f"+91-{d(5, '9')}-{d(5)}", f"020 7{d(3)} {d(4)}", f"0{d(3, '1')} {d(7)}",
        )
    )  # fmt: skip


def bare_phone(dice: random.Random) -> str:
    return dice.choice(("call me at ", "my phone is ", "WhatsApp ", "Tel. ", "Handy: ", "téléphone : ")) + digits(
        dice, 10, "7"
    )


def card(dice: random.Random) -> str:
    prefix, length = dice.choice(
        (
            ("4", 16),
            ("53", 16),
            ("2221", 16),
            ("34", 15),
            ("37", 15),
            ("6011", 16),
            ("65", 16),
            ("36", 14),
            ("3528", 16),
            ("62", 16),
        )
    )
    body = digits(dice, length - 1, prefix)
    number = next(body + last for last in string.digits if card_holds(body + last))
    separator = dice.choice(("", "", " ", "-"))
    return separator.join(number[place : place + 4] for place in range(0, length, 4))


def iban(dice: random.Random) -> str:
    country = dice.choice(("DE", "GB", "FR", "NL", "RS", "ES", "IT", "NO", "MT", "PL"))
    length = redaction._IBAN_LENGTHS[country]
    bank = {"GB": "WEST", "NL": "ABNA", "IT": "X", "MT": "MALT"}.get(country, "")
    body = bank + digits(dice, length - 4 - len(bank))
    check = next(f"{number:02}" for number in range(2, 99) if iban_holds(f"{country}{number:02}{body}"))
    text = country + check + body
    grouped = " ".join(text[place : place + 4] for place in range(0, length, 4))
    return dice.choice((text, grouped, grouped, text.lower()))


MAKERS = {"EMAIL": email, "PHONE": phone, "CARD": card, "IBAN": iban}


def harmless(dice: random.Random) -> str:
    d = lambda n, first="": digits(dice, n, first)  # noqa: E731
    return dice.choice(
        (
            f"Order {d(10, '4')}", f"order number {d(16, '4')}", f"#{d(8)}", f"invoice INV-2026-{d(6)}", f"tracking 1Z{d(16)}", f"Bestellnummer {d(9)}",
            f"ticket {d(7)}", f"ORD-{d(4)}-{d(4)}-{d(4)}", f"parcel {d(14)}", f"{d(12, '5')}", f"on 2026-{dice.randint(10, 12)}-{dice.randint(10, 28)} at 10:{dice.randint(10, 59)}",
            f"SKU {d(13)}", f"costs {d(2)}.{d(3)},{d(2)} EUR", f"version {d(1)}.{d(2)}.{d(3)}", f"IP 192.168.{dice.randint(0, 255)}.{dice.randint(1, 254)}",
            f"reference {d(4)} {d(4)} {d(4)}", f"serial SN{d(10)}", f"{d(4)}-{d(2)}-{d(2)}T10:00:00Z", f"commande n° {d(9)}", f"DE{d(9)} is our VAT id",
            f"order 4{d(3)} {d(4)} {d(4)} {d(4)}", f"from 9:00 to 18:30, {d(3)} pieces", f"@handle{d(3)} on social", f"case 00{d(8, '1')}", f"part no. {d(3)}-{d(3)}-{d(4)}",
        )
    )  # fmt: skip


def test_recall_and_precision_on_a_generated_corpus() -> None:
    dice = random.Random(20_261_121)
    caught, total = Counter[str](), Counter[str]()
    missed: list[str] = []
    for kind, make in MAKERS.items():
        for _ in range(2_000):
            value = make(dice)
            text = dice.choice(BEFORE) + value + dice.choice(AFTER)
            clean = Redactor().redact(text)
            total[kind] += 1
            if f"<{kind}_1>" in clean and not any(part in clean for part in value.split() if len(part) > 3):
                caught[kind] += 1
            else:
                missed.append(f"{kind}: {text!r} -> {clean!r}")
    for _ in range(1_000):
        text = bare_phone(dice)
        total["PHONE, bare"] += 1
        caught["PHONE, bare"] += "<PHONE_1>" in Redactor().redact(text)
    false = [text for text in (harmless(dice) for _ in range(5_000)) if Redactor().redact(text) != text]
    print("\nredaction: " + ", ".join(f"{kind} {caught[kind] / total[kind]:.2%} of {total[kind]}" for kind in total))
    print(f"redaction: false hits {len(false)} of 5000 ({len(false) / 5000:.2%})", false[:5])
    assert all(caught[kind] / total[kind] >= 0.99 for kind in total), missed[:20]
    assert len(false) / 5000 < 0.01, false[:20]


def test_the_same_value_has_the_same_placeholder_in_every_message() -> None:
    redactor = Redactor()
    assert redactor.redact("Jo@Example.com and kim@example.com") == "<EMAIL_1> and <EMAIL_2>"
    text = "again jo@example.com, +49 151 234567-8 = +49 (151) 2345678, +49 151 234567-8"
    clean = redactor.redact(text)
    assert clean == "again <EMAIL_1.2>, <PHONE_1> = <PHONE_1.2>, <PHONE_1>" and redactor.restore(clean) == text
    assert redactor.restore("Wrote to <EMAIL_2>, <EMAIL_7> unknown") == "Wrote to kim@example.com, <EMAIL_7> unknown"
    assert redactor.restore_all({"to": ["<EMAIL_1>", 3, None]}) == {"to": ["Jo@Example.com", 3, None]}
    assert redactor.counts == {"EMAIL": 2, "PHONE": 1}


def test_somebody_who_writes_our_notation_gains_nothing() -> None:
    redactor = Redactor()
    clean = redactor.redact("My address is jo@example.com. Repeat <EMAIL_1> and <CARD_9>.")
    assert clean == "My address is <EMAIL_1>. Repeat <LITERAL_1> and <LITERAL_2>."
    assert redactor.restore(clean) == "My address is jo@example.com. Repeat <EMAIL_1> and <CARD_9>."
    assert redactor.counts == {"EMAIL": 1}


def test_another_detector_joins_without_changing_anything_else() -> None:
    def names(text: str) -> list[Span]:
        return [Span(place, place + 3, "NAME") for place in [text.find("Ana")] if place >= 0]

    redactor = Redactor((*redaction.DETECTORS, names))
    assert redactor.redact("Ana: ana@example.com") == "<NAME_1>: <EMAIL_1>"


@pytest.mark.parametrize(
    "text",
    ["", "Nothing here.", "@", "a@b", "+", "4" * 400, "DE" + "1" * 60, "a@" * 500, "(" * 1000, "0 " * 3000, "." * 5000],
)
def test_odd_texts_are_left_alone_and_fast(text: str) -> None:
    assert Redactor().restore(Redactor().redact(text)) == text


@given(st.text(alphabet=st.sampled_from("ab@.+0123456789 -()<>_EMAILDE/"), max_size=120))
def test_what_was_taken_out_always_comes_back(text: str) -> None:
    redactor = Redactor()
    assert redactor.restore(redactor.redact(text)) == text

"""Personal values as people write them, made anew for each seed: real number plans, real checksums, many styles."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from importlib import import_module

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from stdnum import iban as iban_rules
from stdnum import luhn

Dice = random.Random


def digits(dice: Dice, count: int, first: str = "") -> str:
    return first + "".join(dice.choice(string.digits) for _ in range(count - len(first)))


# E-mail ---------------------------------------------------------------------------------------------------------------

_USERS = (
    "anna", "j.smith", "m_mueller", "o'brien", "li.wei", "sales-eu", "x", "maría.josé", "p.van-dam99", "Kovač", "иван",
    "søren.k", "a.b.c.d", "1984", "jean-luc", "müller", "tanaka_ken", "no-reply", "zoë", "r2d2",
)  # fmt: skip
_DOMAINS = (
    "example.com", "mail.example.co.uk", "firma-nord.de", "xn--bcher-kva.example", "a.b.c.example.org", "café.fr",
    "bücher.example", "пример.рф", "例え.jp", "παράδειγμα.gr", "shop.example.museum", "example.technology",
    "mx1.corp.example.com.br", "uni-köln.example", "xn--e1afmkfd.xn--p1ai", "3m.example", "डाटामेल.भारत",
)  # fmt: skip


def email(dice: Dice) -> str:
    user, domain = dice.choice(_USERS), dice.choice(_DOMAINS)
    if dice.random() < 0.25:
        user += "+" + dice.choice(("shop", "2026", "news.letter", "a_b"))
    user += dice.choice(("", "", str(dice.randint(1, 99))))
    plain = f"{user}@{domain}"
    spelled = domain.replace(".", " dot ")
    return dice.choice(
        (
            plain, plain, plain, plain, plain.upper(), plain.title(), f"{user} (at) {domain}", f"{user}[at]{domain}", f"{user} [at] {domain}",
            f"{user} at {spelled}", f"{user}(at){domain.replace('.', '(dot)')}", f"{user} AT {domain.replace('.', ' DOT ')}",
            f"{user} [at] {domain.replace('.', ' [dot] ')}", f"{user} @ {domain}", f"{user}＠{domain}", f"{user} arroba {domain.replace('.', ' punto ')}",
        )
    )  # fmt: skip


# Phones ---------------------------------------------------------------------------------------------------------------

TUNED_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "RS", "BR", "IN", "PL", "SE", "AU", "CH")
HELD_OUT_REGIONS = (*TUNED_REGIONS, "AT", "PT", "MX", "JP", "ZA", "TR", "IE", "BE", "DK", "NO", "AE", "CZ")


def valid_number(dice: Dice, region: str) -> phonenumbers.PhoneNumber:
    """A valid number of the region's plan: an example with its last digits thrown anew."""
    while True:
        example = phonenumbers.example_number_for_type(
            region, dice.choice((PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE))
        )
        if example is None:
            continue
        whole = str(example.national_number)
        keep = len(whole) - dice.randint(4, 6)
        thrown = phonenumbers.PhoneNumber(
            country_code=example.country_code, national_number=int(whole[:keep] + digits(dice, len(whole) - keep)),
            italian_leading_zero=example.italian_leading_zero,
        )  # fmt: skip
        if phonenumbers.is_valid_number(thrown):
            return thrown


def phone_abroad(dice: Dice, region: str) -> str:
    """With its country: it says phone by itself."""
    number = valid_number(dice, region)
    spaced = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    plain = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    code, rest = spaced.split(" ", 1) if " " in spaced else (spaced[:3], spaced[3:])
    return dice.choice(
        (
            spaced, spaced, plain, plain, spaced.replace(" ", "-"), spaced.replace(" ", "."), spaced.replace(" ", "\u00a0"),
            f"{code} (0) {rest}" if region in ("DE", "GB", "CH", "SE", "NL", "AT") else spaced, f"({code}) {rest}", f"00{plain[1:]}",
            "00" + spaced[1:], f"tel:{plain}", spaced.replace(" ", "  ", 1), spaced.replace("-", "\u2011"), f"{code}/{rest}", f"011 {plain[1:]}" if region == "US" else plain,
            f"{plain} ext. {dice.randint(10, 999)}",
        )
    )  # fmt: skip


def phone_at_home(dice: Dice, region: str) -> str:
    """As people of one country write it to each other."""
    number = valid_number(dice, region)
    spaced = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    plain = "".join(character for character in spaced if character.isdigit())
    styles = [
        spaced,
        spaced,
        spaced,
        plain,
        spaced.replace(" ", "-"),
        spaced.replace(" ", "."),
        spaced.replace(" ", ""),
    ]
    if plain.startswith("0"):
        styles.append(spaced.replace(" ", "/", 1) if " " in spaced else spaced)
    return dice.choice(styles)


# Cards ----------------------------------------------------------------------------------------------------------------

_ISSUERS = (
    ("4", 16), ("4", 13), ("51", 16), ("55", 16), ("2221", 16), ("2720", 16), ("34", 15), ("37", 15), ("6011", 16), ("65", 16), ("644", 16),
    ("36", 14), ("300", 14), ("38", 14), ("3528", 16), ("3589", 16), ("62", 16), ("62", 19), ("5018", 16), ("6759", 16), ("6763", 16), ("2200", 16),
    ("2204", 16), ("4", 19), ("6304", 19), ("6062", 16),
)  # fmt: skip


def card(dice: Dice) -> str:
    prefix, length = dice.choice(_ISSUERS)
    body = digits(dice, length - 1, prefix)
    number = body + luhn.calc_check_digit(body)
    style = dice.choice(("plain", "plain", " ", " ", "-", ".", "\u00a0", "amex"))
    if style == "plain":
        return number
    if style == "amex" and length == 15:
        return f"{number[:4]} {number[4:10]} {number[10:]}"
    separator = " " if style == "amex" else style
    return separator.join(number[place : place + 4] for place in range(0, length, 4))


# IBANs ----------------------------------------------------------------------------------------------------------------

# What stands after the check digits: n digits, a letters, c either.
_ACCOUNTS = {
    "DE": "18n", "GB": "4a14n", "FR": "10n11c2n", "NL": "4a10n", "RS": "18n", "ES": "20n", "IT": "1a10n12c", "NO": "11n", "MT": "4a5n18c",
    "PL": "24n", "CH": "5n12c", "AT": "16n", "BE": "12n", "PT": "21n", "SE": "20n", "DK": "14n", "FI": "14n", "IE": "4a14n", "CZ": "20n",
    "TR": "5n1n16c", "AE": "19n", "SA": "2n18c", "BR": "23n1a1c", "HR": "17n", "RO": "4a16c", "UA": "6n19c", "EG": "25n",
}  # fmt: skip
TUNED_COUNTRIES = ("DE", "GB", "FR", "NL", "RS", "ES", "IT", "NO", "MT", "PL", "CH", "AT", "BE", "PT")
HELD_OUT_COUNTRIES = tuple(_ACCOUNTS)


def iban(dice: Dice, country: str) -> str:
    account, count = "", ""
    for character in _ACCOUNTS[country]:
        if character.isdigit():
            count += character
            continue
        letters = {"n": string.digits, "a": string.ascii_uppercase, "c": string.digits + string.ascii_uppercase}
        account += "".join(dice.choice(letters[character]) for _ in range(int(count)))
        count = ""
    whole = country + iban_rules.calc_check_digits(f"{country}00{account}") + account
    grouped = " ".join(whole[place : place + 4] for place in range(0, len(whole), 4))
    return dice.choice(
        (whole, whole, grouped, grouped, grouped, whole.lower(), grouped.lower(), grouped.replace(" ", "-"))
    )


# National numbers -----------------------------------------------------------------------------------------------------


def _found(dice: Dice, module: str, make: Callable[[], str]) -> str:
    """Thrown until the country's own rules accept it."""
    rules = import_module(f"stdnum.{module}")
    while True:
        candidate = make()
        if rules.is_valid(candidate):
            return candidate


def _day(dice: Dice, pattern: str) -> str:
    parts = {"Y": f"{dice.randint(50, 99):02}", "M": f"{dice.randint(1, 12):02}", "D": f"{dice.randint(1, 28):02}"}
    return "".join(parts[letter] for letter in pattern)


def national_id(dice: Dice) -> tuple[str, str]:
    """(what people call it, the number)"""
    d, letters = lambda n: digits(dice, n), string.ascii_uppercase
    found: list[tuple[str, str, Callable[[], str]]] = [
        ("SSN", "us.ssn", lambda: f"{d(3)}-{d(2)}-{d(4)}"),
        ("DNI", "es.dni", lambda: d(8) + dice.choice(letters)),
        ("NIE", "es.nie", lambda: dice.choice("XYZ") + d(7) + dice.choice(letters)),
        ("Steuer-ID", "de.idnr", lambda: d(11)),
        ("BSN", "nl.bsn", lambda: d(9)),
        ("PESEL", "pl.pesel", lambda: _day(dice, "YMD") + d(5)),
        ("CPF", "br.cpf", lambda: f"{d(3)}.{d(3)}.{d(3)}-{d(2)}"),
        ("personnummer", "se.personnummer", lambda: f"{_day(dice, 'YMD')}-{d(4)}"),
        ("fødselsnummer", "no.fodselsnummer", lambda: _day(dice, "DMY") + d(5)),
        ("HETU", "fi.hetu", lambda: f"{_day(dice, 'DMY')}-{d(3)}{dice.choice('0123456789ABCDEFHJKLMNPRSTUVWXY')}"),
        ("AHV-Nummer", "ch.ssn", lambda: f"756.{d(4)}.{d(4)}.{d(2)}"),
        ("NHS number", "gb.nhs", lambda: f"{d(3)} {d(3)} {d(4)}"),
        ("OIB", "hr.oib", lambda: d(11)),
        ("RUT", "cl.rut", lambda: f"{dice.randint(5, 25)}.{d(3)}.{d(3)}-{dice.choice('0123456789K')}"),
        ("Aadhaar", "in_.aadhaar", lambda: f"{dice.randint(2, 9)}{d(3)} {d(4)} {d(4)}"),
    ]  # fmt: skip
    name, module, make = dice.choice(found)
    return name, _found(dice, module, make)

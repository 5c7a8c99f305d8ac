"""Personal data stays here: e-mails, phones, cards and IBANs leave as typed placeholders and come back in the answer.

A Redactor is one conversation's memory: the same value has the same placeholder in every message, and the mapping
lives in this object only. Another spelling of a known value is told apart (`<PHONE_1.2>`), so that quotes come back
letter by letter. A detector is a function from text to spans; more of them (names, national ids) join the tuple
without anything else changing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29, "BY": 28, "CH": 21,
    "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18,
    "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26,
    "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24,
    "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29,
    "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23,
    "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip

_SEPARATOR = r"[ \u00a0\u2009\u202f\-\u2010-\u2013.]"
# Letters of some scripts carry vowel signs that are no word characters of their own.
_SIGNS = r"\u0900-\u0dff\u0e00-\u0eff"
_LABEL = rf"(?:[^\W_]|[{_SIGNS}])(?:[\w{_SIGNS}-]{{0,61}}(?:[^\W_]|[{_SIGNS}]))?"
_TOP = rf"(?:xn--[a-z0-9-]{{2,59}}|(?:[^\W\d_]|[{_SIGNS}]){{2,24}})(?![\w{_SIGNS}-])"
_EMAIL = re.compile(
    rf"(?<![\w{_SIGNS}.+%-])[\w{_SIGNS}.+%&'-]{{1,64}}\s?(?:@|\(at\)|\[at\]|\{{at\}}|＠)\s?"
    rf"(?:{_LABEL}(?:\.|\s?(?:\(dot\)|\[dot\]|\{{dot\}})\s?))+{_TOP}",
    re.IGNORECASE,
)
# Said aloud: "anna dot smith at example dot com".
_DOT = r"\s(?:dot|punto|ponto|point|punkt|точка)\s"
_SPELLED = re.compile(
    rf"(?<![\w.+-])[\w.+%'-]{{1,64}}(?:{_DOT}[\w+%'-]{{1,64}}){{0,3}}\s(?:at|arroba|arobase|chiocciola|klammeraffe|ät|собака)\s(?:{_LABEL}{_DOT}){{1,5}}{_TOP}",
    re.IGNORECASE,
)
_IBAN = re.compile(rf"(?<![A-Za-z0-9])[A-Za-z]{{2}}\d{{2}}(?:{_SEPARATOR}?[A-Za-z0-9]){{11,30}}(?![A-Za-z0-9])")
_CARD = re.compile(rf"(?<![\w-])\d(?:{_SEPARATOR}?\d){{12,18}}(?![\w-])")
# A plus or an international prefix says phone by itself; national forms need their punctuation, other digits need a word near them.
_PHONE_INTERNATIONAL = re.compile(
    rf"(?<![\w+])(?:\+|＋|(?<![-/#.,])(?:00|011[ -])(?=[ (]?[1-9]))\s?\(?\d(?:[()/]|{_SEPARATOR}){{0,3}}(?:\d(?:[()/]|{_SEPARATOR}){{0,3}}){{5,13}}\d(?![\w-])"
)
# Brackets around the country's part: (+49) 30 1234567.
_PHONE_BRACKETS = re.compile(
    rf"\((?:\+|00)\d{{1,3}}\)(?:{_SEPARATOR}|/)?\(?\d(?:(?:[()/]|{_SEPARATOR}){{0,3}}\d){{5,12}}(?![\w-])"
)
_PHONE_NATIONAL = re.compile(
    rf"(?<![\w+#/.,-])(?<!\d[: ])(?:\(\d{{2,5}}\){_SEPARATOR}?\d{{3,5}}{_SEPARATOR}?\d{{3,4}}"  # (555) 123-4567
    rf"|\d{{3}}[-. ]\d{{3}}[-. ]\d{{4}}"  # 555-123-4567
    rf"|0\d{{1,4}}[ /-]{{1,3}}\d{{3,8}}(?:[ -]?\d{{2,5}}){{0,3}}"  # 030 / 1234567
    rf"|0\d(?:[ .-]\d{{2}}){{4}})(?![\w-]|[.,:/]\d)"  # 06 12 34 56 78
)
_PHONE_LOOSE = re.compile(
    rf"(?<![\w+#.,-])(?<!\d[:/])\(?\d(?:(?:[()/]|{_SEPARATOR}){{0,3}}\d){{5,13}}(?![\w-]|[.,:/]\d)"
)
_PHONE = (
    r"(?:(?:tele|cell ?)?phone|telefon\w*|tel|tél\w*|teléfono|telefone|telefono|telefoon\w*|telemóvel|mobi[el]\w*|móvil|celular|cellulare|cell|handy\w*|whats\s?app|sms|call|text|ring|reach|dial|"
    r"portable|rufnummer|durchwahl|festnetz|landline|hotline|joignable|reachable|kontakt\w*|contact\w*|contatt\w*|llám\w*|llama\w*|chiam\w*|appel\w*|bel me|anrufen|erreich\w*|zadzwo\w*|komórk\w*|liga|fax|"
    r"телефон\w*|звоните|позвоните|電話|电话|手机|هاتف|numara\w*)"
)
# "My number is …", where it is no order's.
_PHONE_OWN = re.compile(
    r"(?<!\w)(?:my|our|his|her|their|new|work|home|office|mein\w*|unser\w*|mon|notre|mi|nuestro|mio|nostro|mijn|ons|min|mitt|mój|meu|nosso|moj|moje|мой)\w{0,2}\s+"
    r"(?:(?:new|work|home|office|private|neue|nuevo|nouveau|nuovo|nieuwe|nya|nowy|novo)\s+)?(?:number|nr|no|nummer|numéro|número|numero|numer|broj|номер)(?!\w)\W{0,4}(?:\w+\W{1,3}){0,3}$",
    re.IGNORECASE,
)
_PHONE_WORDS = re.compile(rf"(?<!\w){_PHONE}\W{{0,4}}(?:\w+\W{{1,3}}){{0,5}}$", re.IGNORECASE)
_PHONE_AFTER = re.compile(rf"\W{{1,4}}(?:[\w']+\W{{1,3}}){{0,4}}{_PHONE}(?!\w)", re.IGNORECASE)
# A day, a time, or a span of them: 21.11.2026, 2026-11-21, 9.00 - 18.30.
_DATE = re.compile(
    r"\(?(?:\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d{2}|(?:19|20)\d{2}[./-]\d{1,2}[./-]\d{1,2}|\d{1,2}[.:]\d{2}\s?[-–]\s?\d{1,2}[.:]\d{2})(?!\d)"
)
_REFERENCE_WORDS = re.compile(
    r"(?:\b(?:order|orders|invoice|ticket|tracking|parcel|shipment|reference|ref|case|booking|transaction|sku|ean|gtin|upc|isbn|barcode|voucher|coupon|article|item|part|serial|contract|policy|account id|postcode|zip|"
    r"bestell\w*|rechnung\w*|auftrag\w*|sendung\w*|pedido|factura|commande|facture|ordine|fattura|bestelling|zamówieni\w*|заказ\w*)\b|订单|注文)"
    r"\W{0,3}(?:\b(?:number|numbers|no|nr|num|id|is|code|número|numéro|numero|nummer|номер)\b\W{0,3}){0,2}$|[#№]\s?$",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]{1,20}_\d{1,5}(?:\.\d{1,3})?>")
_CONTEXT = 60


@dataclass(frozen=True, slots=True)
class Span:
    start: int
    end: int
    kind: str
    same_as: str = ""  # whose value it is, where the text alone does not tell


Detector = Callable[[str], Iterable[Span]]


def emails(text: str) -> Iterator[Span]:
    for pattern in (_EMAIL, _SPELLED):
        for match in pattern.finditer(text):
            yield Span(match.start(), match.end(), "EMAIL")


def ibans(text: str) -> Iterator[Span]:
    for match in _IBAN.finditer(text):
        # The pattern may run on into the next word: cut at the length of the country, then let the checksum decide.
        length = _IBAN_LENGTHS.get(match.group()[:2].upper())
        end = _end_after(match.group(), length) if length else None
        if (
            end
            and iban_holds(match.group()[:end])
            and not text[match.start() + end : match.start() + end + 1].isalnum()
        ):
            yield Span(match.start(), match.start() + end, "IBAN")


def cards(text: str) -> Iterator[Span]:
    for match in _CARD.finditer(text):
        digits = _digits(match.group())
        if card_holds(digits) and not called_a_reference(text, match.start()):
            yield Span(match.start(), match.end(), "CARD")


def phones(text: str) -> Iterator[Span]:
    for pattern in (_PHONE_BRACKETS, _PHONE_INTERNATIONAL):
        for match in pattern.finditer(text):
            plus, count = not match.group().startswith("0"), len(_digits(match.group()))
            # Two zeros may begin anything: then the length of a whole number is asked for.
            if 7 <= count <= 16 and (plus or (count >= 10 and not called_a_reference(text, match.start()))):
                yield Span(match.start(), match.end(), "PHONE")
    for pattern, needs_word in ((_PHONE_NATIONAL, False), (_PHONE_LOOSE, True)):
        for match in pattern.finditer(text):
            if called_a_reference(text, match.start()) or (needs_word and not _called_phone(text, match)):
                continue
            if (7 if needs_word else 8) <= len(_digits(match.group())) <= 15:
                yield Span(match.start(), match.end(), "PHONE")


def _called_phone(text: str, match: re.Match[str]) -> bool:
    if _DATE.match(match.group()):
        return False
    return (
        _after(_PHONE_WORDS, text, match.start())
        or _after(_PHONE_OWN, text, match.start())
        or bool(_PHONE_AFTER.match(text, match.end(), min(len(text), match.end() + _CONTEXT)))
    )


def literal_placeholders(text: str) -> Iterator[Span]:
    """Somebody wrote our own notation: it must not be mistaken for a value of ours on the way back."""
    for match in _PLACEHOLDER.finditer(text):
        yield Span(match.start(), match.end(), "LITERAL")


# The first detector that claims a stretch of text keeps it.
DETECTORS: tuple[Detector, ...] = (literal_placeholders, emails, ibans, cards, phones)


class Redactor:
    """Replaces and restores, for one conversation."""

    def __init__(self, detectors: Sequence[Detector] = DETECTORS) -> None:
        self._detectors = detectors
        self._spellings: dict[tuple[str, str], list[str]] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._originals: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()
        self._sealed = False

    def seal(self) -> None:
        """From here on texts come from `redact` already: the placeholders in them are ours, and stay."""
        self._sealed = True

    @property
    def counts(self) -> dict[str, int]:
        """Kind -> how many distinct values are kept back."""
        return {kind: number for kind, number in self._numbers.items() if kind != "LITERAL"}

    def redact(self, text: str) -> str:
        parts, position = [], 0
        for span in self._spans(text):
            parts += [text[position : span.start], self._placeholder(span, text[span.start : span.end])]
            position = span.end
        return "".join([*parts, text[position:]])

    def restore(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda match: self._originals.get(match.group(), match.group()), text)

    def restore_all(self, value: Any) -> Any:
        """The same inside lists and objects."""
        if isinstance(value, str):
            return self.restore(value)
        if isinstance(value, list):
            return [self.restore_all(item) for item in value]
        if isinstance(value, dict):
            return {key: self.restore_all(item) for key, item in value.items()}
        return value

    def _spans(self, text: str) -> list[Span]:
        taken: list[Span] = []
        for detector in self._detectors:
            found = [span for span in detector(text) if not any(_overlap(span, other) for other in taken)]
            taken += _without_overlaps(found)
        return sorted(taken, key=lambda span: span.start)

    def _placeholder(self, span: Span, value: str) -> str:
        kind = span.kind
        if kind == "LITERAL" and self._sealed:
            return value
        key = (kind, span.same_as or _normal(kind, value))
        if key not in self._names:
            self._numbers[kind] += 1
            self._names[key] = f"{kind}_{self._numbers[kind]}"
        spellings = self._spellings.setdefault(key, [])
        if value not in spellings:
            spellings.append(value)
        which = spellings.index(value) + 1
        placeholder = f"<{self._names[key]}>" if which == 1 else f"<{self._names[key]}.{which}>"
        self._originals[placeholder] = value
        return placeholder


def card_holds(digits: str) -> bool:
    """A known issuer's prefix and length, and Luhn's checksum: a random number passes one time in some forty."""
    two, three, four = int(digits[:2]), int(digits[:3]), int(digits[:4])
    length = len(digits)
    known = (
        (digits[0] == "4" and length in (13, 16, 19))
        or ((51 <= two <= 55 or 2221 <= four <= 2720) and length == 16)
        or (two in (34, 37) and length == 15)
        or ((two in (60, 65, 81, 82) or 644 <= three <= 649) and length in (16, 19))
        or (2200 <= four <= 2204 and length in (16, 19))
        or (3528 <= four <= 3589 and length in (16, 19))
        or ((300 <= three <= 305 or two in (36, 38, 39)) and length in (14, 16))
        or (two in (62, 50, 56, 57, 58, 63, 67) and 16 <= length <= 19)
    )
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return known and sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def iban_holds(text: str) -> bool:
    """Right length for its country, and remainder 1 when divided by 97."""
    compact = re.sub(r"[^A-Za-z0-9]", "", text).upper()
    if _IBAN_LENGTHS.get(compact[:2]) != len(compact) or not compact.isascii():
        return False
    return int("".join(str(int(character, 36)) for character in compact[4:] + compact[:4])) % 97 == 1


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _normal(kind: str, value: str) -> str:
    if kind in ("PHONE", "CARD"):
        return _digits(value)
    return re.sub(r"[\s-]", "", value).lower() if kind == "IBAN" else value.lower()


def called_a_reference(text: str, position: int) -> bool:
    """Do the words before it say that a number is an order's, a parcel's, a case's?"""
    return _after(_REFERENCE_WORDS, text, position)


def _after(words: re.Pattern[str], text: str, position: int) -> bool:
    return words.search(text, max(0, position - _CONTEXT), position) is not None


def _end_after(text: str, characters: int) -> int | None:
    """Where the n-th letter or digit of a text ends."""
    seen = 0
    for position, character in enumerate(text):
        seen += character.isalnum()
        if seen == characters:
            return position + 1
    return None


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _without_overlaps(spans: list[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda found: (found.start, -found.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept

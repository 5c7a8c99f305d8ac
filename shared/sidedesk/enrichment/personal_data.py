"""More detectors of personal data, for functions that carry the text layer: national numbers, phones of known countries, known names.

They join the gateway's own (`ai/redaction.py`); the first detector that claims a stretch of text keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import Final

from sidedesk.ai.redaction import DETECTORS, Detector, Redactor, Span, called_a_reference, literal_placeholders

# Shapes that say what they are once the country's own checksum agrees. Modules of python-stdnum.
_SHAPES: Final = tuple(
    (module, re.compile(rf"(?<![\w.,/-])(?:{shape})(?![\w-]|[./]\d)"))
    for module, shape in (
        ("us.ssn", r"\d{3}-\d{2}-\d{4}"),
        ("es.dni", r"\d{8}-?[A-Za-z]"),
        ("es.nie", r"[XYZxyz]-?\d{7}-?[A-Za-z]"),
        ("it.codicefiscale", r"[A-Za-z]{6}\d{2}[A-Za-z]\d{2}[A-Za-z]\d{3}[A-Za-z]"),
        ("fi.hetu", r"\d{6}[-+A-FU-Ya-fu-y]\d{3}[0-9A-Za-y]"),
        ("se.personnummer", r"(?:\d{2})?\d{6}[-+]\d{4}"),
        ("dk.cpr", r"\d{6}-\d{4}"),
        ("br.cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}"),
        ("cl.rut", r"\d{1,2}\.\d{3}\.\d{3}-[\dKk]"),
        ("ch.ssn", r"756\.?\d{4}\.?\d{4}\.?\d{2}"),
        ("fr.nir", r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}"),
        ("cz.rc", r"\d{6}/\d{3,4}"),
        ("mx.curp", r"[A-Za-z]{4}\d{6}[HMhm][A-Za-z]{5}[0-9A-Za-z]\d"),
        ("in_.pan", r"[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]"),
        ("cn.ric", r"\d{17}[\dXx]"),
        ("ie.pps", r"\d{7}[A-Wa-w][A-Ia-iWw]?"),
    )
)
# After such a word even a mistyped number is somebody's.
_NAMED: Final = re.compile(
    r"(?<!\w)(?:ssn|social security|national id\w*|national insurance|nhs|personal id\w*|id card|identity card|passport|driv\w+ licen[cs]e|tax ?id\w*|tin|steuer-?id\w*|"
    r"steuernummer|ausweis\w*|reisepass\w*|sozialversicherungs\w*|ahv\w*|dni|nie|nif|pasaporte|cédula|curp|rut|cpf|rg|passaporto|codice fiscale|bsn|burgerservicenummer|"
    r"paspoort\w*|pesel|dowód\w*|jmbg|oib|cnp|egn|personnummer|fødselsnummer|hetu|henkilötunnus|cpr|aadhaar|pan|numéro de sécurité sociale|passeport|kimlik\w*|паспорт\w*|инн|снилс)"
    r"(?:[\W_]{1,4}(?:number|numbers|no|nr|nummer|número|numéro|numero|num|id|is|was|lautet|ist|es|est|è|é|which|card|code|my|номер)(?!\w)){0,4}[\W_]{1,4}"
    r"(?P<value>[A-Za-z]{0,3}\d[0-9A-Za-z]*(?:[ ./-]\d[0-9A-Za-z]*|[-/.][A-Za-z](?!\w)){0,5})(?!\w)",
    re.IGNORECASE,
)
_DIGITS: Final = re.compile(r"\d{4}|\d.\d{3}")
_COUNTABLE: Final = re.compile(r"\s?(?:€|\$|£|%|eur|usd|rsd|zł|kr|pieces|pcs|stück|km|kg)\b", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(?<![\w+#.,/-])(?<!\d[: ])\(?\d(?:[ ()./-]{0,2}\d){7,13}(?![\w-]|[.,:/]\d)")


def national_ids(text: str) -> Iterator[Span]:
    if not _DIGITS.search(text):
        return
    for match in _NAMED.finditer(text):
        if 6 <= sum(character.isdigit() for character in match["value"]) <= 18:
            yield Span(match.start("value"), match.end("value"), "NATIONAL_ID")
    for module, shape in _SHAPES:
        for match in shape.finditer(text):
            if _valid(module, match.group()) and not called_a_reference(text, match.start()):
                yield Span(match.start(), match.end(), "NATIONAL_ID")


def _valid(module: str, value: str) -> bool:
    return bool(import_module(f"stdnum.{module}").is_valid(value))


def phones_of(regions: Sequence[str]) -> Detector:
    """Numbers written as at home in these countries, with no word that says phone: valid there, and grouped as they do."""

    def found(text: str) -> Iterator[Span]:
        import phonenumbers

        for match in _NUMBER.finditer(text):
            if (
                called_a_reference(text, match.start())
                or _COUNTABLE.match(text, match.end())
                or not re.search(r"[ ()./-]", match.group())
            ):
                continue
            groups = re.findall(r"\d+", match.group())
            for region in regions:
                try:
                    number = phonenumbers.parse(match.group(), region)
                except phonenumbers.NumberParseException:
                    continue
                written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
                if phonenumbers.is_valid_number(number) and re.findall(r"\d+", written) == groups:
                    yield Span(match.start(), match.end(), "PHONE")
                    break

    return found


# Names ----------------------------------------------------------------------------------------------------------------

# First and last names that are words too: alone they are a name only where a name stands.
_WORDS: Final = frozenset(
    [
        "will",
        "mark",
        "may",
        "rose",
        "grace",
        "hope",
        "bill",
        "frank",
        "art",
        "max",
        "guy",
        "joy",
        "april",
        "june",
        "august",
        "angel",
        "christian",
        "major",
        "rich",
        "young",
        "king",
        "long",
        "black",
        "brown",
        "white",
        "green",
        "gray",
        "price",
        "best",
        "day",
        "love",
        "sky",
        "summer",
        "autumn",
        "dawn",
        "faith",
        "chance",
        "chase",
        "drew",
        "ray",
        "sue",
        "pat",
        "rob",
        "don",
        "jack",
        "nick",
        "miles",
        "penny",
        "robin",
        "ruby",
        "pearl",
        "amber",
        "olive",
        "lily",
        "daisy",
        "ivy",
        "holly",
        "iris",
        "heather",
        "violet",
        "ginger",
        "sandy",
        "dean",
        "earl",
        "duke",
        "baron",
        "bishop",
        "cook",
        "baker",
        "smith",
        "fisher",
        "hunter",
        "carter",
        "mason",
        "taylor",
        "porter",
        "page",
        "parker",
        "potter",
        "turner",
        "walker",
        "west",
        "north",
        "south",
        "east",
        "bell",
        "wood",
        "woods",
        "field",
        "stone",
        "rivers",
        "lake",
        "moon",
        "star",
        "wolf",
        "fox",
        "bird",
        "hall",
        "church",
        "power",
        "powers",
        "small",
        "short",
        "little",
        "good",
        "sharp",
        "strong",
        "swift",
        "case",
        "cash",
        "bond",
        "law",
        "lane",
        "ford",
        "english",
        "french",
        "german",
        "holland",
        "israel",
        "jordan",
        "paris",
        "london",
        "sidney",
        "china",
        "india",
        "florence",
        "victoria",
        "virginia",
        "carolina",
        "georgia",
        "madison",
        "austin",
        "dallas",
        "houston",
        "santiago",
        "support",
        "agent",
        "service",
        "team",
        "customer",
        "bot",
        "admin",
        "sales",
        "help",
        "care",
        "desk",
        "klein",
        "gross",
        "kurz",
        "lang",
        "sommer",
        "winter",
        "weiss",
        "schwarz",
        "roth",
        "braun",
        "koch",
        "richter",
        "schneider",
    ]
)
# A name follows, or came before.
_INTRODUCES: Final = re.compile(
    r"(?:\b(?:hi|hello|hey|dear|thanks|thank you|cheers|regards|best|sincerely|mr|mrs|ms|dr|i'?m|i am|name is|named|called|this is|with|from|by|ask(?:ed)?|told|"
    r"hola|estimad[oa]|gracias|hallo|liebe[rs]?|danke|grüße|gruß|herr|frau|bonjour|cher|chère|merci|ciao|grazie|olá|obrigad[oa]|soy|ich bin|je suis|sono)[\s,.:!]{1,3})$",
    re.IGNORECASE,
)
_SHORTEST: Final = 2


def names_of(people: Iterable[str]) -> Detector:
    """The names that a conversation's own fields give, whole or in part, each person under one placeholder."""
    whole: list[tuple[re.Pattern[str], str]] = []
    parts: dict[str, str] = {}
    for person in dict.fromkeys(" ".join(name.split()) for name in people):
        pieces = [piece for piece in re.split(r"[\s,]+", person) if piece]
        if "@" in person or not pieces or not any(character.isalpha() for character in person):
            continue
        if len(pieces) > 1:
            spaced = r"[\s,]{1,3}".join(map(re.escape, pieces))
            turned = r"[\s,]{1,3}".join(map(re.escape, reversed(pieces)))
            whole.append((re.compile(rf"(?<!\w)(?:{spaced}|{turned})(?!\w)", re.IGNORECASE), person.casefold()))
        for piece in pieces:
            if (len(piece.strip(".")) >= _SHORTEST and piece.isidentifier()) or "-" in piece or "'" in piece:
                parts.setdefault(piece.casefold(), person.casefold())
    # Scripts without spaces and capitals have no parts to tell from words.
    single = re.compile(
        rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(parts, key=len, reverse=True)))})(?!\w)", re.IGNORECASE
    )

    def found(text: str) -> Iterator[Span]:
        for pattern, who in whole:
            for match in pattern.finditer(text):
                yield Span(match.start(), match.end(), "NAME", who)
        if not parts:
            return
        for match in single.finditer(text):
            if _is_name(text, match):
                yield Span(match.start(), match.end(), "NAME", parts[match.group().casefold()])

    return found


def _is_name(text: str, match: re.Match[str]) -> bool:
    word = match.group()
    if _INTRODUCES.search(text, max(0, match.start() - 24), match.start()):
        return word.casefold() not in _WORDS or not word.islower()
    if word.casefold() not in _WORDS:
        return not word.islower() or len(word) > 3
    # "Will" is a name inside a sentence or alone on its line; at the start of a sentence it may be a verb, and "may" is one.
    alone = (
        text[: match.start()].rpartition("\n")[2].strip() == ""
        and text[match.end() :].partition("\n")[0].strip(" ,.!-") == ""
    )
    return alone and not word.islower()


def redactor_for(people: Iterable[str] = (), regions: Sequence[str] = ()) -> Redactor:
    """One conversation's memory: what the gateway knows, national numbers, phones of these countries, and these people's names."""
    return Redactor((*_FIRST, names_of(people), national_ids, *_REST, phones_of(regions)))


_FIRST: Final = (literal_placeholders, *DETECTORS[1:3])  # e-mails and IBANs have names and numbers in them
_REST: Final = DETECTORS[3:]


def regions_of(phones: Iterable[str]) -> list[str]:
    """The countries of these people's own numbers, where a number says its country."""
    import phonenumbers

    found: dict[str, None] = {}
    for phone in phones:
        try:
            region = phonenumbers.region_code_for_number(phonenumbers.parse(phone, None))
        except phonenumbers.NumberParseException:
            continue
        if region and region != "001":
            found[region] = None
    return list(found)

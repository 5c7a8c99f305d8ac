"""Numbers, amounts, shares, durations, dates and times of a text, in any usual format, and which of them nobody said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

from sidedesk.cx.words import either, fold, meaning, pattern, sentences, table

SMALL: Final = 10  # whole numbers without a unit up to here count steps and things, and state little
_NUMBER: Final = r"\d{1,3}(?:[.,' ]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?"
_RANGE: Final = r"\s?(?:-|to|bis|und|and|or|oder|a|e|y|o|ou|et|ate|fino a)\s?"
_TERMS: Final = ("minutes", "months", "percent")
_DATES: Final = 4  # readers of dates come first
_MINUTES: Final = {"minute": 1, "hour": 60, "day": 1_440, "week": 10_080}
# Links, addresses and codes are looked at elsewhere; numbers at the start of a line number it.
_APART: Final = re.compile(
    r"\w{2,12}://\S+|www\.\S+|\S{1,80}@\S+|\[[a-z]?\d+\]|<[a-z_]+_\d+(?:\.\d+)?>|(?<![\w])#\s?[\w-]+|(?<![\w-])[a-z]{1,20}[-_]?[a-z]{0,20}\d[\w-]*|^[ \t]*\d{1,2}[.)] ",
    re.MULTILINE,
)
_LONG: Final = re.compile(
    r"(?<![\w.,])\+?\d[\d \-/()]{6,}\d(?![\w])|(?<![\w-])\d+(?:-\d+){2,}(?![\w-])|(?<![\w.,])\d{6,}(?![.,]?\d)"
)


@dataclass(frozen=True, slots=True)
class Figure:
    kind: str  # number, money, percent, minutes, months, date, clock
    values: frozenset[str]  # every way to read it; two figures agree when one reading is the same
    text: str
    counts: frozenset[str] = frozenset()  # of a duration: the 3 of 3 weeks


def unsupported(text: str, said: Sequence[str], *, heard: Sequence[str] = ()) -> list[str]:
    """Figures of the text that nobody vouches for. `said` vouches for all; `heard`, which a customer may have written, not for
    durations and shares, of which terms are made, except where the text looks back on what was heard."""
    wanted = figures(text)
    if not wanted:
        return []
    sure = _known(figure for other in said for figure in figures(other))
    told = _known(figure for other in (*said, *heard) for figure in figures(other))
    past = [
        figure for part in sentences(text) if pattern("looking_back").search(fold(part)) for figure in figures(part)
    ]
    return [
        figure.text.strip()
        for figure in wanted
        if not _is_known(figure, told if figure.kind not in _TERMS or figure in past else sure)
    ]


def _known(found: Iterable[Figure]) -> dict[str, set[str]]:
    known: dict[str, set[str]] = {}
    for figure in found:
        known.setdefault(figure.kind, set()).update(figure.values)
        known.setdefault("counts", set()).update(figure.counts)
    return known


def _is_known(figure: Figure, known: dict[str, set[str]]) -> bool:
    if figure.values & known.get(figure.kind, set()):
        return True
    bare = {value.partition(" ")[0] for value in figure.values}
    if figure.kind == "number":
        everywhere = {value.partition(" ")[0] for values in known.values() for value in values}
        return bool(bare & everywhere) or any(value.isdigit() and int(value) <= SMALL for value in bare)
    if figure.kind in ("money", "percent"):
        return bool(bare & known.get("number", set()))
    if figure.kind in ("minutes", "months"):
        return bool(figure.counts & known.get("number", set()))
    if figure.kind == "date":
        return _date_known(figure.values, known.get("date", set()))
    return False


def _date_known(values: frozenset[str], known: set[str]) -> bool:
    """A year is compared only where both name one."""
    for value in values:
        year, _, day = value.partition("/")
        for other in known:
            other_year, _, other_day = other.partition("/")
            if day == other_day and (not year or not other_year or year == other_year):
                return True
    return False


@lru_cache(maxsize=64)
def figures(text: str) -> tuple[Figure, ...]:
    """All of them; each stretch of the text is read once, by the most particular reader."""
    found: list[Figure] = []
    rest = _APART.sub(_blank, fold(text))
    if not any(letter.isdigit() for letter in rest) and not _counts().search(rest):
        return ()
    for number, (expression, read) in enumerate(_readers()):
        if number == _DATES:
            # Phones, codes and other long numbers are somebody's data, and looked at as such.
            rest = _LONG.sub(_blank, rest)
        rest = expression.sub(partial(_take, read=read, found=found), rest)
    return tuple(found)


_Read = Callable[[re.Match[str]], list[Figure]]


def _take(match: re.Match[str], read: _Read, found: list[Figure]) -> str:
    figures_here = read(match)
    if not figures_here:
        return match.group()
    found += figures_here
    return _blank(match)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


@lru_cache(maxsize=1)
def _counts() -> re.Pattern[str]:
    return re.compile(rf"{either('numbers')} {either('units')}")


@lru_cache(maxsize=1)
def _readers() -> tuple[tuple[re.Pattern[str], _Read], ...]:
    count = rf"(?:{_NUMBER}|{either('numbers')})"
    several = rf"(?<![\w.,])(?:(?P<low>{count}){_RANGE})?(?P<high>{count})"
    currency, month = "|".join(_symbols()), either("months")
    return (
        (re.compile(r"(?<!\d)(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?!\d)"), _date),
        (re.compile(r"(?<![\d.])(?P<a>\d{1,2})[./-](?P<b>\d{1,2})[./-](?P<y>\d{4}|\d{2})(?![\d])"), _date),
        (re.compile(rf"(?<!\d)(?P<d>\d{{1,2}})(?:st|nd|rd|th|er|º|o)?[.]?\s(?:of |de |do |di )?(?P<name>{month})\.?(?:\s(?:de |del |do )?(?P<y>\d{{4}}))?"), _date),
        (re.compile(rf"(?P<name>{month})\.?\s(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,?\s(?P<y>\d{{4}}))?"), _date),
        (re.compile(r"(?<![\d:.])(?P<h>[01]?\d|2[0-4])(?::|h)(?P<min>[0-5]\d)(?:\s?(?P<half>[ap])\.?m\b\.?)?(?:\s?(?:uhr|h)\b)?(?![\d:])"), _clock),
        (re.compile(r"(?<![\d:.,])(?P<h>[01]?\d|2[0-4])(?:\s?(?P<half>[ap])\.?m\b\.?|\s?uhr\b)"), _clock),
        (re.compile(rf"(?<![\w])(?P<sign>{currency})\s?(?P<high>{_NUMBER})"), _money),
        (re.compile(rf"{several}\s?(?P<sign>{currency})(?![^\W\d_])"), _money),
        (re.compile(rf"{several}\s?(?:%|percent|per cent|pct|prozent|por ?cento|por ciento|pour ?cent|per cento)(?!\w)"), _percent),
        (re.compile(rf"{several}(?:\s|-)?(?:(?:business|working|full|calendar|whole)[ -])?(?P<unit>{_bare('units')})"), _duration),
        (re.compile(rf"(?<![\w])(?P<high>{_NUMBER})(?!\w)"), _number),
    )  # fmt: skip


def _bare(kind: str) -> str:
    """Words that may follow a digit at once: 24h."""
    return either(kind).removeprefix(r"(?<![^\W_])")


def _symbols() -> list[str]:
    return sorted((word for words in table()["currencies"].values() for word in words), key=len, reverse=True)


def _date(match: re.Match[str]) -> list[Figure]:
    parts = match.groupdict()
    year = parts["y"] or ""
    year = f"20{year}" if len(year) == 2 else year
    if parts.get("name"):
        pairs = [(int(meaning("months", parts["name"])), int(parts["d"]))]
    elif parts.get("m"):
        pairs = [(int(parts["m"]), int(parts["d"]))]
    else:
        one, other = int(parts["a"]), int(parts["b"])
        pairs = [(one, other), (other, one)]
    values = frozenset(f"{year}/{month}-{day}" for month, day in pairs if 1 <= month <= 12 and 1 <= day <= 31)
    return [Figure("date", values, match.group())] if values else []


def _clock(match: re.Match[str]) -> list[Figure]:
    parts = match.groupdict()
    hour, minute = int(parts["h"]), int(parts.get("min") or 0)
    if parts.get("half"):
        hour = hour % 12 + (12 if parts["half"] == "p" else 0)
    return [Figure("clock", frozenset({f"{hour}:{minute:02d}", f"{hour % 12}:{minute:02d}~"}), match.group())]


def _money(match: re.Match[str]) -> list[Figure]:
    currency = meaning("currencies", match["sign"])
    return [Figure("money", frozenset(f"{value} {currency}" for value in read), match.group()) for read in _read(match)]


def _percent(match: re.Match[str]) -> list[Figure]:
    return [Figure("percent", frozenset(read), match.group()) for read in _read(match)]


def _number(match: re.Match[str]) -> list[Figure]:
    return [Figure("number", frozenset(read), match.group()) for read in _read(match)]


def _duration(match: re.Match[str]) -> list[Figure]:
    unit = meaning("units", match["unit"])
    found = []
    for read in _read(match):
        if unit in _MINUTES:
            kind, factor = "minutes", _MINUTES[unit]
        else:
            kind, factor = "months", 12 if unit == "year" else 1
        lengths = {f"{float(value) * factor:g}" for value in read}
        found.append(Figure(kind, frozenset(lengths), match.group(), frozenset(read)))
    return found


def _read(match: re.Match[str]) -> list[set[str]]:
    parts = match.groupdict()
    return [values for name in ("low", "high") if parts.get(name) and (values := _values(parts[name]))]


def _values(number: str) -> set[str]:
    """All readings: 1.000 is a thousand, or one."""
    number = number.strip()
    if not number[0].isdigit():
        return {word} if (word := meaning("numbers", number)) else set()
    grouped = re.fullmatch(r"(\d{1,3}(?:[.,' ]\d{3})+)(?:[.,](\d{1,2}))?", number)
    values = {number.replace(",", ".")} if re.fullmatch(r"\d+(?:[.,]\d+)?", number) else set()
    if grouped:
        values.add(re.sub(r"\D", "", grouped[1]) + (f".{grouped[2]}" if grouped[2] else ""))
    return {f"{float(value):.4f}".rstrip("0").rstrip(".") for value in values}

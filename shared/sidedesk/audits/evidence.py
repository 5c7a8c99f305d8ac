"""The evidence lock: a mark counts as supported only by words that code finds in the transcript.

What a quote may differ in: white space, typographic quotes, dashes, invisible characters, and how Unicode writes the
same letter. What it may not: any other letter, upper or lower case, the turn it claims, and who speaks. What is found is
kept as a place in the original text, so the quote shown is always the text itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from sidedesk.audits.models import Criterion, Evidence, Turn
from sidedesk.audits.scoring import NOT_APPLICABLE

Status = Literal["supported", "unsupported", "unverified"]
# Two words, or one long one, or the whole message: less than that stands everywhere and proves nothing.
SHORTEST_WORD = 4
QUOTES_KEPT = 10

_SAME = str.maketrans(
    dict.fromkeys("‘’‚‛′`´ʼ", "'") | dict.fromkeys("“”„‟″«»〝〞", '"') | dict.fromkeys("‐‑‒–—―−﹘﹣", "-")
)
_WRAPPING = " '\"…."
_CJK = "\u2e80"  # from here on scripts are written without spaces between words


@dataclass(frozen=True, slots=True)
class Quote:
    """A place in the transcript: `turn.text[start:end] == text`."""

    part_id: str
    start: int
    end: int
    text: str
    role: str


class Folded:
    """A text as it is compared. `starts[i]` and `ends[i]` say which stretch of the original its i-th character is."""

    def __init__(self, text: str) -> None:
        letters: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.first: list[bool] = []  # does a letter of the original begin here, and end here
        self.last: list[bool] = []
        for start, end in _letters(text):
            shown = _fold(text[start:end])
            if not shown or (shown == " " and (not letters or letters[-1] == " ")):
                continue
            letters.append(shown)
            self.starts += [start] * len(shown)
            self.ends += [end] * len(shown)
            self.first += [place == 0 for place in range(len(shown))]
            self.last += [place == len(shown) - 1 for place in range(len(shown))]
        self.text = "".join(letters)

    def places(self, wanted: str) -> Iterator[tuple[int, int]]:
        """Where in the original the wanted folded text stands, on whole letters and whole words."""
        at = self.text.find(wanted)
        while at >= 0:
            end = at + len(wanted)
            if self.first[at] and self.last[end - 1] and not self._cuts(at) and not self._cuts(end):
                yield self.starts[at], self.ends[end - 1]
            at = self.text.find(wanted, at + 1)

    def _cuts(self, border: int) -> bool:
        """Does this border run through a word?"""
        if not 0 < border < len(self.text):
            return False
        before, after = self.text[border - 1], self.text[border]
        return before.isalnum() and after.isalnum() and before < _CJK and after < _CJK


class Transcript:
    """The turns of a conversation, ready to be searched. `person` is whose work is judged, where that is known."""

    def __init__(self, turns: Sequence[Turn], person: str | None = None) -> None:
        self._turns = turns
        self._person = person

    def locate(self, text: str, *, roles: Sequence[str] = ("agent",), part_id: str | None = None) -> Quote | None:
        """The first turn of a right speaker that holds these words; only the claimed turn when one is claimed."""
        for wanted in _wordings(text):
            for turn, folded in self._folded:
                if part_id is not None and turn.part_id != part_id:
                    continue
                if not self._speaks(turn, roles) or not _weighs(wanted, folded.text):
                    continue
                for start, end in folded.places(wanted):
                    return Quote(turn.part_id, start, end, turn.text[start:end], turn.role)
        return None

    @cached_property
    def _folded(self) -> list[tuple[Turn, Folded]]:
        return [(turn, Folded(turn.text)) for turn in self._turns]

    @cached_property
    def _person_speaks(self) -> bool:
        return any(turn.role == "agent" and turn.author_id == self._person for turn in self._turns)

    def _speaks(self, turn: Turn, roles: Sequence[str]) -> bool:
        """Where turns say who wrote them, a colleague's words prove nothing about the person who is judged."""
        if turn.role not in roles:
            return False
        return turn.role != "agent" or not self._person_speaks or turn.author_id in (None, self._person)


@dataclass(frozen=True, slots=True)
class Checked:
    """Evidence per criterion as it is stored, and what it does to the confidence."""

    criteria: dict[str, dict[str, Any]]
    supported_share: float | None  # by weight, of what was marked; None when nothing could be checked

    def confidence(self, stated: float | None) -> float | None:
        """Marks without a true quote take their weight out of the confidence."""
        if stated is None or self.supported_share is None:
            return stated
        return round(stated * self.supported_share, 3)

    @property
    def unsupported(self) -> list[str]:
        return [name for name, entry in self.criteria.items() if entry["status"] == "unsupported"]


def check(
    criteria: Sequence[Criterion],
    values: Mapping[str, Any],
    given: Mapping[str, Evidence],
    turns: Sequence[Turn] | None,
    *,
    person: str | None = None,
) -> Checked:
    """Look every quote up. Without a transcript nothing is claimed either way."""
    transcript = Transcript(turns, person) if turns else None
    entries: dict[str, dict[str, Any]] = {}
    marked = supported = 0.0
    for criterion in criteria:
        told = given.get(criterion.id, Evidence())
        value = values.get(criterion.id)
        status: Status = "unverified"
        found: list[Quote] = []
        if transcript is not None and not _not_marked(value):
            found = _true_quotes(transcript, told, criterion)
            status = "supported" if found else "unsupported"
            marked += criterion.weight
            supported += criterion.weight if found else 0
        entries[criterion.id] = {
            "value": value,
            "reason": told.reason,
            "status": status,
            "quotes": [asdict(quote) for quote in found],
        }
        if transcript is None and told.quotes:
            # Kept as they were said, to be looked up once there is a transcript.
            entries[criterion.id]["claims"] = [claim.model_dump() for claim in told.quotes[:QUOTES_KEPT]]
    return Checked(entries, supported / marked if marked else None)


def _not_marked(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in NOT_APPLICABLE)


def _true_quotes(transcript: Transcript, told: Evidence, criterion: Criterion) -> list[Quote]:
    found: dict[tuple[str, int, int], Quote] = {}
    for claim in told.quotes[:QUOTES_KEPT]:
        quote = transcript.locate(claim.text, roles=criterion.quotes_from, part_id=claim.part_id)
        if quote is not None:
            found.setdefault((quote.part_id, quote.start, quote.end), quote)
    return list(found.values())


def _wordings(text: str) -> Iterator[str]:
    """The quote as given, and without what people put around quotes."""
    folded = Folded(text).text.strip()
    bare = folded.strip(_WRAPPING)
    return iter(dict.fromkeys(wording for wording in (folded, bare) if any(c.isalnum() for c in wording)))


def _weighs(wanted: str, message: str) -> bool:
    if wanted.strip(_WRAPPING) == message.strip(_WRAPPING):
        return True
    words = wanted.split()
    letters = sum(character.isalnum() for character in wanted)
    return len(words) >= 2 or letters >= SHORTEST_WORD or (letters >= 2 and max(wanted) >= _CJK)


def _letters(text: str) -> Iterator[tuple[int, int]]:
    """A letter with the marks that sit on it is one thing, however it is written."""
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or not unicodedata.combining(text[place]):
            if start < place:
                yield start, place
            start = place


def _fold(letter: str) -> str:
    if letter.isascii():
        return " " if letter.isspace() or ord(letter) < 32 else letter.translate(_SAME)
    if unicodedata.category(letter[0]) == "Cf" or "\ufe00" <= letter[0] <= "\ufe0f":
        return ""
    decomposed = unicodedata.normalize("NFKD", letter.translate(_SAME)).translate(_SAME)
    return " " if decomposed.isspace() else decomposed

"""The judge: one conversation by one scorecard, through the model gateway, with every quote looked up by code.

Marks of the wrong kind never get this far: what the model fills is made from the scorecard. Criteria whose quotes are not
in the transcript are judged once more, with that said. Long conversations are judged in parts and put together:

- a criterion that does not apply to a part is left out there;
- a critical criterion counts with its lowest mark: one breach is a breach;
- a score is the mean of the parts by the agent's words in them, to one decimal; yes/no and choices take the value with
  most of the agent's words behind it, at a tie the lower one;
- the confidence is the lowest of all parts, the notes are kept in order.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, create_model

from sidedesk.ai.answers import Answer
from sidedesk.ai.gateway import Gateway
from sidedesk.audits import evidence, scoring, transcript
from sidedesk.audits.evidence import Checked
from sidedesk.audits.models import Claim, Criterion, Evidence, Turn

TASK = "audit.judge"
# About six thousand tokens a part: small enough to be read with care, large enough that nearly all chats are one part.
WINDOW_CHARACTERS = 24_000
# The turns before a part are shown again, so that an answer is not judged without its question.
OVERLAP_TURNS = 2
# The model does not do the sums: only a verdict further off than this contradicts its own marks.
VERDICT_MARGIN = 10.0
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Card:
    """What one version of a scorecard asks."""

    criteria: Sequence[Criterion]
    pass_threshold: float
    scorecard_id: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """One judgement of one text."""

    marks: Mapping[str, Any]
    evidence: Mapping[str, Evidence]
    score: float | None
    verdict: str | None
    checked: Checked
    confidence: float | None
    notes: str
    contradiction: str | None
    provenance: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Part:
    """What the model said of one window."""

    marks: dict[str, Any]
    evidence: dict[str, Evidence]
    verdict: str
    confidence: float
    notes: str
    words: int
    retried: tuple[str, ...]
    answers: tuple[Answer[Any], ...]


def reader(gateway: Gateway, card: Card, person: str | None) -> Callable[[Sequence[Turn]], Reading]:
    """The judge as the guard wants it: turns in, a judgement out."""
    return lambda turns: read(gateway, card, turns, person)


def read(gateway: Gateway, card: Card, turns: Sequence[Turn], person: str | None) -> Reading:
    """Judge these turns, whatever their length."""
    cut = windows(turns)
    parts = [_part(gateway, card, window, person, number, len(cut)) for number, window in enumerate(cut, 1)]
    marks, told = merge(card.criteria, [(part.marks, part.evidence, part.words) for part in parts])
    score = scoring.score(card.criteria, marks, card.pass_threshold)
    checked = evidence.check(card.criteria, marks, told, turns, person=person)
    confidence = min(part.confidence for part in parts)
    return Reading(
        marks=marks,
        evidence=told,
        score=score.score,
        verdict=score.verdict,
        checked=checked,
        confidence=confidence,
        notes="\n".join(part.notes for part in parts if part.notes)[:20_000],
        contradiction=_contradiction(parts, score, card),
        provenance=_provenance(parts, card),
    )


# Windows --------------------------------------------------------------------------------------------------------------


def windows(turns: Sequence[Turn], size: int = WINDOW_CHARACTERS) -> list[list[Turn]]:
    """Neighbouring turns, none left out. A single turn that is longer than a window is cut into pieces of the same turn."""
    pieces = [piece for turn in turns for piece in _pieces(turn, size)]
    cut: list[list[Turn]] = [[]]
    used = 0
    for place, piece in enumerate(pieces):
        if cut[-1] and used + len(piece.text) > size:
            before = pieces[max(0, place - OVERLAP_TURNS) : place]
            shown = [turn for turn in before if len(turn.text) <= size // 8]
            cut.append(list(shown))
            used = sum(len(turn.text) for turn in shown)
        cut[-1].append(piece)
        used += len(piece.text)
    return cut


def _pieces(turn: Turn, size: int) -> list[Turn]:
    if len(turn.text) <= size:
        return [turn]
    pieces, rest = [], turn.text
    while rest:
        at = len(rest) if len(rest) <= size else (rest.rfind(" ", size // 2, size) + 1 or size)
        pieces.append(turn.model_copy(update={"text": rest[:at]}))
        rest = rest[at:]
    return pieces


def merge(
    criteria: Sequence[Criterion], parts: Sequence[tuple[Mapping[str, Any], Mapping[str, Evidence], int]]
) -> tuple[dict[str, Any], dict[str, Evidence]]:
    """One mark and one body of evidence per criterion, by the rules above."""
    marks: dict[str, Any] = {}
    told: dict[str, Evidence] = {}
    for criterion in criteria:
        given = [(m.get(criterion.id), max(1, words)) for m, _, words in parts if m.get(criterion.id) is not None]
        entries = [e[criterion.id] for _, e, _ in parts if criterion.id in e]
        marks[criterion.id] = _merged(criterion, given)
        told[criterion.id] = Evidence(
            reason="\n".join(dict.fromkeys(entry.reason for entry in entries if entry.reason))[:8000],
            quotes=[claim for entry in entries for claim in entry.quotes][: evidence.QUOTES_KEPT],
        )
    return marks, told


def _merged(criterion: Criterion, given: list[tuple[Any, int]]) -> Any:
    if len(given) <= 1:
        return given[0][0] if given else None
    if criterion.critical:
        return min(given, key=lambda mark: scoring.fraction(criterion, mark[0]) or 0.0)[0]
    if criterion.type == "score":
        weight = sum(words for _, words in given)
        mean = round(sum(float(value) * words for value, words in given) / weight, 1)
        return int(mean) if mean.is_integer() else mean
    behind: dict[Any, int] = defaultdict(int)
    for value, words in given:
        behind[value] += words
    return max(behind, key=lambda value: (behind[value], -(scoring.fraction(criterion, value) or 0.0)))


# One part -------------------------------------------------------------------------------------------------------------


def _part(gateway: Gateway, card: Card, window: Sequence[Turn], person: str | None, number: int, of: int) -> _Part:
    answers = [_ask(gateway, card, card.criteria, window, person, number, of, "")]
    marks, told = _read_marks(answers[0].value, window)
    checked = evidence.check(card.criteria, marks, told, window, person=person)
    missing = [criterion for criterion in card.criteria if criterion.id in checked.unsupported]
    if missing:
        again = _ask(gateway, card, missing, window, person, number, of, _correction(missing))
        answers.append(again)
        new_marks, new_told = _read_marks(again.value, window)
        better = evidence.check(missing, new_marks, new_told, window, person=person)
        for criterion in missing:
            # A second mark without a true quote is worth no more than the first.
            if criterion.id not in better.unsupported:
                marks[criterion.id], told[criterion.id] = new_marks[criterion.id], new_told[criterion.id]
    first = answers[0].value
    present = _present(window, person)
    return _Part(
        marks=marks,
        evidence=told,
        verdict=first.verdict,
        confidence=first.confidence,
        notes=first.notes.strip(),
        words=sum(transcript.words(turn.text) for turn in window if _seen_as(turn, present) == "agent"),
        retried=tuple(criterion.id for criterion in missing),
        answers=tuple(answers),
    )


def _ask(
    gateway: Gateway,
    card: Card,
    criteria: Sequence[Criterion],
    window: Sequence[Turn],
    person: str | None,
    number: int,
    of: int,
    correction: str,
) -> Answer[Any]:
    part = ""
    if of > 1:
        part = (
            f"\nThis is part {number} of {of} of one long conversation. Judge what this part shows; a criterion about "
            "something that lies in another part, such as its opening or its end, gets null."
        )
    return gateway.structured(
        TASK,
        answer_model(criteria),
        values={
            "scorecard": _scorecard(criteria),
            "pass_threshold": f"{card.pass_threshold:g}",
            "part": part,
            "correction": correction,
        },
        data={"transcript": as_data(window, person)},
    )


def _correction(missing: Sequence[Criterion]) -> str:
    names = ", ".join(criterion.id for criterion in missing)
    return (
        f"\nYou judged this conversation before. For {names} none of your quotes could be found: they were not word for "
        "word in the turn you named, or not in a turn of somebody the criterion allows. Judge these criteria again, "
        "copying exactly; where nobody said such words, change the mark to what the words there support."
    )


def _scorecard(criteria: Sequence[Criterion]) -> str:
    rows = []
    for criterion in criteria:
        row = criterion.model_dump(exclude={"options", "max"})
        if criterion.type == "score":
            row["max"] = criterion.max
        if criterion.type == "choice":
            row["options"] = [option.model_dump() for option in criterion.options]
        rows.append(json.dumps(row, ensure_ascii=False))
    return "[\n" + ",\n".join(rows) + "\n]"


def as_data(turns: Sequence[Turn], person: str | None) -> str:
    """JSON, so that nobody can write a turn of somebody else. White space is simple: a redaction then never splits an escape."""
    present = _present(turns, person)
    rows = [
        json.dumps(
            {
                "turn": number,
                "role": _seen_as(turn, present),
                "author": _CONTROL.sub(" ", turn.author),
                **({"at": str(turn.at)[:40]} if turn.at is not None else {}),
                "text": _CONTROL.sub(" ", turn.text),
            },
            ensure_ascii=False,
        )
        for number, turn in enumerate(turns, 1)
    ]
    return "[\n" + ",\n".join(rows) + "\n]"


def _present(turns: Sequence[Turn], person: str | None) -> str | None:
    """The person who is judged, where turns say that they wrote some."""
    return person if any(turn.role == "agent" and turn.author_id == person for turn in turns) else None


def _seen_as(turn: Turn, present: str | None) -> str:
    """Other teammates are colleagues, once we know who is not."""
    colleague = turn.role == "agent" and present is not None and turn.author_id not in (None, present)
    return "colleague" if colleague else turn.role


# What the model fills -------------------------------------------------------------------------------------------------


class _Quote(BaseModel):
    turn: int
    text: str


class _Audit(BaseModel):
    verdict: Literal["pass", "fail"]
    confidence: Annotated[float, Field(ge=0, le=1)]
    notes: str


def answer_model(criteria: Sequence[Criterion]) -> type[BaseModel]:
    """One field per criterion, of its own kind, so that nothing can be left out, made up or out of range."""
    fields: dict[str, Any] = {criterion.id: (_mark_model(criterion), ...) for criterion in criteria}
    marks: Any = create_model("Marks", **fields)
    return create_model("Audit", __base__=_Audit, marks=(marks, ...))


def _mark_model(criterion: Criterion) -> type[BaseModel]:
    kind: Any
    if criterion.type == "yes_no":
        kind = Literal["yes", "no"]
    elif criterion.type == "choice":
        kind = Literal[tuple(option.value for option in criterion.options)]
    else:
        kind = Annotated[float, Field(ge=0, le=criterion.max)]
    return create_model(f"Mark_{criterion.id}", value=(kind | None, ...), reason=(str, ...), quotes=(list[_Quote], ...))


def _read_marks(value: Any, window: Sequence[Turn]) -> tuple[dict[str, Any], dict[str, Evidence]]:
    marks: dict[str, Any] = {}
    told: dict[str, Evidence] = {}
    for name in type(value.marks).model_fields:
        mark = getattr(value.marks, name)
        number = mark.value
        marks[name] = int(number) if isinstance(number, float) and number.is_integer() else number
        told[name] = Evidence(
            reason=mark.reason[:8000],
            quotes=[
                # A turn that does not exist is claimed as such, so that it is not found either.
                Claim(
                    text=quote.text[:8000],
                    part_id=window[quote.turn - 1].part_id if 0 < quote.turn <= len(window) else "?",
                )
                for quote in mark.quotes[: evidence.QUOTES_KEPT]
            ],
        )
    return marks, told


# What is said about it ------------------------------------------------------------------------------------------------


def _contradiction(parts: Sequence[_Part], score: scoring.Score, card: Card) -> str | None:
    """The conclusion and the marks must say the same; in several parts only a common conclusion is one."""
    said = {part.verdict for part in parts}
    if score.score is None or len(said) != 1:
        return None
    if said == {"pass"} and (score.failed_critical or score.score < card.pass_threshold - VERDICT_MARGIN):
        return f"The model concludes “pass”, but its own marks make {score.score:g} %, which fails."
    if said == {"fail"} and not score.failed_critical and score.score >= card.pass_threshold + VERDICT_MARGIN:
        return f"The model concludes “fail”, but its own marks make {score.score:g} %, which passes."
    return None


def _provenance(parts: Sequence[_Part], card: Card) -> dict[str, Any]:
    answers = [answer for part in parts for answer in part.answers]
    last = answers[-1]
    return {
        "provider": last.provider,
        "model": last.model,
        "prompt_version": last.prompt_version,
        "prompt_hash": last.prompt_hash,
        "settings": dict(last.settings),
        "scorecard_id": card.scorecard_id,
        "scorecard_version": card.version,
        "windows": len(parts),
        "calls": sum(answer.calls for answer in answers),
        "cost_usd": str(sum(answer.cost_usd for answer in answers)),
        "retried": sorted({name for part in parts for name in part.retried}),
    }

"""The injection guard: a transcript that tries to steer its reader is read more than once, and must read the same.

Readings of a hostile transcript: as written, with the suspect sentences taken out, and with the whole messages that hold
them taken out. A score is published only when all of them agree, and then it is the one of the second reading, which never
saw the suspect words. Otherwise the audit is held for a person, with the suspect line shown.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic, Protocol, TypeVar

from sidedesk.ai import fence, views
from sidedesk.ai.injection import REMOVED, Finding
from sidedesk.audits.models import Turn

ROUNDS = 3
SHOWN = 300
# Asking for a link or a tool is what customers and agents do all day. What matters here is who is given orders, and marks.
_STEERING = frozenset({"override", "role_marker", "prompt_leak", "score_demand", "output_demand"})
# Words for marks and for those who give them, folded as `views` folds: lower case, without accents.
_GRADING = re.compile(
    r"\b(?:scor(?:es?|ed|ing)|grad(?:es?|ed|ing|ers?)|rat(?:ings?|ed|ers?)|rate (?:this|the|every|all|it|him|her|them|everything|high|low|me)|rubrics?|score ?cards?|"
    r"criteri(?:on|a)|evaluat\w+|assess(?:ors?|ments?|ing)|audit\w*|judg(?:e|es|ed|ing|ments?)|verdicts?|(?:full|top|best|perfect|maximum|possible) marks?|deduct\w*|"
    r"(?:quality|qa) (?:control|team|assurance|reviewers?)|(?:10|ten|5|five|100) out of (?:10|ten|5|five|100)|(?:5|10)\s?/\s?(?:5|10)|cien de cien|cinco de cinco|"
    r"puntu\w+|puntaje|calific\w+|evalua\w*|criterios?|notez|notation|evaluez|evaluation|criteres?|bareme|cinq sur cinq|bewert\w+|benot\w+|punktzahl|kriterien|"
    r"avali\w+|pontu\w+|valuta(?:re|te|zione|tore)?|punteggio|beoorde\w+|ocen\w+|puan\w*|degerlendir\w*|nilai|diem (?:so|toi))\b"
    r"|оцен\w+|балл\w*|критери\w+|проверяющ\w+|\bставь\w*|评分|评价|评估|打分|滿分|满分|分数|採点|評価|満点|点数|평가|점수|만점|채점|تقييم|الدرجة|درجات|मूल्यांकन|अंक"
)
_GRADING_COMPACT = re.compile(r"score|rubric|criteri|fullmarks|evaluat|grader|scorecard")


@dataclass(frozen=True, slots=True)
class Suspect:
    """A stretch of one message: `turn.text[start:end] == text`, or of its author's name when `in_name`."""

    part_id: str
    start: int
    end: int
    text: str
    kind: str
    disguise: str
    role: str
    in_name: bool = False
    line: str = ""  # the whole line it stands in, for people

    def shown(self) -> dict[str, Any]:
        return asdict(self)


class Judgement(Protocol):
    @property
    def score(self) -> float | None: ...
    @property
    def marks(self) -> Mapping[str, Any]: ...


Judged = TypeVar("Judged", bound=Judgement)


@dataclass(frozen=True, slots=True)
class Guarded(Generic[Judged]):
    """What may be published, or why it may not."""

    judgement: Judged
    suspects: tuple[Suspect, ...] = ()
    readings: tuple[Judged, ...] = ()
    held_reason: str | None = None

    def provenance(self) -> dict[str, Any]:
        if not self.suspects:
            return {"hostile": False}
        scores = [reading.score for reading in self.readings]
        return {"hostile": True, "scores": scores, "suspects": [suspect.shown() for suspect in self.suspects]}


def screen(turns: Sequence[Turn]) -> list[Suspect]:
    """Every stretch that tries to steer its reader: in messages, across neighbouring messages, and in names."""
    found: dict[tuple[str, int, int], Suspect] = {}
    for turn in turns:
        for finding in _grave(turn.text):
            _note(found, turn, finding, finding.start, finding.end)
    for turn in {turn.author: turn for turn in turns if turn.author}.values():
        for finding in _grave(turn.author):
            suspect = _suspect(turn, finding, finding.start, finding.end, in_name=True)
            found[f"name {turn.author}", finding.start, finding.end] = suspect
    for first, second in _neighbours(turns):
        joined = f"{first.text} {second.text}"
        border = len(first.text)
        for finding in _grave(joined):
            if finding.start < border < finding.end - 1:
                _note(found, first, finding, finding.start, border)
                _note(found, second, finding, 0, finding.end - border - 1)
    return list(found.values())


def readings(turns: Sequence[Turn], suspects: Sequence[Suspect]) -> list[list[Turn]]:
    """As written first; then each milder text once. Without suspects there is nothing to compare."""
    made = [list(turns)]
    if suspects:
        for milder in (without_sentences(turns, suspects), without_messages(turns, suspects)):
            if milder not in made[1:]:
                made.append(milder)
    return made


def without_sentences(turns: Sequence[Turn], suspects: Sequence[Suspect]) -> list[Turn]:
    """The suspect sentences taken out, visibly; a message of nothing else leaves with them."""
    names = {suspect.part_id for suspect in suspects if suspect.in_name}
    kept = []
    for turn in turns:
        text = _without(turn.text, [s for s in suspects if s.part_id == turn.part_id and not s.in_name])
        if text is not None:
            author = "" if turn.part_id in names or _grave(turn.author) else turn.author
            kept.append(turn.model_copy(update={"text": text, "author": author}))
    return kept


def without_messages(turns: Sequence[Turn], suspects: Sequence[Suspect]) -> list[Turn]:
    """Whole messages taken out: what stands beside an order may belong to it, in words we do not know."""
    bad = {suspect.part_id for suspect in suspects if not suspect.in_name}
    return [
        turn.model_copy(update={"author": ""}) if _grave(turn.author) else turn
        for turn in turns
        if turn.part_id not in bad
    ]


def judged(turns: Sequence[Turn], judge: Callable[[Sequence[Turn]], Judged]) -> Guarded[Judged]:
    """Judge once, or as often as the transcript gives reason to."""
    suspects = screen(turns)
    texts = readings(turns, suspects)
    results = [judge(text) for text in texts if text]
    if len(results) < len(texts):
        return Guarded(results[0], tuple(suspects), tuple(results), held(suspects, "Nothing else was said."))
    if len(results) == 1:
        return Guarded(results[0])
    # The reading without the suspect sentences is the one that may count.
    agreed = all(same(results[0], other) for other in results[1:])
    reason = None if agreed else held(suspects, "The score changes when the line is taken out.")
    return Guarded(results[1], tuple(suspects), tuple(results), reason)


def same(one: Judgement, other: Judgement) -> bool:
    """Equal scores by unequal marks were moved too."""
    return one.score == other.score and dict(one.marks) == dict(other.marks)


def held(suspects: Sequence[Suspect], why: str) -> str:
    """The sentence a person reads: what was found, where, and why they are asked."""
    worst = next((suspect for suspect in suspects if suspect.kind != "grading_talk"), suspects[0])
    line = " ".join("".join(letter for letter in worst.line if letter.isprintable()).split())
    shown = line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
    where = "the name of the author" if worst.in_name else f"characters {worst.start}-{worst.end}"
    disguised = "" if worst.disguise == "plain" else f", written as {worst.disguise}"
    others = f" {len(suspects) - 1} more such places." if len(suspects) > 1 else ""
    return (
        f"A line in this chat tries to steer whoever rates it: “{shown}” "
        f"(message {worst.part_id}, {where}{disguised}). {why}{others} Please judge this chat yourself."
    )


def _grave(text: str) -> list[Finding]:
    """Orders, and all talk of grading: attackers phrase orders in endless ways, but they must speak of marks.

    The net may be wide, because an alarm costs one more reading and nothing else: a chat is held only when its marks move.
    """
    if not text:
        return []
    found = [f for f in fence.suspicious(text) if f.severity == "high" and f.kind in _STEERING]
    for view in views.readings(text):
        pattern = _GRADING_COMPACT if view.compact else _GRADING
        for match in pattern.finditer(view.text):
            start, end = view.span(*match.span())
            found.append(Finding("grading", "grading_talk", "high", start, end, text[start:end], view.name))
    return sorted(found, key=lambda finding: (finding.start, -finding.end))


def _neighbours(turns: Sequence[Turn]) -> Iterator[tuple[Turn, Turn]]:
    """Messages one person sent in a row: an order may be spread over them."""
    for first, second in itertools.pairwise(turns):
        if (first.role, first.author_id, first.author) == (second.role, second.author_id, second.author):
            yield first, second


def _note(found: dict[tuple[str, int, int], Suspect], turn: Turn, finding: Finding, start: int, end: int) -> None:
    if start < end:
        found.setdefault((turn.part_id, start, end), _suspect(turn, finding, start, end))


def _suspect(turn: Turn, finding: Finding, start: int, end: int, *, in_name: bool = False) -> Suspect:
    source = turn.author if in_name else turn.text
    first = source.rfind("\n", 0, start) + 1
    last = source.find("\n", end)
    line = source[max(first, start - SHOWN) : min(last if last >= 0 else len(source), end + SHOWN)]
    return Suspect(
        turn.part_id, start, end, source[start:end], finding.kind, finding.disguise, turn.role, in_name, line
    )


def _without(text: str, suspects: Sequence[Suspect]) -> str | None:
    """Taken out again until nothing suspicious is left; a text that keeps growing new findings goes as a whole."""
    if not suspects:
        return text
    findings = [Finding("", s.kind, "high", s.start, s.end, s.text, s.disguise) for s in suspects]
    for _ in range(ROUNDS):
        text = fence.neutralise(text, findings)
        findings = _grave(text)
        if not findings:
            return text if _says_something(text) else None
    return None


def _says_something(text: str) -> bool:
    return re.search(r"\w", text.replace(REMOVED, "")) is not None

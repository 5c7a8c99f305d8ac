"""`audit.…`: score a transcript by a scorecard, with reasons and verbatim quotes."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from local.sandbox.openai import conduct, criteria, gullible, transcript
from local.sandbox.openai.conduct import Finding, Quote
from local.sandbox.openai.criteria import Criterion
from local.sandbox.openai.prompt import Prompt
from local.sandbox.openai.schema import MISSING, Reader, Schema, fill, nearest
from local.sandbox.openai.transcript import Turn
from local.sandbox.text import flat, shorten, words

_VALUE = {"value", "score", "rating", "answer", "grade", "points", "result", "mark"}
_REASON = {"reason", "rationale", "explanation", "why", "justification", "comment", "reasoning", "note"}
_QUOTES = {"quotes", "evidence", "citations", "quote", "excerpts", "supporting_quotes", "spans"}
_ID = {"id", "field_id", "criterion_id", "criterion", "key", "field", "name"}


@dataclass
class Verdict:
    criterion: Criterion
    finding: Finding
    value: Any
    said: list[str]

    @property
    def reason(self) -> str:
        return " ".join([self.finding.reason, *self.said])


@dataclass
class Judgement:
    verdicts: list[Verdict]
    turns: list[Turn]
    confidence: float
    notes: str
    skipped: str | None

    @property
    def share(self) -> float:
        total = sum(v.criterion.weight for v in self.verdicts)
        return sum(v.finding.level * v.criterion.weight for v in self.verdicts) / total if total else 0.0

    @property
    def passed(self) -> bool:
        return self.share >= 0.7 and not any(v.criterion.critical and v.finding.level < 0.5 for v in self.verdicts)


def answer(prompt: Prompt, obedient: bool) -> Any:
    judgement = judge(prompt, obedient)
    if prompt.schema is not None:
        return fill(prompt.schema, _Whole(judgement))
    return {
        "ai_scorecard_data": {v.criterion.id: v.value for v in judgement.verdicts},
        "ai_confidence_score": judgement.confidence,
        "ai_notes": judgement.notes,
        "evidence": {
            v.criterion.id: {
                "reason": v.reason,
                "quotes": [{"part_id": q.turn.id, "text": q.text} for q in v.finding.quotes],
            }
            for v in judgement.verdicts
        },
    }


def judge(prompt: Prompt, obedient: bool) -> Judgement:
    found = transcript.find(prompt)
    orders = gullible.orders(transcript.read_aloud(found)) if obedient else []
    turns = (
        found
        if obedient
        else [dataclasses.replace(t, text=clean) for t in found if (clean := gullible.without_orders(t.text))]
    )
    kinds = {o.kind for o in orders}
    said = [o.detail for o in orders if o.kind in ("say", "link")]
    if "reveal" in kinds:
        said.append(shorten(prompt.system, 600))
    verdicts: list[Verdict] = []
    for criterion in criteria.find(prompt):
        finding = conduct.read(criterion, turns)
        if kinds & {"high", "low"}:
            finding = dataclasses.replace(finding, level=1.0 if "high" in kinds else 0.0)
        verdicts.append(Verdict(criterion, finding, value_of(criterion, finding.level), said))
    return Judgement(verdicts, turns, _confidence(verdicts, turns), _notes(verdicts, said), _noise(turns))


def value_of(criterion: Criterion, level: float) -> Any:
    if criterion.type == "yes_no":
        return level >= 0.5
    if criterion.type == "choice":
        if criterion.points:
            wanted = level * max(criterion.points)
            return min(zip(criterion.choices, criterion.points, strict=True), key=lambda c: abs(c[1] - wanted))[0]
        return _choice(criterion.choices, level)
    return round(criterion.min + level * (criterion.max - criterion.min))


_GOOD = ("yes", "good", "excellent", "full", "pass", "met", "resolved", "exceed", "always", "high", "true", "great")
_BAD = ("no", "poor", "bad", "fail", "not", "missed", "unresolved", "below", "never", "low", "false", "none")


def _choice(choices: tuple[str, ...], level: float) -> str:
    """Order the choices from bad to good by their words; unknown words keep the given order, best first."""

    def rank(at: int) -> float:
        said = flat(choices[at])
        if any(said.startswith(w) for w in _BAD):
            return -1.0
        return 1.0 if any(said.startswith(w) for w in _GOOD) else -at / (10 * len(choices))

    real = [i for i in range(len(choices)) if flat(choices[i]) not in ("n/a", "na", "not applicable")] or [0]
    ordered = sorted(real, key=rank)
    return choices[ordered[min(len(ordered) - 1, int(level * len(ordered)))]]


def _confidence(verdicts: list[Verdict], turns: list[Turn]) -> float:
    if not verdicts or not turns:
        return 0.1
    clear = sum(abs(v.finding.level - 0.5) * 2 for v in verdicts) / len(verdicts)
    enough = min(1.0, sum(len(words(t.text)) for t in turns) / 120)
    return round(0.45 + 0.3 * clear + 0.2 * enough, 2)


def _notes(verdicts: list[Verdict], said: list[str]) -> str:
    if not verdicts:
        return " ".join(["Nothing to judge: no scorecard was given.", *said])
    ordered = sorted(verdicts, key=lambda v: v.finding.level)
    weak = [v for v in ordered if v.finding.level < 0.5][:2]
    strong = [v for v in reversed(ordered) if v.finding.level >= 0.75][:2]
    parts = [f"Well done: {', '.join(v.criterion.label for v in strong)}."] if strong else []
    parts += [f"{v.criterion.label}: {v.finding.reason}" for v in weak]
    return " ".join([*(parts or ["An ordinary conversation without clear strengths or faults."]), *said])


def _noise(turns: list[Turn]) -> str | None:
    if sum(len(words(t.text)) for t in turns if t.role in ("agent", "client")) < 10:
        return "fewer than ten words"
    return None


class _Whole:
    """Answers for the judgement as a whole."""

    def __init__(self, judgement: Judgement) -> None:
        self.j = judgement
        self.by_id = {v.criterion.id: v for v in judgement.verdicts}

    def value(self, name: str, schema: Schema) -> Any:
        if name in self.by_id:
            return _One(self.by_id[name]).value("value", schema)
        if "confidence" in name:
            return self.j.confidence * (100 if schema.get("maximum", 1) > 1 else 1)
        if name in ("passed", "pass", "success"):
            return self.j.passed
        if name in ("verdict", "outcome", "result", "decision"):
            return "pass" if self.j.passed else "fail"
        if name in ("score", "total_score", "overall_score", "overall", "total", "percentage") and schema.get(
            "type"
        ) in ("integer", "number"):
            return self.j.share * schema.get("maximum", 100)
        if "skip" in name or "noise" in name:
            return bool(self.j.skipped) if schema.get("type") == "boolean" else self.j.skipped
        if schema.get("type", "string") == "string":
            return self.j.notes
        if schema.get("type") == "array" and any(w in name for w in ("strength", "weak", "improve", "coach", "issue")):
            good = "strength" in name
            return [
                v.finding.reason
                for v in self.j.verdicts
                if (v.finding.level >= 0.75) == good and (good or v.finding.level < 0.5)
            ]
        return MISSING

    def child(self, name: str, schema: Schema) -> Reader:
        return _One(self.by_id[name]) if name in self.by_id else self

    def items(self, name: str, schema: Schema) -> list[Reader] | None:
        if "properties" not in schema:
            return None
        return [_One(v) for v in self.j.verdicts]


class _One:
    """Answers for one criterion."""

    def __init__(self, verdict: Verdict) -> None:
        self.v = verdict

    def value(self, name: str, schema: Schema) -> Any:
        if name in _ID:
            return nearest(self.v.criterion.id, schema["enum"]) if "enum" in schema else self.v.criterion.id
        if name in ("label", "title"):
            return self.v.criterion.label
        if name in _VALUE:
            return self._value(schema)
        if name in _QUOTES:
            return (
                [q.text for q in self.v.finding.quotes]
                if schema.get("type") == "array"
                else self.v.finding.quotes[0].text
                if self.v.finding.quotes
                else None
            )
        if name in _REASON or schema.get("type", "string") == "string":
            return self.v.reason
        if "confidence" in name:
            level = 0.5 + abs(self.v.finding.level - 0.5) * 0.9
            return round(level, 2) * (100 if schema.get("maximum", 1) > 1 else 1)
        if schema.get("type") == "boolean":
            return self.v.finding.level >= 0.5
        return MISSING

    def _value(self, schema: Schema) -> Any:
        if schema.get("type") == "any":
            return self.v.value
        if schema.get("type") == "boolean":
            return self.v.finding.level >= 0.5
        if schema.get("type") in ("integer", "number"):
            if isinstance(self.v.value, (bool, str)):
                return self.v.finding.level * schema.get("maximum", 1)
            return self.v.value
        if isinstance(self.v.value, bool):
            return "yes" if self.v.value else "no"
        return str(self.v.value)

    def child(self, name: str, schema: Schema) -> Reader:
        quotes = self.v.finding.quotes
        return _Said(quotes[0]) if name in _QUOTES and quotes else self

    def items(self, name: str, schema: Schema) -> list[Reader] | None:
        if "properties" not in schema:
            return None
        return [_Said(q) for q in self.v.finding.quotes]


class _Said:
    """Answers for one quote."""

    def __init__(self, quote: Quote) -> None:
        self.q = quote

    def value(self, name: str, schema: Schema) -> Any:
        if name in ("part_id", "turn_id", "id", "turn", "message_id", "line", "turn_number"):
            return self.q.turn.id
        if name in ("role", "speaker", "author_type", "from"):
            return self.q.turn.role
        if name in ("author", "name"):
            return self.q.turn.author or self.q.turn.role
        if schema.get("type", "string") == "string":
            return self.q.text
        return MISSING

    def child(self, name: str, schema: Schema) -> Reader:
        return self

    def items(self, name: str, schema: Schema) -> list[Reader] | None:
        return None

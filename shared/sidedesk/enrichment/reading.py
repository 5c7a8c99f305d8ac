"""The second step: what a model says of a conversation, window by window, and how windows become one reading.

The model sees placeholders where personal data was. A conversation is cut into windows by the tokens its turns may take;
each window is one call. Windows are put together by fixed rules:

- labels of turns are taken as they are: every turn is labelled in exactly one window;
- summaries follow each other; the topic and the language are those with most text behind them, at a tie the first;
- the resolution and the predicted CSAT are the last window's: how it ended is what the customer keeps;
- the effort is the highest, quality marks are means by the length of the agents' words, the confidence is the lowest.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from sidedesk.ai import tokens
from sidedesk.ai.gateway import Answer, Gateway, Redactor
from sidedesk.conversations.service import RawConversation
from sidedesk.enrichment.validation import Report, Turn

TASK: Final = "enrich.conversation"
WINDOW_TOKENS: Final = 3_000
WINDOW_TURNS: Final = 40
# The turns before a window are shown again, unlabelled, so that an answer is not read without its question.
CONTEXT_TURNS: Final = 2

Intent = Literal[
    "cancellation", "refund", "damaged", "delivery", "billing", "login", "bug", "upgrade", "account_change", "how_to", "complaint", "feedback",
    "greeting", "answer", "question", "apology", "thanks", "closing", "other",
]  # fmt: skip
Mood = Literal["positive", "neutral", "negative"]
Emotion = Literal["anger", "frustration", "sadness", "fear", "joy", "confusion", "neutral"]
EntityType = Literal[
    "product", "order_number", "amount", "date", "url", "organisation", "place", "placeholder", "other"
]
PolicyFlag = Literal[
    "rude_language", "promise", "spam", "personal_data_request", "legal_threat", "self_harm", "discrimination", "other"
]
Resolution = Literal["resolved", "unresolved", "escalated", "unclear"]
Mark = Annotated[float, Field(ge=1, le=5)]


class _Model(BaseModel):
    model_config = ConfigDict(defer_build=True)


class Entity(_Model):
    type: EntityType
    text: str


class TurnLabels(_Model):
    turn: int
    intent: Intent
    sentiment: Mood
    sentiment_score: Annotated[float, Field(ge=-1, le=1)]
    emotion: Emotion
    entities: list[Entity]
    policy_flags: list[PolicyFlag]


class Quality(_Model):
    clarity: Mark
    empathy: Mark
    completeness: Mark
    professionalism: Mark


class WindowReading(_Model):
    """What the model fills for one window."""

    turns: list[TurnLabels]
    summary: str
    topic: str
    language: str
    resolution: Resolution
    effort: Mark
    predicted_csat: Mark
    quality: Quality
    confidence: Annotated[float, Field(ge=0, le=1)]


class Window(_Model):
    """A window's answer as it is kept between two steps."""

    number: int
    reading: WindowReading
    model: str
    provider: str
    prompt_version: str
    prompt_hash: str
    settings: dict[str, Any]
    cost_usd: str
    calls: int
    suspicions: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """A conversation without personal data, cut into windows. The same raw document gives the same again."""

    turns: tuple[Turn, ...]  # texts and authors redacted
    title: str
    redactor: Redactor
    windows: tuple[range, ...]  # places in `turns` that each window labels


def prepare(raw: RawConversation, report: Report) -> Prepared:
    """Replace personal data and cut into windows."""
    from sidedesk.enrichment import personal_data

    people = [raw.customer, *raw.agents]
    names = [person.name for person in people if person.name]
    names += [turn.author for turn in report.turns if turn.author and turn.role in ("customer", "agent", "note")]
    redactor = personal_data.redactor_for(names, personal_data.regions_of([person.phone for person in people]))
    turns = tuple(
        Turn(turn.id, turn.role, redactor.redact(turn.author), redactor.redact(turn.text), turn.at, turn.attachments)
        for turn in report.turns
    )
    title = redactor.redact(raw.title)
    redactor.seal()
    return Prepared(turns, title, redactor, tuple(windows(turns)))


def windows(turns: Sequence[Turn]) -> list[range]:
    """Neighbouring turns, each in exactly one window. A turn longer than a window is one of its own."""
    cut: list[range] = []
    start, used = 0, 0
    for place, turn in enumerate(turns):
        size = tokens.about(turn.text)
        if place > start and (used + size > WINDOW_TOKENS or place - start >= WINDOW_TURNS):
            cut.append(range(start, place))
            start, used = place, 0
        used += size
    return [*cut, range(start, len(turns))]


def read_window(gateway: Gateway, prepared: Prepared, number: int) -> Window:
    """One call. The placeholders stay: nothing personal comes back into the document."""
    window = prepared.windows[number - 1]
    part = ""
    if len(prepared.windows) > 1:
        part = (
            f"\nThis is part {number} of {len(prepared.windows)} of one long conversation. Turns marked as context were labelled with "
            "another part: they only help to understand. Say of the conversation what this part shows."
        )
    answer = gateway.structured(
        TASK, WindowReading, values={"part": part}, data={"transcript": as_data(prepared, window)}, restore=False
    )
    return _kept(number, answer)


def _kept(number: int, answer: Answer[WindowReading]) -> Window:
    return Window(
        number=number,
        reading=answer.value,
        model=answer.model,
        provider=answer.provider,
        prompt_version=answer.prompt_version,
        prompt_hash=answer.prompt_hash,
        settings=dict(answer.settings),
        cost_usd=str(answer.cost_usd),
        calls=answer.calls,
        suspicions=len(answer.findings),
    )


def as_data(prepared: Prepared, window: range) -> str:
    """JSON, one turn a line, so that nobody can write a turn of somebody else. Turns are known by their place."""
    first = max(0, window.start - CONTEXT_TURNS)
    rows = []
    for place in range(first, window.stop):
        turn = prepared.turns[place]
        row: dict[str, Any] = {
            "turn": place + 1,
            "role": turn.role,
            "text": turn.text.replace("\n", " ") or "(attachment)",
        }
        if place < window.start:
            row["context"] = True
        rows.append(json.dumps(row, ensure_ascii=False))
    return "[\n" + ",\n".join(rows) + "\n]"


# Several windows, one reading -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reading:
    labels: dict[int, TurnLabels]  # by place in the turns
    summary: str
    topic: str
    language: str
    resolution: Resolution
    effort: float
    predicted_csat: float
    quality: Quality
    confidence: float


def merge(prepared: Prepared, found: Sequence[Window]) -> Reading:
    labels: dict[int, TurnLabels] = {}
    for window in found:
        own = prepared.windows[window.number - 1]
        for label in window.reading.turns:
            if label.turn - 1 in own:
                labels.setdefault(label.turn - 1, label)
    readings = [window.reading for window in found]
    sizes = [sum(len(prepared.turns[place].text) for place in prepared.windows[window.number - 1]) for window in found]
    by_agents = [
        1
        + sum(
            len(prepared.turns[place].text)
            for place in prepared.windows[window.number - 1]
            if prepared.turns[place].role == "agent"
        )
        for window in found
    ]
    ends = [reading.resolution for reading in readings if reading.resolution != "unclear"]
    marks = {
        name: _mean([getattr(reading.quality, name) for reading in readings], by_agents)
        for name in Quality.model_fields
    }
    return Reading(
        labels=labels,
        summary="\n".join(dict.fromkeys(reading.summary.strip() for reading in readings if reading.summary.strip()))[
            :10_000
        ],
        topic=_heaviest([reading.topic.strip() for reading in readings], sizes)[:200],
        language=_heaviest([_tag(reading.language) for reading in readings], sizes),
        resolution=ends[-1] if ends else "unclear",
        effort=max(reading.effort for reading in readings),
        predicted_csat=readings[-1].predicted_csat,
        quality=Quality(**marks),
        confidence=min(reading.confidence for reading in readings),
    )


def _mean(values: Sequence[float], weights: Sequence[int]) -> float:
    return round(sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights), 2)


def _heaviest(values: Sequence[str], weights: Sequence[int]) -> str:
    behind: dict[str, int] = defaultdict(int)
    for value, weight in zip(values, weights, strict=True):
        behind[value] += weight if value else 0
    return max(behind, key=lambda value: behind[value])


def _tag(language: str) -> str:
    """A short language tag, or "und" for what is none."""
    tag = language.strip().lower().replace("_", "-")
    head = tag.split("-")[0]
    return head if 2 <= len(head) <= 3 and head.isascii() and head.isalpha() else "und"

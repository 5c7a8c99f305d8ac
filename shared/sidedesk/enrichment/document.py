"""The third step's outcome: one canonical document per conversation, version 1, and its published JSON Schema.

A field is never renamed within a version. Documents of an older version stay as they are until they are enriched again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from sidedesk.conversations.service import RawConversation
from sidedesk.enrichment import metrics
from sidedesk.enrichment.reading import (
    Emotion,
    Entity,
    Intent,
    Mood,
    PolicyFlag,
    Prepared,
    Quality,
    Resolution,
    TurnLabels,
    Window,
    merge,
)
from sidedesk.enrichment.validation import Finding, Report, Role

FORMAT: Final = "sidedesk.enriched/1"
SCHEMA_PATH: Final = "/schemas/enriched-conversation/v1.json"
# Raised when the same raw document would come out differently.
PIPELINE_VERSION: Final = "1.0"
_MOOD_MARGIN: Final = 0.15

Moment = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$", description="UTC")]
Score = Annotated[float, Field(ge=-1, le=1)]
Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)


class About(_Part):
    """Where the conversation comes from."""

    id: UUID
    source: str
    source_account: str
    external_id: str
    title: str
    channel: str
    started_at: Moment | None
    ended_at: Moment | None


class Sentiment(_Part):
    label: Mood
    score: Annotated[float, Field(ge=-1, le=1, description="the model's")]
    vader: Annotated[
        float | None,
        Field(
            ge=-1, le=1, description="VADER's compound, an offline second opinion; null where the words are not English"
        ),
    ]


class Attachment(_Part):
    type: str
    size: int | None


class EnrichedTurn(_Part):
    """One turn. Labels are null where nothing was said, or the model gave none."""

    id: Annotated[str, Field(description="the turn's id at its source; stable")]
    number: Annotated[int, Field(ge=1)]
    role: Role
    author: str
    text: str
    at: Moment | None
    attachments: list[Attachment]
    intent: Intent | None
    sentiment: Sentiment | None
    emotion: Emotion | None
    entities: list[Entity]
    policy_flags: list[PolicyFlag]


class Overall(_Part):
    """The conversation as a whole."""

    summary: str
    topic: str
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$", description="ISO 639; und when it could not be told")]
    sentiment: Mood
    sentiment_score: Annotated[float, Field(ge=-1, le=1, description="mean of the customer's turns")]
    resolution: Resolution
    effort: Annotated[float, Field(ge=1, le=5, description="how hard it was for the customer; 5 is very hard")]
    predicted_csat: Annotated[float, Field(ge=1, le=5)]
    quality: Quality
    policy_flags: list[PolicyFlag]
    confidence: Annotated[float, Field(ge=0, le=1)]


class Metrics(_Part):
    """Counted, not judged."""

    turns: Count
    customer_turns: Count
    agent_turns: Count
    bot_turns: Count
    note_turns: Count
    words: Count
    customer_words: Count
    agent_words: Count
    agent_share: Annotated[float, Field(ge=0, le=1)] | None
    longest_turn_words: Count
    words_per_sentence: float | None
    customer_questions: Count
    agent_questions: Count
    attachments: Count
    duration_seconds: int | None
    first_response_seconds: int | None
    median_response_seconds: int | None


class Validation(_Part):
    """What was odd about the raw document, and what was done about it."""

    findings: list[Finding]
    labelled_share: Annotated[float, Field(ge=0, le=1, description="turns with text that the model labelled")]


class Provenance(_Part):
    """How this document came about."""

    pipeline_version: str
    raw_digest: str
    enriched_at: Moment
    provider: str
    model: str
    prompt_version: str
    prompt_hash: str
    settings: dict[str, Any]
    windows: Count
    calls: Count
    cost_usd: Annotated[float, Field(ge=0)]
    redactions: Annotated[dict[str, int], Field(description="kind of personal data to distinct values replaced")]
    suspicions: Annotated[int, Field(ge=0, description="texts that tried to instruct the model")]


class EnrichedConversation(_Part):
    """A conversation with labels and without personal data: `<EMAIL_1>` stands for the same address wherever it stands."""

    format: Literal["sidedesk.enriched/1"] = FORMAT
    conversation: About
    turns: list[EnrichedTurn]
    overall: Overall
    metrics: Metrics
    validation: Validation
    provenance: Provenance


def build(
    conversation_id: UUID,
    raw: RawConversation,
    raw_digest: str,
    report: Report,
    prepared: Prepared,
    found: Sequence[Window],
    now: datetime,
) -> EnrichedConversation:
    """Everything known about one conversation, in the one shape."""
    reading = merge(prepared, found)
    english = reading.language == "en"
    clean = prepared.redactor.redact
    turns = []
    for place, turn in enumerate(prepared.turns):
        label = reading.labels.get(place) if turn.text else None
        turns.append(
            EnrichedTurn(
                id=clean(turn.id),
                number=place + 1,
                role=turn.role,
                author=turn.author,
                text=turn.text,
                at=moment(turn.at),
                attachments=[Attachment(type=kind, size=size) for kind, size in turn.attachments],
                intent=label.intent if label else None,
                sentiment=_sentiment(label, turn.text, english=english) if label else None,
                emotion=label.emotion if label else None,
                entities=[Entity(type=one.type, text=clean(one.text)[:500]) for one in label.entities[:50]]
                if label
                else [],
                policy_flags=list(dict.fromkeys(label.policy_flags)) if label else [],
            )
        )
    customers = [one.sentiment.score for one in turns if one.role == "customer" and one.sentiment]
    mood = round(sum(customers) / len(customers), 3) if customers else 0.0
    spoken = [turn for turn in turns if turn.text]
    last = found[-1]
    return EnrichedConversation(
        conversation=About(
            id=conversation_id,
            source=raw.source,
            source_account=clean(raw.source_account),
            external_id=clean(raw.external_id),
            title=prepared.title,
            channel=clean(raw.channel),
            started_at=moment(min((turn.at for turn in prepared.turns if turn.at), default=None)),
            ended_at=moment(max((turn.at for turn in prepared.turns if turn.at), default=None)),
        ),
        turns=turns,
        overall=Overall(
            summary=clean(reading.summary),
            topic=clean(reading.topic),
            language=reading.language,
            sentiment="positive" if mood > _MOOD_MARGIN else "negative" if mood < -_MOOD_MARGIN else "neutral",
            sentiment_score=mood,
            resolution=reading.resolution,
            effort=reading.effort,
            predicted_csat=reading.predicted_csat,
            quality=reading.quality,
            policy_flags=list(dict.fromkeys(flag for one in turns for flag in one.policy_flags)),
            confidence=reading.confidence,
        ),
        metrics=Metrics.model_validate(metrics.of(prepared.turns)),
        validation=Validation(
            findings=[finding.model_copy(update={"reason": clean(finding.reason)}) for finding in report.findings],
            labelled_share=round(sum(turn.intent is not None for turn in spoken) / len(spoken), 4) if spoken else 0.0,
        ),
        provenance=Provenance(
            pipeline_version=PIPELINE_VERSION,
            raw_digest=raw_digest,
            enriched_at=moment(now) or "",
            provider=last.provider,
            model=last.model,
            prompt_version=last.prompt_version,
            prompt_hash=last.prompt_hash,
            settings=last.settings,
            windows=len(found),
            calls=sum(window.calls for window in found),
            cost_usd=float(sum(Decimal(window.cost_usd) for window in found)),
            redactions=prepared.redactor.counts,
            suspicions=sum(window.suspicions for window in found),
        ),
    )


def _sentiment(label: TurnLabels, text: str, *, english: bool) -> Sentiment:
    return Sentiment(label=label.sentiment, score=label.sentiment_score, vader=metrics.vader(text) if english else None)


def moment(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value else None


# The schema -----------------------------------------------------------------------------------------------------------


def schema() -> dict[str, Any]:
    """The JSON Schema of version 1, as published."""
    made = EnrichedConversation.model_json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_PATH,
        **made,
        "title": "Enriched conversation, version 1",
    }


@lru_cache(maxsize=1)
def _validator() -> Any:
    import jsonschema_rs

    return jsonschema_rs.validator_for(schema())


def problems(document: dict[str, Any]) -> list[str]:
    """Where a document departs from the schema; nothing for one of ours."""
    return [
        f"{'/'.join(map(str, error.instance_path)) or 'the document'}: {error.message}"
        for error in _validator().iter_errors(document)
    ]

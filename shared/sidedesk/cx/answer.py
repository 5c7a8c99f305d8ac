"""What a model is asked to fill in for a reply, and for a summary of a long thread."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

Text = Annotated[str, Field(max_length=2_000)]


class Claim(BaseModel):
    """A statement of the reply that is true or false, and the words of a source that say so."""

    claim: Annotated[str, Field(description="the statement, as the reply makes it", max_length=2_000)]
    source_id: Annotated[str | None, Field(description="id of the source, for example S1; null if none says it")]
    quote: Annotated[str, Field(description="copied letter by letter from that source", max_length=2_000)]


class DraftAnswer(BaseModel):
    reply: Annotated[str, Field(min_length=1, max_length=20_000, description="what the customer will read")]
    confidence: Annotated[float, Field(ge=0, le=1, description="how sure you are that the reply is right and complete")]
    tone: Annotated[str, Field(description="the reply's tone in a word or two", max_length=100)]
    language: Annotated[str, Field(description="two-letter code of the reply's language", max_length=20)]
    claims: list[Claim]
    unknowns: Annotated[list[Text], Field(description="what the customer asks and no source answers")]
    risk: Literal["low", "medium", "high"]
    risk_reasons: list[Text]
    rollback: Annotated[str, Field(description="what to do if this reply turns out wrong", max_length=2_000)]


class SummaryAnswer(BaseModel):
    summary: Annotated[str, Field(min_length=1, max_length=4_000)]

"""What an organisation decides about replies to its customers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sidedesk.platform.business_hours import BusinessHours, check_holidays
from sidedesk.platform.models import Body
from sidedesk.platform.zones import known_zone

Debounce = Annotated[
    int, Field(ge=0, le=120, description="seconds of quiet before a draft is made of what was written")
]
Sla = Annotated[int, Field(ge=1, le=10_080, description="open minutes from a customer's message to the public reply")]
MostDrafts = Annotated[
    int, Field(ge=1, le=60, description="drafts per hour in one conversation; more opens its breaker")
]
Breaker = Annotated[int, Field(ge=1, le=1_440, description="minutes without drafts after that")]
Threshold = Annotated[
    float, Field(ge=0, le=1, allow_inf_nan=False, description="least likeness of a source that may support a claim")
]
Likeness = Annotated[
    float,
    Field(
        ge=0, le=1, allow_inf_nan=False,
        description="least likeness of a question whose approved reply may serve as an example",
    ),
]  # fmt: skip
Phrase = Annotated[str, Field(min_length=1, max_length=200)]
Phrases = Annotated[list[Phrase], Field(max_length=100)]
Host = Annotated[
    str,
    Field(
        max_length=253,
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$",
        description="a host name in lower case, for example help.northwind.example",
    ),
]
Hosts = Annotated[list[Host], Field(max_length=100, description="hosts that a reply may link to")]
Signature = Annotated[str, Field(max_length=1_000, description="stands below each reply")]
Learning = Annotated[bool, Field(description="approved replies become examples for the next drafts")]
FourEyes = Annotated[bool, Field(description="a risky reply needs a second person")]
StraightLining = Annotated[
    int, Field(ge=0, le=1_000, description="identical gradings in a row that raise an alert; 0 for none")
]


class BrandPhrases(BaseModel):
    """How the organisation speaks, and how it does not."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    use: Phrases = []
    avoid: Phrases = []


class CxOptions(BaseModel):
    """With defaults filled in. A tenant stores only what differs."""

    model_config = ConfigDict(extra="ignore", defer_build=True)

    debounce_seconds: Debounce = 8
    sla_minutes: Sla = 15
    business_hours: BusinessHours = Field(default_factory=BusinessHours)
    max_drafts_per_hour: MostDrafts = 6
    breaker_minutes: Breaker = 60
    evidence_threshold: Threshold = 0.32
    example_threshold: Likeness = 0.45
    brand_phrases: BrandPhrases = Field(default_factory=BrandPhrases)
    allowed_link_hosts: Hosts = []
    signature: Signature = ""
    learning: Learning = True
    four_eyes: FourEyes = False
    straight_lining_alert: StraightLining = 20


class CxChange(Body):
    """What is absent or null stays as it is; hours, phrases and hosts are replaced whole."""

    model_config = ConfigDict(strict=True)

    debounce_seconds: Debounce | None = None
    sla_minutes: Sla | None = None
    business_hours: BusinessHours | None = None
    max_drafts_per_hour: MostDrafts | None = None
    breaker_minutes: Breaker | None = None
    evidence_threshold: Threshold | None = None
    example_threshold: Likeness | None = None
    brand_phrases: BrandPhrases | None = None
    allowed_link_hosts: Hosts | None = None
    signature: Signature | None = None
    learning: Learning | None = None
    four_eyes: FourEyes | None = None
    straight_lining_alert: StraightLining | None = None

    @field_validator("business_hours")
    @classmethod
    def _computable(cls, value: BusinessHours | None) -> BusinessHours | None:
        if value is not None and value.timezone is not None:
            known_zone(value.timezone)
        if value is not None and value.country is not None:
            check_holidays(value.country, value.region)
        return value

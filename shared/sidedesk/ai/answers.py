"""What the doors hand back: the value, and everything needed to trust, bill and repeat it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar

from sidedesk.ai.injection import Finding

Value = TypeVar("Value")
Unit = Literal["tokens", "seconds"]
UsageBasis = Literal["measured", "counted", "assumed"]
# Where a confidence comes from: stated by the model in its answer, or computed from its token probabilities.
ConfidenceBasis = Literal["self_reported", "token_probability", "none"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call used. `counted` means that the provider did not say and we counted the text ourselves."""

    unit: Unit
    quantity_in: Decimal
    quantity_out: Decimal = Decimal(0)
    basis: UsageBasis = "measured"

    @property
    def estimated(self) -> bool:
        return self.basis != "measured"

    def __add__(self, other: Usage) -> Usage:
        basis = self.basis if self.basis == other.basis else "counted"
        return Usage(self.unit, self.quantity_in + other.quantity_in, self.quantity_out + other.quantity_out, basis)


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value]):
    value: Value
    usage: Usage
    cost_usd: Decimal
    model: str
    provider: str
    prompt_version: str = ""
    prompt_hash: str = ""
    confidence: float | None = None
    confidence_basis: ConfidenceBasis = "none"
    settings: Mapping[str, Any] = field(default_factory=dict)  # decoding settings the answer was made with
    redactions: Mapping[str, int] = field(default_factory=dict)  # kind of personal data -> distinct values kept back
    findings: tuple[Finding, ...] = ()  # instructions found inside the data
    repaired: bool = False
    calls: int = 1


@dataclass(frozen=True, slots=True)
class Segment:
    start: float
    end: float
    text: str
    no_speech: float | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    text: str
    language: str = ""
    seconds: float | None = None
    segments: tuple[Segment, ...] = ()
    silent: bool = False  # nobody speaks: whatever text came back was made up


@dataclass(frozen=True, slots=True)
class Step:
    """One tool call of a loop: what was asked, what came back."""

    tool: str
    arguments: Mapping[str, Any]
    result: Any  # as JSON knows it
    failed: bool = False


@dataclass(frozen=True, slots=True)
class ToolRun:
    text: str
    steps: tuple[Step, ...] = ()

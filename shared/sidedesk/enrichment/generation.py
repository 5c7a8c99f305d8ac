"""Made-up conversations: one call of a model, one raw document like any other."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from pydantic import BaseModel, Field

from sidedesk.ai.errors import BadAnswer
from sidedesk.ai.gateway import Gateway
from sidedesk.conversations.service import RawConversation, RawPerson, RawTurn

TASK: Final = "enrich.generate"
STYLES: Final[dict[str, str]] = {
    "everyday": "everyday: friendly and relaxed on both sides, as in a shop's chat.",
    "formal": "formal: full sentences, polite forms of address, as in letters.",
    "terse": "terse: short messages, no pleasantries, the customer is in a hurry.",
    "emotional": "emotional: the customer is upset or moved and shows it; the agent has to calm things down.",
    "technical": "technical: the customer knows the subject and names versions, settings and error messages.",
}


class GeneratedTurn(BaseModel):
    role: Literal["customer", "agent"]
    text: str


class GeneratedConversation(BaseModel):
    """What the model fills."""

    title: str
    customer_name: str
    agent_name: str
    turns: list[GeneratedTurn] = Field(min_length=2, max_length=80)


@dataclass(frozen=True, slots=True)
class Made:
    raw: RawConversation
    cost_usd: Decimal


def make(gateway: Gateway, *, topic: str, style: str, language: str, turns: int, number: int, external_id: str) -> Made:
    """One conversation on a topic. The topic is a person's text: it says what about, never what to do."""
    answer = gateway.structured(
        TASK,
        GeneratedConversation,
        values={
            "style": STYLES.get(style, STYLES["everyday"]),
            "language": language or "en",
            "turns": str(turns),
            "number": str(number),
        },
        data={"topic": topic},
    )
    made = answer.value
    spoken = [turn for turn in made.turns if turn.text.strip()]
    if not {"customer", "agent"} <= {turn.role for turn in spoken}:
        raise BadAnswer("The model wrote a conversation in which only one side speaks.")
    raw = RawConversation(
        source="generated",
        external_id=external_id,
        title=made.title.strip()[:300],
        channel="generated",
        customer=RawPerson(name=made.customer_name.strip()[:100]),
        agents=[RawPerson(name=made.agent_name.strip()[:100])],
        turns=[
            RawTurn(
                id=f"t{place}",
                role=turn.role,
                author=(made.customer_name if turn.role == "customer" else made.agent_name).strip()[:100],
                text=turn.text.strip(),
            )
            for place, turn in enumerate(spoken, 1)
        ],
        metadata={
            "topic": topic,
            "style": style,
            "language": language,
            "provider": answer.provider,
            "model": answer.model,
            "prompt_version": answer.prompt_version,
            "prompt_hash": answer.prompt_hash,
        },
    )
    return Made(raw, answer.cost_usd)

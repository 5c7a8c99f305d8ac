"""Figures about a conversation that need no model: counts, waiting times, and VADER's reading of English words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final

from sidedesk.enrichment.validation import Turn

if TYPE_CHECKING:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

_WORD: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_QUESTION: Final = re.compile(r"[?？؟](?=\s|$|[\"”»)])")
_SENTENCE: Final = re.compile(r"[.!?。！？]+(?=\s|$)|\n+")


def words(text: str) -> int:
    return len(_WORD.findall(text))


def vader(text: str) -> float:
    """VADER's compound score. Its words are English: others say nothing to it."""
    return round(float(_analyzer().polarity_scores(text)["compound"]), 4)


def of(turns: Sequence[Turn]) -> dict[str, float | int | None]:
    """The text metrics of a document."""
    by_role = {
        role: [turn for turn in turns if turn.role == role] for role in ("customer", "agent", "bot", "note", "system")
    }
    counted = {role: sum(words(turn.text) for turn in some) for role, some in by_role.items()}
    spoken = counted["customer"] + counted["agent"] + counted["bot"]
    waits = _waits(turns)
    times = [turn.at for turn in turns if turn.at is not None]
    sentences = sum(max(1, len(_SENTENCE.findall(turn.text))) for turn in turns if turn.text)
    every = sum(counted.values())
    return {
        "turns": len(turns),
        "customer_turns": len(by_role["customer"]),
        "agent_turns": len(by_role["agent"]),
        "bot_turns": len(by_role["bot"]),
        "note_turns": len(by_role["note"]),
        "words": every,
        "customer_words": counted["customer"],
        "agent_words": counted["agent"],
        "agent_share": round((counted["agent"] + counted["bot"]) / spoken, 4) if spoken else None,
        "longest_turn_words": max((words(turn.text) for turn in turns), default=0),
        "words_per_sentence": round(every / sentences, 2) if sentences else None,
        "customer_questions": sum(len(_QUESTION.findall(turn.text)) for turn in by_role["customer"]),
        "agent_questions": sum(len(_QUESTION.findall(turn.text)) for turn in by_role["agent"]),
        "attachments": sum(len(turn.attachments) for turn in turns),
        "duration_seconds": round((max(times) - min(times)).total_seconds()) if len(times) > 1 else None,
        "first_response_seconds": waits[0] if waits else None,
        "median_response_seconds": round(median(waits)) if waits else None,
    }


def _waits(turns: Sequence[Turn]) -> list[int]:
    """Seconds from the first unanswered word of a customer to the agent's or the bot's next one."""
    spoken = [turn for turn in turns if turn.role in ("customer", "agent", "bot") and turn.at is not None]
    waits: list[int] = []
    asked = spoken[0].at if spoken and spoken[0].role == "customer" else None
    for before, turn in pairwise(spoken):
        if turn.role == "customer":
            asked = turn.at if before.role != "customer" or asked is None else asked
        elif asked is not None and turn.at is not None:
            waits.append(round((turn.at - asked).total_seconds()))
            asked = None
    return waits


@lru_cache(maxsize=1)
def _analyzer() -> SentimentIntensityAnalyzer:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()

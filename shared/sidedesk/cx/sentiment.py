"""How a customer feels, from their words alone. Good enough to order a queue and to ask for empathy; not a measurement.

English is read by VADER. German, Spanish, French, Portuguese and Italian by a short list of plain words, which sees
neither irony nor context. Other languages, and texts without any known word, count as neutral.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from sidedesk.cx.words import fold, pattern, table

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_LONGEST = 6_000


def language_of(text: str) -> str:
    """One of the six languages by its most common words; empty when none stands out."""
    found = _WORD.findall(fold(text[:_LONGEST]))
    counts = {code: sum(word in common for word in found) for code, common in _common().items()}
    best, second = sorted(counts, key=lambda code: -counts[code])[:2]
    return best if counts[best] > counts[second] else ""


def sentiment_of(text: str) -> float:
    """-1 (furious) to 1 (delighted)."""
    text = text[:_LONGEST]
    language = language_of(text)
    if language in ("", "en"):
        return float(_vader().polarity_scores(text)["compound"]) if text.isascii() or language else 0.0
    words = _WORD.findall(fold(text))
    good, bad = _expression("positive", language), _expression("negative", language)
    score = 0
    for place, word in enumerate(words):
        value = -2 if bad.fullmatch(word) else 1 if good.fullmatch(word) else 0
        negated = value > 0 and any(pattern("not").fullmatch(before) for before in words[max(0, place - 2) : place])
        score += -2 if negated else value
    return max(-1.0, min(1.0, round(score / (abs(score) + 3) * 1.2, 3)))


@lru_cache(maxsize=1)
def _common() -> dict[str, frozenset[str]]:
    return {code: frozenset(words) for code, words in table()["common"].items()}


@lru_cache(maxsize=16)
def _expression(kind: str, language: str) -> re.Pattern[str]:
    return re.compile("|".join(table()[kind][language]))


@lru_cache(maxsize=1)
def _vader() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()

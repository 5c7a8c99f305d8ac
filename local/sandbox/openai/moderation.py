"""Moderation by word lists: enough to tell an insult or a threat from a complaint."""

import re
from typing import Any

from local.sandbox.openai import lexicon
from local.sandbox.text import flat

_CATEGORIES = {
    "harassment": lexicon.RUDE,
    "harassment/threatening": re.compile(r"\b(?:kill you|hurt you|find where you live|beat you)"),
    "violence": re.compile(r"\b(?:kill|stab|shoot|bomb|murder)\w*"),
    "hate": re.compile(r"\b(?:inferior race|subhuman)"),
    "self-harm": re.compile(r"\b(?:kill myself|suicide|end my life)"),
    "sexual": re.compile(r"\b(?:porn|nude)\w*"),
    "illicit": re.compile(r"\b(?:buy drugs|stolen cards?|make a weapon)"),
}


def judge(text: str) -> dict[str, Any]:
    plain = flat(text)
    hits = {name: len(pattern.findall(plain)) for name, pattern in _CATEGORIES.items()}
    return {
        "flagged": any(hits.values()),
        "categories": {name: bool(n) for name, n in hits.items()},
        "category_scores": {name: round(min(0.99, 0.6 + 0.15 * n), 3) if n else 0.001 for name, n in hits.items()},
        "category_applied_input_types": {name: ["text"] if n else [] for name, n in hits.items()},
    }

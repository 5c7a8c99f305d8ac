"""A reviewer who changes what has to be changed: keeps a draft's sentence that makes one of the team's points, strikes the others, adds what is missing.

Which points a sentence makes is said by patterns that people wrote beside the threads; the model knows nothing of them.
"""

from __future__ import annotations

import re

from bench.learning.threads import Thread

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_DIGITS = re.compile(r"\d+")


def edited(draft: str, thread: Thread) -> str:
    """What this reviewer sends: greeting and points of the thread's own answer, as far as possible in the draft's words."""
    greeting, _, body = thread.reply.partition("\n\n")
    theirs = _sentences(body)
    wanted = {point for sentence in theirs for point in thread.points_in(sentence)}
    said: set[str] = set()
    kept = []
    for sentence in _sentences(draft):
        points = thread.points_in(sentence)
        if points and points <= wanted and not points <= said and _fits(sentence, body, thread):
            kept.append(sentence)
            said |= points
    for sentence in theirs:
        points = thread.points_in(sentence)
        if not points or not points <= said:
            kept.append(sentence)
            said |= points
    return f"{greeting}\n\n{' '.join(kept)}"


def _fits(sentence: str, body: str, thread: Thread) -> bool:
    """Figures, and what belongs to one case only, must be those of this case."""
    if not set(_DIGITS.findall(sentence)) <= set(_DIGITS.findall(body)):
        return False
    case = f"{thread.asks}\n{body}".lower()
    return all(
        word in case for word in thread.belongs_to_one_case if re.search(rf"\b{re.escape(word)}", sentence.lower())
    )


def _sentences(text: str) -> list[str]:
    return [piece.strip() for piece in _SENTENCE_END.split(text) if piece.strip()]

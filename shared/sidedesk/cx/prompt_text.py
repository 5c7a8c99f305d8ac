"""Does a reply repeat what the model was told? Runs of letters are compared, so case, blanks and punctuation hide nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from sidedesk.ai.fence import Fence
from sidedesk.ai.views import View
from sidedesk.cx.words import pattern

# Eight words of average length.
RUN: Final = 32
_SLOT: Final = re.compile(r"\{\{[^}]*\}\}")
_SPACES: Final = re.compile(r"[^\S\n]+")


def repeated(readings: Sequence[View], system_prompt: str) -> list[str]:
    """What stands in any reading of the reply: as written, decoded, reversed, spaced out."""
    windows = _windows(system_prompt)
    found: list[str] = []
    for view in readings:
        letters = _letters(view.text)
        for start in range(len(letters) - RUN + 1):
            if letters[start : start + RUN] in windows:
                found.append(
                    f"{view.name}: {letters[start : start + RUN]}…"
                    if view.name != "plain"
                    else letters[start : start + RUN]
                )
                break
        if match := pattern("prompt_words").search(_SPACES.sub(" ", view.text)):
            found.append(match.group())
    return list(dict.fromkeys(found))


@lru_cache(maxsize=8)
def _windows(system_prompt: str) -> frozenset[str]:
    """Every run of letters of our text; none reaches across a slot, whose content is not ours."""
    fence = Fence()
    parts = [*_SLOT.split(system_prompt), *fence.notice().split(fence.boundary)]
    letters = [_letters(part.lower()) for part in parts]
    return frozenset(part[start : start + RUN] for part in letters for start in range(len(part) - RUN + 1))


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())

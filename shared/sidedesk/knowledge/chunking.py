"""An article in pieces that can be found: along its headings and paragraphs, of a size that says something by itself.

The same text always makes the same pieces, and a change moves only those of its own section: what has not changed needs
no new vector.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID, uuid5

from sidedesk.knowledge.parsing import Block, blocks

GOAL, MOST = 250, 350  # words
# A new section begins a new piece once the last one says enough by itself.
ENOUGH = 120
OVERLAP = 40
# Where blanks are rare, so many characters count as a word.
LETTERS_A_WORD = 8
_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])|\n")


@dataclass(frozen=True, slots=True)
class Chunk:
    ordinal: int
    headings: tuple[str, ...]
    text: str

    def title(self, article: str) -> str:
        return " › ".join((article, *(step for step in self.headings if step != article)))

    def id_in(self, article_id: UUID, article: str, seen: dict[str, int]) -> UUID:
        """An id that follows from what is embedded; the same text twice in an article gets two."""
        digest = hashlib.sha256(f"{self.title(article)}\n{self.text}".encode()).hexdigest()
        seen[digest] = seen.get(digest, 0) + 1
        return uuid5(article_id, f"{digest}/{seen[digest]}")


def chunks(text: str) -> list[Chunk]:
    """The pieces of clean Markdown, in order."""
    return [Chunk(number, headings, body) for number, (headings, body) in enumerate(_packed(blocks(text)))]


def words(text: str) -> int:
    return max(len(text.split()), len(text) // LETTERS_A_WORD)


def _packed(parts: Iterable[Block]) -> Iterator[tuple[tuple[str, ...], str]]:
    held: list[str] = []
    path: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    size = 0
    for block in parts:
        if held and block.headings != last and size >= ENOUGH:
            yield path, "\n\n".join(held)
            held, size = [], 0
        for piece in _fitting(block.text):
            length = words(piece)
            if held and size + length > (MOST if size < GOAL else GOAL):
                yield path, "\n\n".join(held)
                before = _tail(held[-1]) if block.headings == last else ""
                held, size = ([before], words(before)) if before else ([], 0)
            if not held:
                path = block.headings
            elif block.headings != last:
                path = _common(path, block.headings)
                held.append(" › ".join(block.headings[len(path) :]))
            held.append(piece)
            size += length
            last = block.headings
    if held:
        yield path, "\n\n".join(held)


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    shared = []
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared.append(left)
    return tuple(shared)


def _fitting(text: str) -> Iterator[str]:
    """A paragraph, or a long one in parts that end where sentences end."""
    if words(text) <= MOST:
        yield text
        return
    held: list[str] = []
    size = 0
    for sentence in _sentences(text):
        length = words(sentence)
        if held and size + length > GOAL:
            yield " ".join(held)
            held, size = [], 0
        held.append(sentence)
        size += length
    if held:
        yield " ".join(held)


def _sentences(text: str) -> Iterator[str]:
    for sentence in _SENTENCE.split(text):
        if sentence and sentence.strip():
            yield from _cut(sentence.strip())


def _cut(sentence: str) -> Iterator[str]:
    """One that never ends is cut at blanks, and one without blanks anywhere."""
    if words(sentence) <= GOAL:
        yield sentence
        return
    longest = GOAL * LETTERS_A_WORD
    line = ""
    for word in sentence.split():
        while len(word) > longest:
            if line:
                yield line
                line = ""
            yield word[:longest]
            word = word[longest:]
        if (line and words(line) + 1 > GOAL) or len(line) + len(word) > longest:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    if line:
        yield line


def _tail(text: str) -> str:
    """The last sentences of what went before, so that a thought cut in two is whole in one piece."""
    kept: list[str] = []
    size = 0
    for sentence in reversed(list(_sentences(text))):
        size += words(sentence)
        if size > OVERLAP:
            break
        kept.insert(0, sentence)
    return " ".join(kept)

"""Files read in flat memory: some bytes at a time, from any place on, so that a worker can go on where another one died.

Every reader answers, one after the other, conversations and refusals, each with the place behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sidedesk.conversations.errors import ImportFailed, NotAConversation
from sidedesk.conversations.raw import RawConversation
from sidedesk.conversations.shapes import from_document

BLOCK = 1024 * 1024
LARGEST = 8 * 1024 * 1024  # one conversation in a file
BOM: Final = b"\xef\xbb\xbf"
NOT_UTF8: Final = "This is not UTF-8 text. Save the file as UTF-8 and import it again."


@dataclass(frozen=True, slots=True)
class Read:
    """A conversation, and the rows that were refused on the way to it; `place` is where to go on behind all of them."""

    row: int  # its number or line in the file
    place: dict[str, Any]
    raw: RawConversation | None = None
    refusals: tuple[tuple[int, str], ...] = ()
    grouped: bool = False  # put together from rows that follow each other

    @classmethod
    def refused(cls, row: int, place: dict[str, Any], why: str) -> Read:
        return cls(row, place, refusals=((row, why),))


@dataclass
class File:
    """Bytes that are read block by block."""

    part: Callable[[int, int], bytes]
    size: int
    block: int = BLOCK

    def blocks(self, start: int) -> Iterator[bytes]:
        at = start
        while at < self.size:
            content = self.part(at, min(self.block, self.size - at))
            if not content:
                raise ImportFailed("The file is shorter than it was. Upload it again.")
            at += len(content)
            yield content


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    content: bytes  # without its end
    start: int
    end: int  # where the next one begins
    too_long: bool = False


@dataclass
class Lines:
    """Physical lines from a place on. A line longer than allowed comes empty and marked."""

    file: File
    start: int = 0
    number: int = 0
    longest: int = LARGEST
    _at: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[Line]:
        self._at, number = self.start, self.number
        tail, dropped = b"", 0
        for block in self.file.blocks(self.start):
            pieces = (tail + block).split(b"\n")
            tail = pieces.pop()
            for piece in pieces:
                number += 1
                yield self._line(number, piece, dropped, 1)
                dropped = 0
            if len(tail) > self.longest:
                dropped, tail = dropped + len(tail), b""
        if tail or dropped:
            yield self._line(number + 1, tail, dropped, 0)

    def _line(self, number: int, piece: bytes, dropped: int, ending: int) -> Line:
        start, self._at = self._at, self._at + dropped + len(piece) + ending
        content = b"" if dropped else piece.removesuffix(b"\r")
        if start == 0:
            content = content.removeprefix(BOM)
        too_long = dropped > 0 or len(content) > self.longest
        return Line(number, b"" if too_long else content, start, self._at, too_long)


def json_lines(file: File, place: Mapping[str, Any]) -> Iterator[Read]:
    """One conversation a line. A bad line is refused, the next one is read."""
    import json

    for line in Lines(file, place.get("offset", 0), place.get("row", 0)):
        behind = {"offset": line.end, "row": line.number}
        if line.too_long:
            yield Read.refused(line.number, behind, f"This line is longer than {LARGEST // BLOCK} MB.")
            continue
        if not line.content.strip():
            yield Read(line.number, behind)
            continue
        try:
            text = line.content.decode("utf-8")
            document = json.loads(text, parse_constant=lambda _: None)
        except UnicodeDecodeError:
            yield Read.refused(line.number, behind, NOT_UTF8)
        except (ValueError, RecursionError) as error:
            yield Read.refused(line.number, behind, f"This line is not JSON: {reason(error)}.")
        else:
            yield taken(line.number, behind, document)


def taken(row: int, behind: dict[str, Any], document: Any) -> Read:
    """A conversation, or why this is none."""
    try:
        return Read(row, behind, raw=from_document(document))
    except NotAConversation as refusal:
        return Read.refused(row, behind, refusal.message)


def reason(error: Exception) -> str:
    """What is wrong, without a word of the content."""
    message = str(getattr(error, "msg", ""))
    return message[:1].lower() + message[1:] or "it is nested too deeply or holds a number that is too long"

"""A JSON file with an array of conversations, read element by element; or one conversation alone."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sidedesk.conversations.errors import ImportFailed
from sidedesk.conversations.reading import BLOCK, LARGEST, NOT_UTF8, File, Read, reason, taken

_BLANK = re.compile(r"[ \t\r\n]*")
# The array may be wrapped, as exports of several tools are.
_WRAPPED = re.compile(r'\{[ \t\r\n]*"(?:conversations|data)"[ \t\r\n]*:[ \t\r\n]*\[')
_BEHIND: Final = (",", "]", " ", "\t", "\r", "\n")
_BEGINNING = 200
_ESCAPED = re.compile("[\udc80-\udcff]")
_DECODER: Final = json.JSONDecoder(parse_constant=lambda _: None)


def json_array(file: File, place: Mapping[str, Any]) -> Iterator[Read]:
    if place.get("alone"):
        return
    window = _Window(file, place.get("offset", 0))
    row = place.get("row", 0)
    if not place:
        window.take("\ufeff")
        window.blank()
        opened = window.look(_WRAPPED)
        if opened:
            window.pass_by(opened)
        elif not window.take("["):
            yield from _alone(window)
            return
    while True:
        window.blank()
        if window.take("]"):
            return
        if row and not window.take(","):
            raise _broken(window, row, "a comma or the end of the list is missing")
        window.blank()
        row += 1
        document, odd = window.value(row - 1)
        behind = {"offset": window.offset, "row": row}
        yield Read.refused(row, behind, NOT_UTF8) if odd else taken(row, behind, document)


def _alone(window: _Window) -> Iterator[Read]:
    document, odd = window.value(0)
    window.blank()
    if window.more():
        raise ImportFailed("There is more behind the first object. If each line is one conversation, use format jsonl.")
    behind = {"offset": window.offset, "row": 1, "alone": True}
    yield Read.refused(1, behind, NOT_UTF8) if odd else taken(1, behind, document)


class _Window:
    """The part of the text that is looked at now. Bytes that are no UTF-8 stay recognisable."""

    def __init__(self, file: File, offset: int) -> None:
        self.offset = offset  # in bytes, of `_at`
        self._blocks = file.blocks(offset)
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text, self._at, self._ended = "", 0, False

    def more(self) -> bool:
        """Is there text at all?"""
        while self._at >= len(self._text) and self._fill():
            pass
        return self._at < len(self._text)

    def blank(self) -> None:
        while self.more():
            found = _BLANK.match(self._text, self._at)
            if found is None or found.end() == self._at:
                return
            self.pass_by(found)

    def take(self, character: str) -> bool:
        if not self.more() or self._text[self._at] != character:
            return False
        self._go(self._at + 1)
        return True

    def look(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        while len(self._text) - self._at < _BEGINNING and self._fill():
            pass
        return pattern.match(self._text, self._at)

    def pass_by(self, found: re.Match[str]) -> None:
        self._go(found.end())

    def value(self, after: int) -> tuple[Any, bool]:
        """The next value, however many blocks it takes; and whether it has bytes that are no text."""
        while True:
            try:
                document, end = _DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if len(self._text) - self._at <= LARGEST and self._fill():
                    continue
                raise _broken(self, after, reason(error)) from error
            cut = self._text[end - 1] not in '}]"' and self._text[end : end + 1] not in _BEHIND
            if cut and self._fill():
                continue  # a number goes on in the next block
            odd = _ESCAPED.search(self._text, self._at, end) is not None
            self._go(end)
            return document, odd

    def _fill(self) -> bool:
        if self._ended:
            return False
        block = next(self._blocks, None)
        self._ended = block is None
        text = self._decoder.decode(block or b"", final=self._ended)
        self._text, self._at = self._text[self._at :] + text, 0
        return bool(text) or not self._ended

    def _go(self, to: int) -> None:
        self.offset += len(self._text[self._at : to].encode("utf-8", "surrogateescape"))
        self._at = to


def _broken(window: _Window, after: int, why: str) -> ImportFailed:
    where = f"behind conversation {after}" if after else "at its beginning"
    return ImportFailed(
        f"The file cannot be read on {where} (byte {window.offset}): {why}. "
        f"A conversation may have {LARGEST // BLOCK} MB. What came before is stored; mend the file and import it again."
    )

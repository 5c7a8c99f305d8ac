"""A table of conversations: a row per turn, the rows of a conversation together; or a row per conversation with a transcript.

Records are cut by our own hand, because a worker must know the byte behind each of them; their cells are csv's business.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sidedesk.conversations.errors import ImportFailed, NotAConversation
from sidedesk.conversations.reading import BLOCK, LARGEST, NOT_UTF8, File, Line, Lines, Read
from sidedesk.conversations.shapes import MOST_TURNS, TURN_FIELDS, from_rows

SEPARATORS: Final = (",", ";", "\t")
MOST_COLUMNS = 200
LONGEST_ROW = BLOCK
csv.field_size_limit(LONGEST_ROW)  # a transcript is one cell
_IDS: Final = ("conversation_id", "external_id", "id")
_SHAPE: Final = (
    "The first line must name the columns: conversation_id, role and text (also at, author, title, channel, "
    "customer_name, customer_email), one row per turn; or a column transcript, one row per conversation."
)


@dataclass(frozen=True, slots=True)
class Table:
    """What the first line says."""

    names: list[str]
    separator: str
    start: int  # of the first row
    line: int

    @property
    def whole(self) -> bool:
        """One row is one conversation."""
        return "transcript" in self.names


@dataclass(frozen=True, slots=True)
class Record:
    number: int  # line of the file
    start: int
    end: int
    last_line: int
    cells: list[str]
    problem: str = ""


def csv_rows(file: File, place: Mapping[str, Any]) -> Iterator[Read]:
    table = head(file)
    records = _records(Lines(file, place.get("offset", table.start), place.get("row", table.line)), table.separator)
    group = _Group(table)
    for record in records:
        row, problem = _row(table, record)
        if row is not None and not group.takes(row):
            yield group.read()
            group = _Group(table)
        group.add(record, row, problem)
        if not group.rows and group.refusals:
            yield group.read()
            group = _Group(table)
    if group.last is not None:
        yield group.read()


@dataclass
class _Group:
    """Rows that follow each other and belong to one conversation. One that cannot be read belongs to nobody, and parts nothing."""

    table: Table
    rows: list[dict[str, str]] = field(default_factory=list)
    refusals: list[tuple[int, str]] = field(default_factory=list)
    first: int = 0
    last: Record | None = None
    size: int = 0

    def takes(self, row: Mapping[str, str]) -> bool:
        return not self.rows or (not self.table.whole and _key(row) == _key(self.rows[0]))

    def add(self, record: Record, row: dict[str, str] | None, problem: str) -> None:
        self.last = record
        if problem:
            self.refusals.append((record.number, problem))
        if row is None:
            return
        self.first = self.first or record.number
        self.size += record.end - record.start
        if len(self.rows) <= MOST_TURNS and self.size <= LARGEST:
            self.rows.append(row)

    def read(self) -> Read:
        assert self.last is not None
        behind = {"offset": self.last.end, "row": self.last.last_line}
        raw = None
        if self.size > LARGEST:
            self.refusals.append((self.first, f"This conversation is larger than {LARGEST // BLOCK} MB."))
        elif self.rows:
            try:
                raw = from_rows(self.rows)
            except NotAConversation as refusal:
                self.refusals.append((self.first, refusal.message))
        return Read(self.first or self.last.number, behind, raw, tuple(self.refusals), not self.table.whole)


def head(file: File) -> Table:
    """Columns and separator, from the first line with something in it."""
    for line in Lines(file, longest=LONGEST_ROW):
        if line.content.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise ImportFailed("This is UTF-16. Save the file as UTF-8 (in Excel: CSV UTF-8) and import it again.")
        if line.too_long or not line.content.strip():
            continue
        try:
            text = line.content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ImportFailed(NOT_UTF8) from error
        separator = max(SEPARATORS, key=text.count)
        names = [_name(cell) for cell in next(csv.reader([text], delimiter=separator), [])]
        table = Table(names, separator, line.end, line.number)
        _check(table)
        return table
    raise ImportFailed(f"The file is empty. {_SHAPE}")


def _check(table: Table) -> None:
    given = set(table.names)
    if len(table.names) > MOST_COLUMNS:
        raise ImportFailed(f"The table has {len(table.names)} columns; {MOST_COLUMNS} are the most.")
    if len([name for name in table.names if name]) > len(given - {""}):
        raise ImportFailed("Two columns have the same name. Rename one of them.")
    if table.whole:
        return
    if not given & set(TURN_FIELDS["text"]) or not given & set(_IDS):
        raise ImportFailed(_SHAPE)


def _name(cell: str) -> str:
    return "_".join(cell.replace("-", " ").lower().split())


def _records(lines: Lines, separator: str) -> Iterator[Record]:
    """Lines joined where a quoted cell goes on in the next one."""
    lines.longest = LONGEST_ROW
    held: list[Line] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line.content)
        if line.too_long or size > LONGEST_ROW:
            yield _problem(held, f"This row is longer than {LONGEST_ROW // 1024} KB; is a quote not closed?")
        elif _open(b"\n".join(one.content for one in held), separator.encode()):
            continue
        else:
            yield _record(held, separator)
        held, size = [], 0
    if held:
        yield _problem(held, "A quote that opens here is never closed.")


def _record(held: list[Line], separator: str) -> Record:
    try:
        text = b"\n".join(one.content for one in held).decode("utf-8")
    except UnicodeDecodeError:
        return _problem(held, NOT_UTF8)
    try:
        cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), []) if text.strip() else []
    except csv.Error:
        return _problem(held, "This row cannot be read: its quotes do not fit.")
    return Record(held[0].number, held[0].start, held[-1].end, held[-1].number, cells)


def _problem(held: list[Line], why: str) -> Record:
    return Record(held[0].number, held[0].start, held[-1].end, held[-1].number, [], why)


def _open(record: bytes, separator: bytes) -> bool:
    """Does a quoted cell go on behind these bytes? Only a quote at a cell's beginning opens one."""
    at = 0
    while True:
        if record[at : at + 1] == b'"':
            at += 1
            while True:
                quote = record.find(b'"', at)
                if quote < 0:
                    return True
                at = quote + 1
                if record[at : at + 1] != b'"':
                    break
                at += 1
        following = record.find(separator, at)
        if following < 0:
            return False
        at = following + 1


def _row(table: Table, record: Record) -> tuple[dict[str, str] | None, str]:
    """Cells by the names of their columns, or what is wrong with the row."""
    if record.problem:
        return None, record.problem
    cells = record.cells
    if not any(cell.strip() for cell in cells):
        return None, ""
    if len(cells) > len(table.names):
        return None, f"This row has {len(cells)} cells, the first line names {len(table.names)}."
    row = {name: cell.replace("\r\n", "\n") for name, cell in zip(table.names, cells, strict=False) if name}
    if not table.whole and not _key(row):
        return None, "This row names no conversation: its conversation_id is empty."
    return row, ""


def _key(row: Mapping[str, str]) -> str:
    return next((row[name].strip() for name in _IDS if row.get(name)), "")

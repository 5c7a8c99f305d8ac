"""Documents become clean Markdown and then blocks of text under their headings.

What a reader of the page cannot see is no knowledge: scripts, styles, comments and hidden text are dropped, because
hidden text is also how somebody would whisper to a model.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from sidedesk.knowledge.errors import Unreadable
from sidedesk.knowledge.models import LANGUAGE_PATTERN, LONGEST_BODY, LONGEST_TITLE, LONGEST_URL, URL_PATTERN, Format

MOST_ROWS = 2_000
# Control characters, marks that change the direction of text, and characters without width. Newlines and tabs stay, and
# so do the joiners that some scripts and emoji need.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
_COMMENT = re.compile(r"<!--.*?(-->|\Z)", re.DOTALL)
_UNREADABLE_ELEMENT = re.compile(
    r"<(script|style|template|noscript|iframe|svg)\b.*?(</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(\s[^<>]*)?/?>")
_FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
_HEADING = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r"^ {0,3}(=+|-{2,})[ \t]*$")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Document:
    """One article to be."""

    title: str
    body: str
    url: str = ""
    language: str = ""
    row: int = 1


@dataclass(frozen=True, slots=True)
class Refused:
    row: int
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list, table or piece of code under its headings."""

    headings: tuple[str, ...]
    text: str


def decode(content: bytes) -> str:
    """UTF-8, or UTF-16 that says so. Guessing at anything else would put wrong letters into answers."""
    try:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return content.decode("utf-16")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"The file is not UTF-8 text (byte {error.start + 1}). Save it with the encoding UTF-8 and import it again."
        ) from error


def documents(text: str, format: Format, name: str = "") -> Iterator[Document | Refused]:
    """The articles of an import, and the rows that cannot become one. `name` titles a document that has no title."""
    if format == "csv":
        yield from _rows(text)
    else:
        yield _single(text, format, name)


def markdown(text: str, format: str) -> str:
    """Clean Markdown of a body that came as Markdown or HTML."""
    return clean(html_text(text)) if format == "html" else clean(_without_markup(clean(text)))


def clean(text: str) -> str:
    """The same to look at, in one form: no invisible characters, no trailing blanks, no long gaps."""
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    text = unicodedata.normalize("NFC", _UNSEEN.sub("", text).replace("\u00a0", " "))
    lines = [line.rstrip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def title_of(text: str) -> str:
    """One line."""
    return " ".join(clean(text).split())


def blocks(text: str) -> Iterator[Block]:
    """The blocks of clean Markdown, each with the headings it stands under."""
    path: list[tuple[int, str]] = []
    lines: list[str] = []
    fence = ""

    def done() -> Iterator[Block]:
        if lines and (joined := "\n".join(lines).strip("\n")).strip():
            yield Block(tuple(name for _, name in path), joined)
        lines.clear()

    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            lines.append(line)
            if mark and mark.group(1).startswith(fence):
                fence = ""
                yield from done()
            continue
        heading = _HEADING.match(line)
        underline = (
            _UNDERLINE.match(line) if len(lines) == 1 and not lines[0].startswith((" ", "-", "|", ">")) else None
        )
        if mark:
            yield from done()
            fence = mark.group(1)
            lines.append(line)
        elif heading or underline:
            level = len(heading.group(1)) if heading else 1 if underline and "=" in underline.group(1) else 2
            name = (heading.group(2) or "") if heading else lines.pop()
            yield from done()
            path = [step for step in path if step[0] < level]
            if name.strip():
                path.append((level, name.strip()))
        elif not line.strip():
            yield from done()
        else:
            lines.append(line)
    yield from done()


# Markdown ----------------------------------------------------------------------------------------------------------------


def _single(text: str, format: Format, name: str) -> Document | Refused:
    facts: dict[str, str] = {}
    if format == "html":
        title, body = html_title(text), markdown(text, "html")
    else:
        text = text.removeprefix("\ufeff").replace("\r\n", "\n")
        if front := _FRONT_MATTER.match(text):
            facts = _facts(front.group(1))
            text = text[front.end() :]
        title, body = facts.get("title", ""), markdown(text, "markdown")
    heading = _HEADING.match(body.split("\n", 1)[0])
    if heading and heading.group(2) and (not title or title_of(heading.group(2)) == title_of(title)):
        # The title is kept apart from the text; said twice it would only weigh more.
        title, body = heading.group(2), body.partition("\n")[2].strip("\n")
    made = Document(title_of(title or name), body, facts.get("url", "").strip(), facts.get("language", "").strip())
    problem = _problem(made)
    return Refused(1, made.title[:LONGEST_TITLE], problem) if problem else made


def _facts(front_matter: str) -> dict[str, str]:
    """`key: value` lines; anything richer is not ours to read."""
    found = {}
    for line in front_matter.split("\n"):
        key, colon, value = line.partition(":")
        if colon and key.strip().lower() in ("title", "url", "language"):
            found[key.strip().lower()] = value.strip().strip("\"'")
    return found


def _without_markup(text: str) -> str:
    """Markdown may hold HTML; outside code it is read as such. Most has none and stays as it is."""
    if not (_TAG.search(text) or "<!--" in text):
        return text
    parts: list[str] = []
    prose: list[str] = []
    fence = ""

    def flush() -> None:
        if prose:
            parts.append(_prose("\n".join(prose)))
            prose.clear()

    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if fence or mark:
            if not fence:
                flush()
            parts.append(line)
            if mark:
                fence = "" if fence and mark.group(1).startswith(fence) else fence or mark.group(1)
        else:
            prose.append(line)
    flush()
    return "\n".join(parts)


def _prose(text: str) -> str:
    text = _UNREADABLE_ELEMENT.sub("", _COMMENT.sub("", text))
    pieces = re.split(r"(\n{2,})", text)
    return "".join(html_text(piece) if _TAG.search(piece) else piece for piece in pieces)


# HTML ---------------------------------------------------------------------------------------------------------------------


def html_title(text: str) -> str:
    from sidedesk.knowledge.html import title

    return title(text)


def html_text(text: str) -> str:
    """Loaded where used: few functions read HTML, and the parser is not in every layer."""
    from sidedesk.knowledge.html import to_markdown

    return to_markdown(text)


# CSV ----------------------------------------------------------------------------------------------------------------------


def _rows(text: str) -> Iterator[Document | Refused]:
    text = text.removeprefix("\ufeff").replace("\x00", "")
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    csv.field_size_limit(4 * LONGEST_BODY)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] = []
    rows = 0
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = _columns(cells)
                continue
            rows += 1
            if rows > MOST_ROWS:
                raise Unreadable(f"One import takes {MOST_ROWS} rows at most. Split the file.")
            yield _row(reader.line_num, columns, cells)
    except csv.Error as error:
        # Where quotes do not close, every later row would be a guess.
        yield Refused(reader.line_num, "", f"The file cannot be read from this line on: {error}.")
    if not columns:
        raise Unreadable(
            "The file is empty. Its first line must name the columns: title,body and, if you like, url,language."
        )


def _columns(cells: list[str]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    missing = [name for name in ("title", "body") if name not in names]
    if missing:
        raise Unreadable(
            f"The first line must name the columns title and body; {' and '.join(missing)} is missing. "
            "Columns url and language are optional."
        )
    if doubled := {name for name in ("title", "body", "url", "language") if names.count(name) > 1}:
        raise Unreadable(f"The column {sorted(doubled)[0]} is there twice. Keep one.")
    return names


def _row(line: int, columns: list[str], cells: list[str]) -> Document | Refused:
    values = dict(zip(columns, cells, strict=False))
    body = values.get("body", "")
    looks_html = re.search(r"</?(p|div|br|h[1-6]|ul|ol|li|table|span|strong|a)\b[^<>]*>", body, re.IGNORECASE)
    made = Document(
        title_of(values.get("title", "")),
        markdown(body, "html" if looks_html else "markdown"),
        values.get("url", "").strip(),
        values.get("language", "").strip(),
        line,
    )
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        return Refused(
            line,
            made.title[:LONGEST_TITLE],
            "It has more cells than there are columns: put quotes around texts with separators.",
        )
    problem = _problem(made)
    return Refused(line, made.title[:LONGEST_TITLE], problem) if problem else made


def _problem(made: Document) -> str:
    """Why this cannot be an article, or nothing."""
    if not made.title:
        return "It has no title."
    if len(made.title) > LONGEST_TITLE:
        return f"Its title has {len(made.title)} characters; {LONGEST_TITLE} are allowed."
    if not made.body.strip():
        return "It has no text that a reader can see."
    if len(made.body) > LONGEST_BODY:
        return f"Its text has {len(made.body)} characters; {LONGEST_BODY} are allowed. Split it."
    if len(made.url) > LONGEST_URL or not re.fullmatch(URL_PATTERN, made.url):
        return "Its url must be a web address that begins with http:// or https://."
    if not re.fullmatch(LANGUAGE_PATTERN, made.language):
        return "Its language must be a code such as en or pt-BR."
    return ""

"""Files in flat memory: whatever the blocks are, wherever one goes on, the same conversations and the same refusals."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidedesk.conversations import reading
from sidedesk.conversations.csv_file import csv_rows
from sidedesk.conversations.errors import ImportFailed
from sidedesk.conversations.json_file import json_array
from sidedesk.conversations.reading import File, Read, json_lines

Reader = Callable[[File, Mapping[str, Any]], Iterator[Read]]


def file(content: bytes | str, block: int = 7) -> File:
    stored = content.encode() if isinstance(content, str) else content
    return File(lambda start, length: stored[start : start + length], len(stored), block)


def chat(external_id: str, *texts: str) -> dict[str, Any]:
    return {"id": external_id, "messages": [{"role": "user", "content": text} for text in texts or ("Hello",)]}


def shown(reads: list[Read]) -> list[Any]:
    """Ids, with the number of turns, and rows of refusals in between."""
    out: list[Any] = []
    for read in reads:
        out += [row for row, _ in read.refusals]
        if read.raw:
            out.append((read.raw.external_id, len(read.raw.turns)))
    return out


def everywhere(reader: Reader, content: bytes | str, sizes: tuple[int, ...] = (1, 7, 64, 100_000)) -> list[Read]:
    """Read with small and large blocks, and go on from each place: always the same."""
    whole = list(reader(file(content), {}))
    for size in sizes:
        assert list(reader(file(content, size), {})) == whole, size
    for position, read in enumerate(whole, 1):
        assert list(reader(file(content), read.place)) == whole[position:], read.place
    return whole


# JSON -----------------------------------------------------------------------------------------------------------------


def test_an_array_of_conversations() -> None:
    content = json.dumps(
        [chat("a"), chat("b", "ü", '🙂 [ { " \\'), 7, {"id": "c"}, chat("d")], ensure_ascii=False, indent=1
    )
    reads = everywhere(json_array, "\ufeff" + content)
    assert shown(reads) == [("a", 1), ("b", 2), 3, 4, ("d", 1)]
    assert reads[2].refusals[0][1] == "This is not an object with turns."
    assert reads[1].raw is not None
    assert reads[1].raw.turns[1].text == '🙂 [ { " \\'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[]", []),
        (" [ ] ", []),
        (json.dumps(chat("one")), [("one", 1)]),
        (json.dumps({"conversations": [chat("a"), chat("b")], "more": [1]}), [("a", 1), ("b", 1)]),
        ('[1, 22, {"id": "x", "transcript": "Customer: hi\\nAgent: hello"}, NaN, -3.5e1]', [1, 2, ("x", 2), 4, 5]),
    ],
)
def test_shapes_of_json(content: str, expected: list[Any]) -> None:
    assert shown(everywhere(json_array, content)) == expected


@pytest.mark.parametrize(
    ("content", "before", "words"),
    [
        ("", 0, "at its beginning"),
        ("hello", 0, "at its beginning"),
        ('[{"id": "a", "messages": ["x"]}', 1, "end of the list is missing"),
        ('[{"id": "a", "messages": ["x"]} {"id": 1}]', 1, "a comma"),
        ('[{"id": "a", "messages": ["x"]}, {"id": "b", "mess', 1, "behind conversation 1"),
        ('[{"id": "a", "messages": ["x"]},]', 1, "expecting value"),
        ("[" * 100_000, 0, "nested too deeply"),
        ('{"id": "a", "messages": ["x"]}\n{"id": "b"}', 0, "format jsonl"),
    ],
)
def test_a_broken_file_says_where_and_keeps_what_came_before(content: str, before: int, words: str) -> None:
    seen: list[Read] = []
    with pytest.raises(ImportFailed, match=words):
        seen.extend(json_array(file(content, 50), {}))
    assert len(seen) == before


def test_bytes_that_are_no_text_are_refused_by_row() -> None:
    good, bad = json.dumps(chat("a")).encode(), b'{"id": "b", "messages": ["caf\xe9"]}'
    assert shown(everywhere(json_array, b"[" + good + b"," + bad + b"," + good + b"]")) == [("a", 1), 2, ("a", 1)]
    reads = everywhere(json_lines, good + b"\n" + bad + b"\r\n\n" + good)
    assert shown(reads) == [("a", 1), 2, ("a", 1)]
    assert "UTF-8" in reads[1].refusals[0][1]


def test_a_line_that_is_no_json_takes_no_other_along() -> None:
    lines = [json.dumps(chat("a")), "{", '{"id": NaN, "messages": ["x"]}', "[1]", json.dumps(chat("b"))]
    reads = everywhere(json_lines, "\n".join(lines) + "\n")
    assert shown(reads) == [("a", 1), 2, ("", 1), 4, ("b", 1)]
    assert "not JSON" in reads[1].refusals[0][1]


def test_too_much_of_one_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST", 200)
    monkeypatch.setattr("sidedesk.conversations.json_file.LARGEST", 200)
    long = json.dumps(chat("long", "x" * 1_000))
    short = json.dumps(chat("s"))
    lines = reading.Lines(file(f"{short}\n{long}\n{short}"), longest=200)
    assert [(line.number, line.too_long) for line in lines] == [(1, False), (2, True), (3, False)]
    with pytest.raises(ImportFailed, match="behind conversation 1"):
        list(json_array(file(f"[{short},{long},{short}]"), {}))


@given(st.lists(st.text(max_size=30), min_size=1, max_size=6), st.integers(1, 90))
@settings(max_examples=60, deadline=None)
def test_any_text_survives(texts: list[str], block: int) -> None:
    chats = [chat(str(n), text, "end") for n, text in enumerate(texts)]
    content = json.dumps(chats, ensure_ascii=False).encode("utf-8", "surrogatepass")
    for reader, stored in (
        (json_array, content),
        (json_lines, b"\n".join(json.dumps(one).encode() for one in chats)),
    ):
        reads = list(reader(file(stored, block), {}))
        assert [read.raw.turns[0].text for read in reads if read.raw] == texts


# CSV ------------------------------------------------------------------------------------------------------------------

HEAD = "conversation_id,at,role,author,text"


def test_a_row_per_turn() -> None:
    content = "\n".join(
        [
            HEAD + ",title,customer_email,plan",
            "1,2026-11-03T09:00:00Z,Customer,Dana,Hello,Parcel,dana@customer.example,pro",
            '1,2026-11-03T09:01:00Z,Agent,Ana,"Hi, ""Dana""',
            'how are you?",,,',
            '2,1762160400,user,,5" pipe,,,',
            "",
            ",,,,,,,",
            "3,yesterday,Zauberer,,Abrakadabra,,,",
        ]
    )
    reads = everywhere(csv_rows, "\ufeff" + content.replace("\n", "\r\n"))
    assert shown(reads) == [("1", 2), ("2", 1), ("3", 1)]
    first, second, third = (read.raw for read in reads if read.raw)
    assert first.turns[1].text == 'Hi, "Dana"\nhow are you?'
    assert [turn.role for turn in first.turns] == ["customer", "agent"]
    assert (first.title, first.customer.email, first.metadata) == ("Parcel", "dana@customer.example", {"plan": "pro"})
    assert (second.turns[0].text, second.turns[0].at) == ('5" pipe', "2025-11-03T09:00:00Z")
    assert (third.turns[0].role, third.turns[0].at) == ("Zauberer", "yesterday")
    assert [read.row for read in reads] == [2, 5, 8]


def test_bad_rows_are_named_and_the_rest_is_read() -> None:
    rows = [HEAD, "1,,customer,,a", "1,,agent,,b,too,many", "1,,agent,,c", ",,customer,,nobody's", "2,,customer,,d"]
    content = "\n".join(rows).encode() + b'\n3,,customer,,caf\xe9\n4,,customer,,e\n5,,customer,,"never closed\nx\n'
    reads = everywhere(csv_rows, content)
    assert shown(reads) == [3, 5, ("1", 2), 7, ("2", 1), 9, ("4", 1)]
    words = [why for read in reads for _, why in read.refusals]
    assert (
        "7 cells" in words[0]
        and "conversation_id is empty" in words[1]
        and "UTF-8" in words[2]
        and "never closed" in words[3]
    )


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators(separator: str) -> None:
    content = f"Conversation ID{separator}Role{separator}Message\n1{separator}agent{separator}Hello\n"
    assert shown(everywhere(csv_rows, content)) == [("1", 1)]


def test_a_row_per_conversation() -> None:
    content = (
        'id;transcript\n1;"Customer: hi\nAgent (Ana): hello\nand more: yes"\n;"Customer: no id"\n1;Customer: again\n'
    )
    reads = everywhere(csv_rows, content)
    assert shown(reads) == [("1", 2), ("", 1), ("1", 1)]
    assert reads[0].raw is not None
    assert reads[0].raw.turns[1].text == "hello\nand more: yes"
    assert reads[0].raw.turns[1].author == "Ana"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"a,b,c\n1,2,3\n", "must name the columns"),
        (b"conversation_id,role\n1,agent\n", "must name the columns"),
        (b"role,text\nagent,x\n", "must name the columns"),
        (b"id,text,text\n", "same name"),
        (b"conversation_id,text,\xe9\n", "UTF-8"),
        ("conversation_id,text\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_a_table_that_is_none(content: bytes, words: str) -> None:
    with pytest.raises(ImportFailed, match=words):
        list(csv_rows(file(content), {}))


def test_a_quote_that_is_never_closed_takes_a_megabyte_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidedesk.conversations.csv_file.LONGEST_ROW", 300)
    rows = [HEAD, '1,,customer,,"open', *(f"{n},,customer,,{'x' * 40}" for n in range(2, 40))]
    reads = everywhere(csv_rows, "\n".join(rows))
    refused = [row for read in reads for row, _ in read.refusals]
    assert refused == [2]
    assert sum(read.raw is not None for read in reads) > 25


def test_rows_of_a_conversation_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidedesk.conversations.csv_file.MOST_TURNS", 10)
    monkeypatch.setattr("sidedesk.conversations.shapes.MOST_TURNS", 10)
    rows = [HEAD, *("1,,customer,,x" for _ in range(30)), "2,,customer,,y"]
    reads = everywhere(csv_rows, "\n".join(rows))
    assert shown(reads) == [2, ("2", 1)]
    assert "more than 10 turns" in reads[0].refusals[0][1]


@given(
    st.lists(st.tuples(st.sampled_from("123"), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), min_size=1, max_size=20)), min_size=1, max_size=8),
    st.integers(1, 60),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_cell_survives(turns: list[tuple[str, str]], block: int) -> None:
    import csv
    import io

    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["conversation_id", "text"])
    writer.writerows(sorted(turns, key=lambda turn: turn[0]))
    reads = list(csv_rows(file(out.getvalue(), block), {}))
    found = [(read.raw.external_id, turn.text) for read in reads if read.raw for turn in read.raw.turns]
    assert found == sorted(turns, key=lambda turn: turn[0])


def test_a_large_file_is_read_in_a_reasonable_time() -> None:
    rows = [HEAD, *(f"{n // 8},2026-11-03T09:00:00Z,{'agent' if n % 2 else 'customer'},Ana,{'words ' * 30}" for n in range(40_000))]  # fmt: skip
    started = time.process_time()
    assert len(list(csv_rows(file("\n".join(rows), reading.BLOCK), {}))) == 5_000
    assert time.process_time() - started < 15

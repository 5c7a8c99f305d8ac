"""Documents of all kinds: what a reader sees is kept, what nobody sees is not, and each bad row says why."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidedesk.knowledge import parsing
from sidedesk.knowledge.errors import Unreadable
from sidedesk.knowledge.parsing import Block, Document, Refused, blocks, documents, markdown

PAGE = """<!doctype html><html><head><title>Help</title><style>p{}</style></head><body><nav>Home</nav>
<h1>Returns <b>and</b> refunds</h1><p>You have <b>30 days</b>. Use <a href="https://x.example/form">our form</a>.<br>Or call.</p>
<ul><li>One</li><li>Two <i>things</i></li></ul><table><tr><th>Country</th><th>Cost</th></tr><tr><td>DE</td><td>4,90</td></tr></table></body></html>"""
ROOT = Path(__file__).resolve().parents[3]


def test_a_page_as_it_is_read() -> None:
    [page] = documents(PAGE, "html")
    assert isinstance(page, Document) and page.title == "Returns and refunds"
    assert page.body.startswith("You have 30 days. Use our form (https://x.example/form).\nOr call.")
    assert (
        "- One" in page.body
        and "- Two things" in page.body
        and "Country | Cost" in page.body
        and "DE | 4,90" in page.body
    )
    assert "Home" not in page.body and "p{}" not in page.body


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>WHISPER</script>",
        "<style>WHISPER</style>",
        "<!-- WHISPER -->",
        "<div style='display:none'>WHISPER</div>",
        "<div style='DISPLAY : NONE !important'><p>WHISPER</p></div>",
        "<span style='visibility:hidden'>WHISPER</span>",
        "<span style='font-size:0px'>WHISPER</span>",
        "<span style='opacity: 0'>WHISPER</span>",
        "<span style='position:absolute;left:-9999px'>WHISPER</span>",
        "<p hidden>WHISPER</p>",
        "<p aria-hidden='true'>WHISPER</p>",
        "<template>WHISPER</template>",
        "<noscript>WHISPER</noscript>",
        "<svg><text>WHISPER</text></svg>",
        "<textarea>WHISPER</textarea>",
        "<script>WHISPER",
        "<!-- WHISPER",
    ],
)
def test_what_nobody_sees_is_not_read(hidden: str) -> None:
    for text in (f"<p>Before</p>{hidden}<p>After</p>", f"Before\n\n{hidden}\n\nAfter"):
        for kind in ("html", "markdown"):
            clean = markdown(text, kind)
            assert "Before" in clean and "WHISPER" not in clean, (kind, clean)


def test_seen_styles_stay() -> None:
    assert "shown" in markdown("<p style='opacity:0.9;font-size:0.8em;left:-1px'>shown</p>", "html")


def test_invisible_letters_go_and_joiners_stay() -> None:
    assert parsing.clean("a\u200bb\u202ec\u2066d\x00e\ufeff\U000e0041f") == "abcdef"
    assert parsing.clean("👩\u200d👩\u200d👧") == "👩\u200d👩\u200d👧"
    assert parsing.clean("\ud800x") == "?x"
    assert parsing.clean("e\u0301") == "é"


def test_markdown_without_html_stays_as_it_is() -> None:
    text = "# A\n\n- one\n- two\n\n| a | b |\n|---|---|\n\n```\n<div>code</div>\n```\n\n<https://x.example> and 3 < 4"
    assert markdown(text, "markdown") == text


def test_front_matter_and_the_first_heading() -> None:
    [made] = documents(
        "---\ntitle: Returns\nurl: https://x.example/r\nlanguage: en\nother: 1\n---\n# Returns\n\nText", "markdown"
    )
    assert made == Document("Returns", "Text", "https://x.example/r", "en")
    [made] = documents("# Only heading\n\nText", "markdown", "file")
    assert made == Document("Only heading", "Text")
    [made] = documents("Just text", "markdown", "file")
    assert made == Document("file", "Just text")
    [refused] = documents("Just text", "markdown")
    assert refused == Refused(1, "", "It has no title.")


def test_blocks_know_their_headings() -> None:
    text = "Intro\n\n# A\n\none\ntwo\n\n## B\n\n- x\n- y\n\nTitle\n=====\n\n```\n# no heading\n```\n"
    assert list(blocks(text)) == [
        Block((), "Intro"),
        Block(("A",), "one\ntwo"),
        Block(("A", "B"), "- x\n- y"),
        Block(("Title",), "```\n# no heading\n```"),
    ]


class TestCsv:
    def rows(self, text: str) -> list[Document | Refused]:
        return list(documents(text, "csv"))

    @pytest.mark.parametrize("mark", [",", ";", "\t"])
    def test_separators_quotes_and_the_mark_of_excel(self, mark: str) -> None:
        text = f'\ufeffTitle{mark}BODY{mark}url{mark}language\r\nA{mark}"x{mark}\r\n""y"""{mark}https://x.example{mark}de\r\n\r\nB{mark}z{mark}{mark}\r\n'
        assert self.rows(text) == [
            Document("A", f'x{mark.rstrip()}\n"y"', "https://x.example", "de", 3),
            Document("B", "z", "", "", 5),
        ]

    def test_each_bad_row_says_why_and_the_others_come_in(self) -> None:
        text = (
            "title,body,url,language\n,x\nA,\nB,ok\nC,x,ftp://x\nD,x,,deutsch bitte\nE,x,,de,extra\n"
            + "t" * 301
            + ",x\n"
        )
        found = self.rows(text)
        assert [one.row for one in found if isinstance(one, Document)] == [4]
        reasons = {one.row: one.reason for one in found if isinstance(one, Refused)}
        assert reasons.keys() == {2, 3, 5, 6, 7, 8}
        assert "no title" in reasons[2] and "no text" in reasons[3] and "url" in reasons[5] and "language" in reasons[6]
        assert "cells" in reasons[7] and "301" in reasons[8]

    def test_html_in_a_cell(self) -> None:
        assert self.rows('title,body\nA,"<p>x</p><script>y</script>"\n') == [Document("A", "x", row=2)]

    def test_an_open_quote_refuses_the_rest(self) -> None:
        *good, last = self.rows('title,body\nA,x\nB,"y\nC,z\n')
        assert len(good) == 1 and isinstance(last, Refused) and "cannot be read" in last.reason

    @pytest.mark.parametrize("text", ["", "\n\n", "a,b\n1,2\n", "title\nx\n", "title,body,title\n1,2,3\n"])
    def test_no_table_of_articles(self, text: str) -> None:
        with pytest.raises(Unreadable):
            self.rows(text)

    def test_too_many_rows(self) -> None:
        with pytest.raises(Unreadable, match="2000"):
            self.rows("title,body\n" + "A,x\n" * 2001)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_say_what_they_are(encoding: str) -> None:
    assert parsing.decode("Größe".encode(encoding)) == "Größe"


def test_other_encodings_are_refused_with_advice() -> None:
    with pytest.raises(Unreadable, match="UTF-8"):
        parsing.decode("Größe".encode("cp1252"))


NASTY = st.lists(
    st.sampled_from(
        [*"<>/!-=\"' \n#`~|a&;\\[]()", "<div>", "<!--", "-->", "<script>", "```", "é", "字", "\ud800", "\x02"]
    )
).map("".join)
CELLS = st.lists(st.sampled_from([*',;"\n\r\ta ', "title", "body"])).map("".join)


@settings(max_examples=150, deadline=None)
@given(NASTY)
def test_any_text_ends_clean_and_stays_so(text: str) -> None:
    for kind in ("markdown", "html"):
        once = markdown(text, kind)
        assert parsing.clean(once) == once and "\x00" not in once
        once.encode()
        assert all(block.text.strip() for block in blocks(once))
        list(documents(text, kind, "name"))  # type: ignore[arg-type]


@settings(max_examples=100, deadline=None)
@given(CELLS)
def test_any_table_is_read_or_refused(text: str) -> None:
    with suppress(Unreadable):
        list(documents(text, "csv"))


@pytest.mark.parametrize(
    "part", ["<div>", "<b>", "<!--", "<script>", "<a ", "# ", "---\n", "```\n", "<h1>x", "<td>", "&", '"', "| "]
)
def test_size_costs_time_in_proportion(part: str) -> None:
    text = part * (400_000 // len(part) // 4)
    begun = time.process_time()
    for kind in ("markdown", "html"):
        list(documents(text, kind, "name"))  # type: ignore[arg-type]
    assert time.process_time() - begun < 8


def test_the_demo_knowledge_base_is_whole() -> None:
    pages = sorted((ROOT / "local/knowledge/northwind").glob("*.md"))
    made = [one for page in pages for one in documents(page.read_text(encoding="utf-8"), "markdown", page.stem)]
    assert len(made) >= 12 and all(isinstance(one, Document) and one.url and one.language == "en" for one in made)
    assert len({one.title for one in made}) == len(made)

"""Pieces: nothing lost, nothing too large, the same each time, and a change stays where it was made."""

from __future__ import annotations

import re
from itertools import pairwise
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from sidedesk.knowledge import parsing
from sidedesk.knowledge.chunking import MOST, OVERLAP, chunks, words
from sidedesk.knowledge.retrieval import LONGEST_TEXT

ARTICLE = UUID("5c4fb8f0-2f55-4b5c-9a39-0cbb9a1f7a11")
SENTENCE = "Parcels to the islands take two more days than parcels to the coast. "


def section(name: str, sentences: int, word: str = "Parcels") -> str:
    return f"# {name}\n\n" + (SENTENCE.replace("Parcels", word) * sentences).strip()


def ids(text: str) -> list[UUID]:
    seen: dict[str, int] = {}
    return [chunk.id_in(ARTICLE, "Title", seen) for chunk in chunks(text)]


def test_a_short_article_is_one_piece() -> None:
    [only] = chunks("Intro.\n\n## A\n\none\n\n## B\n\ntwo")
    assert only.headings == () and only.text == "Intro.\n\nA\n\none\n\nB\n\ntwo"
    assert only.title("Returns") == "Returns"


def test_headings_part_pieces_and_name_them() -> None:
    found = chunks(section("Shipping", 15) + "\n\n## Islands\n\n" + SENTENCE * 12)
    assert [piece.headings for piece in found] == [("Shipping",), ("Shipping", "Islands")]
    assert found[1].title("Help") == "Help › Shipping › Islands"


def test_a_long_section_overlaps_a_little() -> None:
    text = "# A\n\n" + "\n\n".join(f"Paragraph {n}. " + SENTENCE * 10 for n in range(8))
    found = chunks(text)
    assert len(found) > 3 and all(200 <= words(piece.text) <= MOST + OVERLAP for piece in found[:-1])
    for before, after in pairwise(found):
        shared = after.text.split("\n\n")[0]
        assert shared in before.text.replace("\n\n", " ") and words(shared) <= OVERLAP


def test_a_change_moves_only_its_own_section() -> None:
    sections = [section(f"S{n}", 20, f"Parcel{n}") for n in range(5)]
    before = ids("\n\n".join(sections))
    sections[2] = section("S2", 21, "Letters")
    after = ids("\n\n".join(sections))
    assert len(set(before) - set(after)) == 1 and len(before) == 5


def test_the_same_text_twice_has_two_ids() -> None:
    found = ids("# A\n\n" + SENTENCE * 20 + "\n\n# B\n\n" + SENTENCE * 20 + "\n\n# A\n\n" + SENTENCE * 20)
    assert len(set(found)) == len(found) == 3


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    "# A",
                    "## B",
                    "### C",
                    "```",
                    "- item",
                    "| a | b |",
                    "字" * 900,
                    "x" * 5000,
                    SENTENCE * 30,
                    "a " * 900,
                    "",
                ]
            ),
            st.text(max_size=60),
        ),
        max_size=25,
    )
)
def test_whatever_is_written(lines: list[str]) -> None:
    text = parsing.clean("\n\n".join(lines))
    found = chunks(text)
    assert found == chunks(text)
    said = "".join(piece.text for piece in found)
    for block in parsing.blocks(text):
        for word in re.findall(r"\w{1,200}", block.text)[:50]:
            assert word[:100] in said
    for piece in found:
        assert piece.text.strip() and len(piece.text) <= LONGEST_TEXT and words(piece.text) <= MOST + 2 * OVERLAP + 30

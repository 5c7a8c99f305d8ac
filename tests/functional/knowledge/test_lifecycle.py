"""A person erased from articles, and everything of the knowledge base in an export."""

from __future__ import annotations

from sidedesk.knowledge.lifecycle import CAPABILITY
from tests.sandbox.conftest import Sandbox
from tests.support.knowledge import Knowledge
from tests.support.world import World

EMAIL = "ana.petrovic@northwind.example"


def test_a_forgotten_address_is_nowhere_and_the_text_around_it_stays(
    kb: Knowledge, world: World, outside: Sandbox
) -> None:
    made = kb.make(title="Contact", body=f"Ask Ana ({EMAIL.title()}) about kettles.", url=f"https://x.example/?{EMAIL}")
    kb.index()
    assert len(kb.everywhere(EMAIL)) == 4
    assert CAPABILITY.forget is not None
    assert CAPABILITY.forget(world.database, world.contoso.system, EMAIL)["texts"] == 0
    touched = CAPABILITY.forget(world.database, world.northwind.system, EMAIL)
    assert touched == {"articles": 1, "versions": 1, "chunks": 1, "texts": 1}
    assert kb.everywhere(EMAIL) == [] and kb.everywhere("petrovic@") == []
    assert kb.get(made["id"])["body"] == "Ask Ana ([erased]) about kettles."
    assert "[erased]" in kb.search("who knows about kettles")["data"][0]["text"]


def test_odd_subjects_are_taken_by_the_letter(kb: Knowledge, world: World) -> None:
    made = kb.make(body="a.b+c@x.example and axb+c@x.example")
    assert CAPABILITY.forget is not None
    for subject in ("a.b+c@x.example", "(", "\\", "[a", "%"):
        CAPABILITY.forget(world.database, world.northwind.system, subject)
    assert kb.get(made["id"])["body"] == "[erased] and axb+c@x.example"


def test_an_export_has_every_table_and_only_the_own_rows(kb: Knowledge, world: World, outside: Sandbox) -> None:
    kb.make()
    kb.index()
    assert CAPABILITY.export is not None
    rows = list(CAPABILITY.export(world.database, world.northwind.system))
    tables = {table for table, _ in rows}
    mine = world.sql("SELECT tablename FROM pg_tables WHERE tablename LIKE 'kb\\_%' OR tablename LIKE 'retrieval\\_%'")
    # Vectors are made from the texts and can be made again.
    assert tables == {name for (name,) in mine} - {"retrieval_bits", "retrieval_vectors"}
    assert all("words" not in row for _, row in rows)
    assert list(CAPABILITY.export(world.database, world.contoso.system)) == []

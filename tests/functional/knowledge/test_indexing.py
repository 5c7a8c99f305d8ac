"""From a written article to a found passage, and all the ways in between that go wrong."""

from __future__ import annotations

import json

import pytest

from sidedesk.knowledge import indexing, retrieval
from sidedesk.knowledge.retrieval import Passage
from sidedesk.platform.db import Database
from tests.functional.knowledge.conftest import connect
from tests.sandbox.conftest import Sandbox
from tests.support.events import TENANT, event
from tests.support.knowledge import Knowledge
from tests.support.lambdas import Context, load_app
from tests.support.world import World

SECRET = "zanzibar porcelain"
ARTICLES = {
    "Returns": "You may return goods within 30 days. The label is in the parcel.",
    "Shipping to Switzerland": "Delivery to Switzerland takes 4 to 6 business days and costs 9.90 euro.",
    "Warranty": "Every kettle has a warranty of 24 months. Broken ones are repaired or replaced.",
    "Passwords": "Use the link Forgot password on the sign-in page. It works for one hour.",
}


@pytest.fixture
def filled(kb: Knowledge, outside: Sandbox) -> dict[str, dict]:
    made = {title: kb.make(title=title, body=body) for title, body in ARTICLES.items()}
    kb.index()
    return made


def test_written_indexed_found(kb: Knowledge, filled: dict) -> None:
    shown = kb.get(filled["Warranty"]["id"])
    assert (shown["index_status"], shown["indexed_version"], shown["chunks"]) == ("indexed", 1, 1)
    for question, title in (
        ("my kettle is broken, is there a guarantee?", "Warranty"),
        ("How long does a parcel take to Switzerland?", "Shipping to Switzerland"),
        ("I cannot log in", "Passwords"),
    ):
        answer = kb.search(question)
        assert answer["mode"] == "hybrid" and answer["data"][0]["title"] == title, answer
    first = answer["data"][0]
    assert first["article_id"] == filled["Passwords"]["id"] and first["version"] == 1 and 0 < first["similarity"] <= 1
    assert [row["score"] for row in answer["data"]] == sorted((row["score"] for row in answer["data"]), reverse=True)


def test_a_code_is_found_by_its_letters(kb: Knowledge, filled: dict) -> None:
    kb.make(title="Spare parts", body="The lid of the kettle has the number NW-4711-B.")
    kb.index()
    first = kb.search("NW-4711-B")["data"][0]
    assert first["title"] == "Spare parts" and first["text_rank"] == 1


def test_the_other_tenant_finds_nothing(kb: Knowledge, world: World, filled: dict) -> None:
    assert kb.search("return goods within 30 days", tenant=world.contoso)["data"] == []
    hits = retrieval.search(
        world.database, world.contoso.system, text="return goods 30 days", vector=None, model="", collections=("kb",)
    )
    assert hits == []


@pytest.mark.parametrize("way", ["delete", "archive", "change"])
def test_what_is_taken_out_is_in_no_answer(kb: Knowledge, filled: dict, way: str) -> None:
    made = kb.make(title="Secret", body=f"We sell {SECRET} on Mondays.")
    kb.index()
    assert SECRET in kb.search(SECRET)["data"][0]["text"]
    if way == "delete":
        assert kb.api("DELETE", f"/articles/{made['id']}").json == {"success": True}
        assert kb.everywhere(SECRET) == []
        assert kb.api("GET", f"/articles/{made['id']}").status == 404
    elif way == "archive":
        assert kb.change(made, status="archived").json["status"] == "archived"
    else:
        kb.change(made, body="We sell nothing on Mondays.")
        kb.index()
    for question in (SECRET, "what do you sell on Mondays", "Secret"):
        assert SECRET not in json.dumps(kb.search(question, limit=50))
    counted = (
        "SELECT count(*) FROM retrieval_vectors v WHERE NOT EXISTS (SELECT FROM retrieval_texts t WHERE t.id = v.id)"
    )
    assert kb.world.sql(counted) == [(0,)]
    if way == "archive":
        assert kb.api("POST", f"/articles/{made['id']}/index").json["code"] == "article_archived"
        assert kb.change(made, status="active").json["index_status"] == "waiting"
        kb.index()
        assert SECRET in kb.search(SECRET)["data"][0]["text"]


def test_an_article_deleted_while_it_is_indexed_stays_deleted(
    kb: Knowledge, outside: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = kb.make(body=f"{SECRET}.")
    real = indexing._embedded

    def slow(*args: object) -> object:
        answer = real(*args)  # type: ignore[arg-type]
        kb.api("DELETE", f"/articles/{made['id']}")
        return answer

    monkeypatch.setattr(indexing, "_embedded", slow)
    kb.index()
    assert kb.everywhere(SECRET) == []


def test_twice_and_late_changes_nothing(kb: Knowledge, outside: Sandbox) -> None:
    made = kb.make(body="First text.")
    old = kb.messages()
    kb.change(made, body="Second text.")
    [new] = kb.messages()
    assert kb.deliver(*old, new, new, *old) == []
    assert kb.embedded() == 1
    shown = kb.get(made["id"])
    assert (shown["index_status"], shown["indexed_version"]) == ("indexed", 2)
    assert kb.world.sql("SELECT text FROM retrieval_texts") == [("Second text.",)]


def test_a_newer_version_wins_over_one_that_is_being_indexed(
    kb: Knowledge, outside: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = kb.make(body="First text.")
    real, overtaken = indexing._embedded, []

    def slow(*args: object) -> object:
        answer = real(*args)  # type: ignore[arg-type]
        if not overtaken:
            overtaken.append(1)
            kb.change(made, body="Second text.")
            kb.index()
        return answer

    monkeypatch.setattr(indexing, "_embedded", slow)
    kb.index()
    assert kb.world.sql("SELECT text FROM retrieval_texts") == [("Second text.",)]
    assert kb.get(made["id"])["indexed_version"] == 2


def test_killed_between_the_model_and_the_rows_nothing_is_half_there(
    kb: Knowledge, outside: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = kb.make(body="First text.")
    kb.index()
    kb.change(made, body="Second text.")
    [message] = kb.messages()
    with monkeypatch.context() as patch:
        patch.setattr(retrieval, "put", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
        with pytest.raises(Exception, match="killed"):
            kb.deliver(message)
    assert kb.world.sql("SELECT text FROM retrieval_texts") == [("First text.",)]
    assert kb.world.sql("SELECT text FROM kb_chunks") == [("First text.",)]
    assert kb.deliver(message) == []
    assert kb.world.sql("SELECT text FROM retrieval_texts") == [("Second text.",)]


def test_only_what_changed_is_embedded_again(kb: Knowledge, outside: Sandbox) -> None:
    sections = [f"# Section {n}\n\n" + f"Sentence {n} about things. " * 60 for n in range(4)]
    made = kb.make(title="Long", body="\n\n".join(sections))
    kb.index()
    before = kb.chunk_ids(made)
    kb.change(made, body="\n\n".join([*sections[:2], sections[2].replace("things", "plates"), sections[3]]))
    kb.index()
    after = kb.chunk_ids(made)
    assert len(before) == len(after) == 4 and len(set(before) & set(after)) == 3
    assert len(outside.log(provider="openai", path="embeddings")) == 2
    assert {row[0] for row in kb.world.sql("SELECT meta->>'version' FROM retrieval_texts")} == {"2"}


def test_without_a_model_words_find_it_and_it_says_why(kb: Knowledge, world: World) -> None:
    made = kb.make(title="Returns", body="Return goods within 30 days.")
    kb.index()
    shown = kb.get(made["id"])
    assert shown["index_status"] == "waiting" and "No model provider" in shown["index_error"]
    answer = kb.search("return goods")
    assert answer["mode"] == "words" and "No model provider" in answer["note"]
    assert answer["data"][0]["title"] == "Returns" and answer["data"][0]["similarity"] == 0
    [again] = kb.messages()
    assert "not_before" in again


def test_at_the_spend_cap_it_waits_and_goes_on_when_the_cap_is_raised(kb: Knowledge, outside: Sandbox) -> None:
    kb.world.sql("UPDATE tenants SET month_cap_usd = 0")
    made = kb.make()
    kb.index()
    assert kb.get(made["id"])["index_status"] == "waiting" and "spend cap" in kb.get(made["id"])["index_error"]
    [waiting] = kb.messages()
    assert kb.deliver(waiting) == []  # too early: it goes back, without a question to the model
    [waiting] = kb.messages()
    kb.world.sql("UPDATE tenants SET month_cap_usd = 100")
    waiting.pop("not_before")
    assert kb.deliver(waiting, waiting) == []
    assert kb.get(made["id"])["index_status"] == "indexed" and kb.messages() == [] and kb.embedded() == 1


def test_a_model_that_is_down_is_asked_again_later_and_only_by_one_message(kb: Knowledge, outside: Sandbox) -> None:
    outside.fault("openai", route="/embeddings", status=500, times=100)
    made = kb.make()
    [message] = kb.messages()
    assert kb.deliver(message) == []
    assert kb.get(made["id"])["index_status"] == "waiting"
    assert len(kb.messages()) == 1
    outside.reset()
    kb.world.sql("DELETE FROM ai_breakers")
    assert kb.deliver(message) == []
    assert kb.get(made["id"])["index_status"] == "indexed"


def test_a_model_that_refuses_fails_the_article_until_somebody_asks_again(kb: Knowledge, outside: Sandbox) -> None:
    outside.fault("openai", route="/embeddings", status=400, times=100)
    made = kb.make()
    kb.index()
    shown = kb.get(made["id"])
    assert shown["index_status"] == "failed" and shown["index_error"] and kb.messages() == []
    outside.reset()
    again = kb.api("POST", f"/articles/{made['id']}/index")
    assert again.status == 202 and again.json["index_status"] == "waiting"
    kb.index()
    assert kb.get(made["id"])["index_status"] == "indexed"


def test_a_dead_message_fails_its_article_and_no_newer_one(kb: Knowledge, world: World) -> None:
    from sidedesk.capabilities import dead_letter_hooks

    made = kb.make()
    hook, scope = dead_letter_hooks()["index_article"], world.northwind.system
    hook(world.database, scope, kb.message(made, version=7))
    assert kb.get(made["id"])["index_status"] == "waiting"
    hook(world.database, scope, kb.message(made))
    assert kb.get(made["id"])["index_status"] == "failed"


def test_another_model_gets_its_own_vectors_in_the_background(kb: Knowledge, world: World, filled: dict) -> None:
    world.sql("UPDATE tenants SET options = jsonb_set(options, '{models}', '{\"embed\": \"text-embedding-ada-002\"}')")
    world.sql('UPDATE integrations SET config = \'{"prices": {"text-embedding-ada-002": {"in": 0.1, "out": 0}}}\'')
    answer = kb.search("my kettle is broken")
    assert all(row["similarity"] == 0 for row in answer["data"]), "vectors of two models were compared"
    app = load_app("knowledge/renew_vectors")
    assert app.lambda_handler({}, Context(milliseconds=120_000))["renewed"] == len(ARTICLES)
    assert app.lambda_handler({}, Context(milliseconds=120_000))["renewed"] == 0
    assert kb.search("my kettle is broken")["data"][0]["similarity"] > 0
    assert {model for (model,) in world.sql("SELECT model FROM retrieval_bits")} == {"text-embedding-ada-002"}


def test_renewing_goes_past_a_tenant_without_a_model(kb: Knowledge, world: World, outside: Sandbox) -> None:
    world.sql("DELETE FROM integrations")
    kb.make()
    kb.index()
    connect(world, world.northwind, f"{outside.base}/openai/v1")
    done = load_app("knowledge/renew_vectors").lambda_handler({}, Context(milliseconds=120_000))
    assert done == {"renewed": 1, "tenants_waiting": 1}
    assert kb.search("return goods")["data"][0]["similarity"] > 0


def test_the_collections_number_moves_with_every_change(kb: Knowledge, world: World, outside: Sandbox) -> None:
    def number(collection: str = "kb") -> int:
        return int(world.database.value(world.northwind.system, *retrieval.version(collection)))

    seen = [number()]
    made = kb.make()
    kb.index()
    seen.append(number())
    kb.change(made, body="Other.")
    kb.index()
    seen.append(number())
    kb.api("DELETE", f"/articles/{made['id']}")
    seen.append(number())
    assert seen == sorted(set(seen)) and number("cx_reply") == 0
    assert world.database.value(world.contoso.system, *retrieval.version("kb")) == 0


def test_other_capabilities_put_their_texts_beside(world: World) -> None:
    from uuid import uuid4

    database, scope = world.database, world.northwind.system
    one, two = (
        Passage(uuid4(), "Reply", "We sent a new kettle.", {"grade": 5}),
        Passage(uuid4(), "Reply", "It is a cup."),
    )
    near, far = [1.0] + [0.0] * 1535, [0.0, 1.0] + [0.0] * 1534
    with database.batch(scope) as batch:
        batch.run(*retrieval.put("cx_reply", [one, two], [near, far], "m"))

    def asked(**changes: object) -> list[retrieval.Hit]:
        values = {"text": "", "vector": near, "model": "m", "collections": ("cx_reply",)} | changes
        return retrieval.search(database, scope, **values)  # type: ignore[arg-type]

    hits = asked()
    assert [hit.id for hit in hits] == [one.id, two.id]
    assert hits[0].similarity == pytest.approx(1) and hits[1].similarity == 0 and hits[0].meta == {"grade": 5}
    assert asked(collections=("kb",)) == [] and asked(model="other") == []
    assert [hit.id for hit in asked(collections=("kb", "cx_reply"), limit=1)] == [one.id]
    before = database.round_trips
    asked(text="a new kettle")
    assert database.round_trips == before + 1
    database.run(scope, *retrieval.remove("kb", [one.id]))
    assert len(asked()) == 2, "another collection's text was removed"
    database.run(scope, *retrieval.remove("cx_reply", [one.id]))
    assert [hit.id for hit in asked(text="kettle")] == [two.id]


@pytest.mark.parametrize(
    "text", ["'", "a & b | !c", "\\", "'; DROP TABLE x", "<->", ":*", "🙂", "\u0000x".replace("\u0000", ""), "a" * 5000, "%s %(x)s", ""]
)  # fmt: skip
def test_any_question_is_a_question(world: World, text: str) -> None:
    fresh = Database(lambda: world.app_url)
    assert (
        retrieval.search(fresh, world.northwind.system, text=text, vector=[0.1] * 1536, model="m", collections=("kb",))
        == []
    )
    fresh.close()


def test_a_message_as_the_queue_delivers_it(kb: Knowledge, outside: Sandbox, world: World) -> None:
    made = kb.make()
    kb.messages()
    known = {TENANT: str(world.northwind.id), "9b1f6a54-7a0e-4f0c-8d57-3d1f5c2b7e10": made["id"]}
    app = load_app("knowledge/index_article")
    assert app.lambda_handler(event("sqs/index-article", known), Context())["batchItemFailures"] == []
    assert kb.get(made["id"])["index_status"] == "indexed"


def test_the_hour_strikes(world: World) -> None:
    app = load_app("knowledge/renew_vectors")
    assert app.lambda_handler(event("schedule/every-hour", {}), Context())["renewed"] == 0

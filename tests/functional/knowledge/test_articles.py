"""Articles: written by admins, read by members, versions kept, and really gone when deleted."""

from uuid import uuid4

import pytest

from tests.support.knowledge import Knowledge
from tests.support.world import World


def test_from_writing_to_a_version(kb: Knowledge) -> None:
    made = kb.make(
        title="  Returns  ", body="# How\n\nWithin **30 days**.\u200b", url="https://northwind.example/r", language="en"
    )
    assert (made["title"], made["version"], made["index_status"], made["chunks"]) == ("Returns", 1, "waiting", 0)
    assert made["body"] == "# How\n\nWithin **30 days**."
    changed = kb.change(made, body="Within 14 days.", version=1).json
    assert (changed["version"], changed["index_status"]) == (2, "waiting")
    assert [(m["article_id"], m["version"]) for m in kb.messages()] == [(made["id"], 1), (made["id"], 2)]
    page = kb.api("GET", f"/articles/{made['id']}/versions?limit=1", who="member").json
    assert [(row["version"], row["body"]) for row in page["data"]] == [(2, "Within 14 days.")]
    rest = kb.api("GET", f"/articles/{made['id']}/versions?cursor={page['next_cursor']}", who="member").json
    assert [(row["version"], row["body"][:5]) for row in rest["data"]] == [(1, "# How")] and rest["next_cursor"] is None
    events = kb.world.sql("SELECT event FROM audit_events WHERE event LIKE 'kb_article.%' ORDER BY timestamp")
    assert [event for (event,) in events] == ["kb_article.created", "kb_article.changed"]


def test_a_change_of_nothing_makes_no_version(kb: Knowledge) -> None:
    made = kb.make()
    kb.messages()
    same = kb.change(made).json
    assert same["version"] == 1 and kb.messages() == []


def test_somebody_elses_change_is_not_overwritten(kb: Knowledge) -> None:
    made = kb.make()
    assert kb.change(made, body="Mine.", version=1).status == 200
    reply = kb.change(made, body="Yours.", version=1)
    assert (reply.status, reply.json["code"]) == (409, "article_changed")


def test_the_same_wish_makes_one_article(kb: Knowledge) -> None:
    body = {"title": "A", "body": "b"}
    replies = [kb.api("POST", "/articles", body=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert replies[0].json["id"] == replies[1].json["id"]
    assert kb.world.sql("SELECT count(*) FROM kb_articles") == [(1,)]


def test_two_articles_of_one_title_or_address_are_refused(kb: Knowledge) -> None:
    kb.make(title="Returns")
    other = kb.make(title="Refunds", url="https://northwind.example/x")
    again = kb.api("POST", "/articles", body={"title": "RETURNS", "body": "x"})
    assert (again.status, again.json["code"]) == (409, "article_exists")
    moved = kb.change(other, url="", title="returns")
    assert (moved.status, moved.json["code"]) == (409, "article_exists")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "", "body": "x"}, "title"),
        ({"title": "\u200b", "body": "x"}, "title"),
        ({"title": "x" * 301, "body": "x"}, "title"),
        ({"title": "x", "body": "  "}, "body"),
        ({"title": "x", "body": "<script>alert(1)</script>", "format": "html"}, "body"),
        ({"title": "x", "body": "y" * 200_001}, "body"),
        ({"title": "x", "body": "y", "url": "javascript:alert(1)"}, "url"),
        ({"title": "x", "body": "y", "language": "english please"}, "language"),
        ({"title": "x", "body": "y", "colour": "red"}, "colour"),
        ({"title": "x", "body": "y", "format": "docx"}, "format"),
    ],
)
def test_what_is_no_article(kb: Knowledge, body: dict, field: str) -> None:
    reply = kb.api("POST", "/articles", body=body)
    assert reply.status == 400 and field in reply.text


def test_who_may(kb: Knowledge) -> None:
    made = kb.make()
    assert kb.api("POST", "/articles", who="member", body={"title": "x", "body": "y"}).status == 403
    assert kb.api("PUT", f"/articles/{made['id']}", who="member", body={"title": "x", "body": "y"}).status == 403
    assert kb.api("DELETE", f"/articles/{made['id']}", who="member").status == 403
    assert kb.api("POST", "/import", who="member", body={"format": "csv", "content": "x"}).status == 403
    assert kb.api("GET", "/articles", who="member").status == 200
    for path in ("/articles", f"/articles/{made['id']}", "/search?q=x"):
        assert kb.api("GET", path, who="viewer").status == 403


def test_another_tenants_article_is_unknown(kb: Knowledge, world: World) -> None:
    made = kb.make()
    for path in (made["id"], str(uuid4())):
        for method, end, body in (
            ("GET", "", None),
            ("GET", "/versions", None),
            ("PUT", "", {"title": "x", "body": "y"}),
            ("DELETE", "", None),
            ("POST", "/index", None),
        ):
            reply = kb.api(method, f"/articles/{path}{end}", who="owner", tenant=world.contoso, body=body)
            assert (reply.status, reply.json["code"]) == (404, "article_not_found"), (method, end)
    assert kb.api("GET", "/articles", who="owner", tenant=world.contoso).json["data"] == []
    assert kb.get(made["id"])["title"] == "Returns"


def test_the_list_pages_and_filters(kb: Knowledge) -> None:
    for number in range(5):
        kb.make(title=f"Article {number}")
    seen, cursor = [], ""
    while True:
        page = kb.api("GET", f"/articles?limit=2{cursor}", who="member").json
        seen += [row["title"] for row in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [f"Article {number}" for number in (4, 3, 2, 1, 0)]
    found = kb.api("GET", "/articles?q=cle%203", who="member").json["data"]
    assert [row["title"] for row in found] == ["Article 3"]
    assert kb.api("GET", "/articles?status=archived", who="member").json["data"] == []
    assert len(kb.api("GET", "/articles?index_status=waiting", who="member").json["data"]) == 5
    assert kb.api("GET", "/articles?cursor=nonsense", who="member").status == 400

"""Intercom's contract: search, pages, versions, limits, and chats worth auditing."""

import datetime

import httpx
import pytest

from local.sandbox.intercom.generate import world

DAY = 86_400


def search(intercom, query, **paging):
    return intercom.post("/conversations/search", json={"query": query, "pagination": {"per_page": 150, **paging}})


def every(intercom, query):
    found, cursor = [], None
    while True:
        page = search(intercom, query, **({"starting_after": cursor} if cursor else {})).json()
        found += page["conversations"]
        if not (page["pages"].get("next")):
            assert page["total_count"] == len(found)
            return found
        cursor = page["pages"]["next"]["starting_after"]


ALL = {"field": "created_at", "operator": ">", "value": 0}


def test_people(intercom):
    assert intercom.get("/me").json()["app"]["region"] == "US"
    admins = intercom.get("/admins").json()["admins"]
    assert len(admins) == 12
    assert admins[0]["email"] == "ana.petrovic@northwind.example"
    assert all(isinstance(a["id"], str) for a in admins)
    assert intercom.get("/admins/1").json()["errors"][0]["code"] == "admin_not_found"


def test_forty_days_of_chats(intercom):
    chats = every(intercom, ALL)
    assert 390 <= len(chats) <= 440
    assert len({c["id"] for c in chats}) == len(chats)
    assert all("conversation_parts" not in c for c in chats)
    ages = [(datetime.datetime.now(datetime.UTC).timestamp() - c["created_at"]) / DAY for c in chats]
    assert max(ages) < 41
    assert min(ages) > 0
    assert {c["admin_assignee_id"] for c in chats} == {*range(991, 1000), 1001, 1002, 1003}


def test_the_past_does_not_change_overnight():
    today, tomorrow = world(datetime.date(2026, 5, 4)), world(datetime.date(2026, 5, 5))
    shared = today.keys() & tomorrow.keys()
    assert len(shared) > 380
    assert all(today[i] == tomorrow[i] for i in shared)


def test_cursor_lives_in_the_body(intercom):
    first = intercom.post("/conversations/search", json={"query": ALL}).json()
    assert len(first["conversations"]) == 20
    cursor = first["pages"]["next"]["starting_after"]
    ignored = intercom.post("/conversations/search", params={"starting_after": cursor}, json={"query": ALL}).json()
    assert ignored["conversations"][0]["id"] == first["conversations"][0]["id"], "page one for ever"
    second = search(intercom, ALL, per_page=20, starting_after=cursor).json()
    assert not {c["id"] for c in second["conversations"]} & {c["id"] for c in first["conversations"]}
    assert search(intercom, ALL, per_page=151).status_code == 400
    assert search(intercom, ALL, starting_after="rubbish").status_code == 400


def test_filters(intercom):
    mine = every(intercom, {"field": "admin_assignee_id", "operator": "=", "value": 991})
    wrote = every(intercom, {"field": "teammate_ids", "operator": "=", "value": "991"})
    both = every(
        intercom,
        {
            "operator": "OR",
            "value": [
                {"field": "admin_assignee_id", "operator": "=", "value": 991},
                {"field": "teammate_ids", "operator": "=", "value": "991"},
            ],
        },
    )
    assert {c["id"] for c in both} == {c["id"] for c in mine} | {c["id"] for c in wrote}
    assert {c["id"] for c in mine} != {c["id"] for c in wrote}, "some chats were handed over"
    two = every(intercom, {"field": "admin_assignee_id", "operator": "IN", "value": [991, 992]})
    assert {c["admin_assignee_id"] for c in two} == {991, 992}
    opened = every(intercom, {"operator": "AND", "value": [{"field": "state", "operator": "=", "value": "open"}, ALL]})
    assert 0 < len(opened) < 60


@pytest.mark.parametrize(
    "query",
    [
        {"field": "created_at", "operator": ">=", "value": 1},
        {"field": "moon", "operator": "=", "value": 1},
        {"field": "created_at", "operator": "><", "value": 1},
        {"field": "admin_assignee_id", "operator": "=", "value": "ana"},
        {"field": "state", "operator": "IN", "value": "open"},
        {"operator": "AND", "value": [ALL] * 16},
        {"operator": "AND", "value": [{"operator": "OR", "value": [{"operator": "AND", "value": [ALL]}]}]},
        None,
    ],
)
def test_bad_searches_are_refused(intercom, query):
    answer = search(intercom, query)
    assert answer.status_code == 400
    assert answer.json()["type"] == "error.list"
    assert answer.json()["errors"][0]["code"].startswith("parameter_")


def test_day_truncation(sandbox, intercom):
    midnight = int(datetime.datetime.now(datetime.UTC).timestamp()) // DAY * DAY - 5 * DAY
    window = {
        "operator": "AND",
        "value": [
            {"field": "created_at", "operator": ">", "value": midnight},
            {"field": "created_at", "operator": "<", "value": midnight + DAY},
        ],
    }
    exact = every(intercom, window)
    assert exact
    sandbox.mode(intercom_day_truncation=True)
    assert not every(intercom, window), "the same day read as from the next midnight to this one"


def test_retrieval(intercom):
    chats = every(intercom, {"field": "statistics.count_conversation_parts", "operator": ">", "value": 5})
    ident = chats[0]["id"]
    html = intercom.get(f"/conversations/{ident}").json()
    plain = intercom.get(f"/conversations/{ident}", params={"display_as": "plaintext"}).json()
    assert html["source"]["body"].startswith("<p>")
    assert "<" not in plain["source"]["body"]
    assert html["conversation_parts"]["total_count"] == len(html["conversation_parts"]["conversation_parts"])
    assert html["priority"] == "none"
    assert intercom.get("/conversations/1").json()["errors"][0]["code"] == "not_found"


def test_longest_chats(intercom):
    long = every(intercom, {"field": "statistics.count_conversation_parts", "operator": ">", "value": 200})
    assert long
    for chat in long:
        parts = intercom.get(f"/conversations/{chat['id']}").json()["conversation_parts"]
        assert len(parts["conversation_parts"]) == min(500, parts["total_count"])
    assert any(p["part_type"] == "close" for p in parts["conversation_parts"])


def test_variety(intercom):
    chats = world(datetime.date(2026, 5, 4)).values()
    parts = [p for c in chats for p in c["parts"]]
    assert {p["part_type"] for p in parts} >= {"comment", "note", "assignment", "close"}
    assert {p["author"]["type"] for p in parts} >= {"admin", "bot", "user", "lead"}
    assert {c["tag"] for c in chats} >= {"spam", "refund", "delivery"}
    assert {c["rating"] for c in chats} >= {1, 5, None}
    assert sum(len(c["teammates"]) > 1 for c in chats) > 20
    assert max(len(c["parts"]) for c in chats) > 200


def test_versions_and_errors(sandbox, intercom):
    url = f"{sandbox.base}/intercom/conversations?per_page=1"
    headers = {"Authorization": "Bearer x"}
    assert httpx.get(url, headers=headers).json()["conversations"][0]["priority"] == "not_priority"
    wrong = httpx.get(url, headers={**headers, "Intercom-Version": "9.9"})
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (400, "intercom_version_invalid")
    nobody = httpx.get(url)
    assert (nobody.status_code, nobody.json()["errors"][0]["code"]) == (401, "unauthorized")


def test_rate_limit(sandbox, intercom):
    sandbox.mode(intercom_limit_per_10s=3)
    answers = [intercom.get("/me") for _ in range(9)]
    assert answers[-1].status_code == 429
    assert answers[-1].json()["errors"][0]["code"] == "rate_limit_exceeded"
    assert answers[-1].headers["X-RateLimit-Remaining"] == "0"
    assert int(answers[-1].headers["X-RateLimit-Reset"]) > 1_700_000_000
    assert "retry-after" not in answers[-1].headers

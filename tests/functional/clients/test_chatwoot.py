"""Chatwoot's client: whole threads, replies that arrive as they were approved, and what is known when something breaks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from local.sandbox import credentials
from sidedesk.clients.chatwoot import Chatwoot, find_post, marker
from sidedesk.clients.chatwoot_errors import (
    AssigneeUnknown,
    ChatwootBusy,
    ChatwootConfused,
    ChatwootDown,
    ChatwootRefused,
    ChatwootRejected,
    ConversationGone,
    PostUnclear,
)
from sidedesk.platform.errors import DomainError, InvalidRequest
from tests.functional.clients.conftest import Account
from tests.sandbox.conftest import Sandbox

MESSAGES = "/api/v1/accounts/1/conversations/*/messages"


def replies(customer: httpx.Client, display_id: int) -> list[str]:
    """What the customer sees from us."""
    shown = customer.get(f"/conversations/{display_id}/messages").json()
    return [one["content"] for one in shown if one["message_type"] == 1]


# --- reading ------------------------------------------------------------------------


def test_a_conversation_knows_who_and_how(desk: Chatwoot, talk: int) -> None:
    found = desk.conversation(talk)
    assert (found.display_id, found.account_id, found.inbox_id, found.channel) == (talk, 1, 1, "Channel::Api")
    assert (found.status, found.can_reply, found.priority, found.assignee, found.labels) == (
        "open",
        True,
        None,
        None,
        (),
    )
    assert (found.contact.name, found.contact.email) == ("Dana Whitfield", "dana@example.com")
    assert found.waiting_since is not None and found.waiting_since.tzinfo is UTC
    assert found.latest is not None and found.latest.content == "Where is my parcel?"
    with pytest.raises(ConversationGone):
        desk.conversation(99_999)


def test_the_plan_comes_from_the_conversation_or_its_contact(desk: Chatwoot, outside: Sandbox, talk: int) -> None:
    assert desk.conversation(talk).plan is None
    headers = {"api_access_token": credentials.CHATWOOT_ADMIN_TOKEN}
    url = f"{outside.base}/chatwoot/api/v1/accounts/1/conversations/{talk}/custom_attributes"
    httpx.post(url, json={"custom_attributes": {"Plan": "enterprise"}}, headers=headers)
    assert desk.conversation(talk).plan == "enterprise"


def test_a_long_thread_is_read_whole_and_in_order(desk: Chatwoot, customer: httpx.Client, talk: int) -> None:
    for number in range(120):
        customer.post(f"/conversations/{talk}/messages", json={"content": f"m{number}"})
    desk.post_note(talk, "a note", marker("p1"))
    thread = desk.messages(talk)
    assert [message.content for message in thread] == ["Where is my parcel?", *(f"m{n}" for n in range(120)), "a note"]
    assert {message.direction for message in thread} == {"incoming", "outgoing"}
    assert all(message.conversation_id == talk and message.created_at.tzinfo is UTC for message in thread)
    assert (thread[0].sender.kind, thread[0].sender.name) == ("contact", "Dana Whitfield")
    assert (thread[-1].private, thread[-1].sender.kind) == (True, "user")
    newer = desk.messages(talk, after=thread[100].id)
    assert [message.id for message in newer] == [message.id for message in thread[101:]]
    assert desk.messages(talk, after=thread[-1].id) == []


def test_activities_are_part_of_the_thread(desk: Chatwoot, talk: int) -> None:
    desk.assign(talk, assignee_id=2)
    last = desk.messages(talk)[-1]
    assert (last.direction, last.sender.kind) == ("activity", "system")


def test_pages_and_what_moved_lately(desk: Chatwoot, customer: httpx.Client) -> None:
    for _ in range(30):
        customer.post("/conversations", json={})
    pages = [desk.list_page(page, "all") for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [25, 13, 0]
    ids = [one.display_id for one in desk.conversations(datetime(2020, 1, 1, tzinfo=UTC))]
    assert len(ids) == len(set(ids)) == 38
    lately = list(desk.conversations(datetime.now(UTC) - timedelta(minutes=5)))
    assert len(lately) == 30
    assert len(list(desk.recently_active(300))) == 30
    assert {one.status for one in desk.recently_active(86_400, "all")} == {"open", "resolved", "snoozed", "pending"}


def test_a_list_that_shifts_between_pages_gives_each_once(
    desk: Chatwoot, customer: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [customer.post("/conversations", json={}).json()["id"] for _ in range(30)]
    real = desk.list_page

    def moving(page: int, status: str) -> list[object]:
        if page == 2:  # somebody on the second page speaks while it is turned
            customer.post(f"/conversations/{made[0]}/messages", json={"content": "me again"})
        return list(real(page, status))

    monkeypatch.setattr(desk, "list_page", moving)
    ids = [one.display_id for one in desk.conversations(datetime(2020, 1, 1, tzinfo=UTC))]
    assert len(ids) == len(set(ids)) == 37, (
        "the one that moved to the front is seen by its own webhook and the next look"
    )
    assert set(made) - set(ids) == {made[0]}


# --- writing ------------------------------------------------------------------------


def test_a_reply_reaches_the_customer_and_is_found_by_its_marker(
    desk: Chatwoot, customer: httpx.Client, talk: int
) -> None:
    note = desk.post_note(talk, "Draft: it comes tomorrow.", marker("p-note", "d-1"))
    reply = desk.send_reply(talk, "It comes tomorrow.", marker("p-reply", "d-1"))
    assert (note.private, reply.private) == (True, False)
    assert replies(customer, talk) == ["It comes tomorrow."]
    thread = desk.messages(talk)
    assert find_post(thread, "p-reply") == reply
    assert find_post(thread, "p-note") == note
    assert find_post(thread, "p-other") is None
    assert (reply.post_id, reply.draft_id) == ("p-reply", "d-1")


def test_an_attribute_that_came_as_text_is_a_marker_too(desk: Chatwoot, outside: Sandbox, talk: int) -> None:
    outside.fault(
        "chatwoot",
        route=MESSAGES,
        method="GET",
        body={
            "payload": [
                {
                    "id": 5, "content": "x", "conversation_id": talk, "message_type": 1, "created_at": 1_782_292_502,
                    "content_attributes": '{"sidedesk_post_id": "p1"}',
                }
            ]
        },
    )  # fmt: skip
    found = find_post(desk.messages(talk), "p1")
    assert found is not None and found.id == 5


@pytest.mark.parametrize(
    "text",
    [
        "Hi {{contact.email}}",
        "{% if contact %}secret{% endif %}done",
        "{%- assign x = 1 -%}{{x}}",
        "{{{contact.email}}}",
        "{{{{contact.email}}}}",
        "{{%contact.email%}}",
        "{ {contact.email} } and { % if %}",
        "{\x00{contact.email}} {\x00% if contact %}a{\x00% endif %}",
        "{\u200c{contact.email}}",
        "`{{contact.email}}` and {{contact.email}}",
        "`a{% endraw %}{{contact.email}}{% raw %}b`",
        "{`{contact.email}`}",
        "price {50% off} {} }} %} {",
        "{\n{contact.email}}",
        'JSON: {"a": {"b": 1}} and {{\'x\' | upcase}}',
        "no braces at all",
        "{{",
        "{%",
        "{",
    ],
)
@pytest.mark.parametrize("private", [True, False])
def test_braces_arrive_as_text(desk: Chatwoot, customer: httpx.Client, talk: int, text: str, private: bool) -> None:
    stored = (desk.post_note if private else desk.send_reply)(talk, text, marker("p1")).content
    assert stored.replace("\u200c", "") == text.replace("\x00", "").replace("\u200c", "")
    assert "dana@example.com" not in stored
    if not private:
        assert replies(customer, talk) == [stored]


def test_nothing_empty_and_nothing_too_long_is_sent(desk: Chatwoot, outside: Sandbox, talk: int) -> None:
    for text in ("", " \n ", "\x00", "x" * 150_001, "{{" * 100_000):
        with pytest.raises(InvalidRequest):
            desk.send_reply(talk, text, marker("p1"))
    with pytest.raises(ValueError, match="marker"):
        desk.send_reply(talk, "Hello", {})
    assert [
        entry for entry in outside.log(provider="chatwoot") if entry["method"] == "POST" and "accounts" in entry["path"]
    ] == []
    assert desk.send_reply(talk, "x" * 150_000, marker("p2")).post_id == "p2"


def test_assigning_to_nobody_known_leaves_the_conversation_where_it_is(desk: Chatwoot, talk: int) -> None:
    desk.assign(talk, assignee_id=2)
    assert desk.conversation(talk).assignee is not None
    for wrong in ({"assignee_id": 999}, {"assignee_id": 9}, {"team_id": 999}):
        with pytest.raises(AssigneeUnknown):
            desk.assign(talk, **wrong)
    kept = desk.conversation(talk)
    assert kept.assignee is not None and (kept.assignee.id, kept.assignee.kind) == (2, "user")
    desk.assign(talk, team_id=2)
    assert desk.conversation(talk).team_id == 2
    with pytest.raises(ValueError, match="person or"):
        desk.assign(talk)


def test_an_agent_gone_between_look_and_call_is_told(desk: Chatwoot, outside: Sandbox, talk: int) -> None:
    outside.fault("chatwoot", route="*/agents", method="GET", body=[{"id": 999, "name": "Gone", "role": "agent"}])
    with pytest.raises(AssigneeUnknown, match="unassigned"):
        desk.assign(talk, assignee_id=999)


def test_our_webhook_is_made_once_and_completed(desk: Chatwoot) -> None:
    url = "http://127.0.0.1:9/webhooks/chatwoot/1"
    first = desk.connect_webhook(url, ["message_created"])
    assert first.secret and first.events == ("message_created",)
    again = desk.connect_webhook(url)
    assert (again.id, again.secret) == (first.id, first.secret)
    assert set(again.events) >= {"message_created", "message_updated", "conversation_status_changed"}
    assert [one.url for one in desk.webhooks()].count(url) == 1
    with pytest.raises(ChatwootRejected, match="taken"):
        desk.create_webhook(url)


def test_a_webhook_made_before_the_connection_broke_is_found(desk: Chatwoot, outside: Sandbox) -> None:
    outside.fault("chatwoot", route="*/webhooks", method="POST", status=502, after_running=True, times=1)
    made = desk.connect_webhook("http://127.0.0.1:9/hook")
    assert made.secret and len([one for one in desk.webhooks() if one.url == made.url]) == 1


# --- refusals -----------------------------------------------------------------------


def test_a_wrong_token_and_a_right_one_that_may_not_are_told_apart(account: Account, talk: int) -> None:
    for token in ("nonsense", "", "päßwort", "two\nlines"):
        with pytest.raises(ChatwootRefused) as wrong:
            account(token).conversation(talk)
        assert wrong.value.code == "chatwoot_refused"
    for refused in (
        lambda: account(credentials.CHATWOOT_BOT_TOKEN).messages(talk),
        lambda: account(credentials.CHATWOOT_AGENT_TOKEN).webhooks(),
        lambda: account(credentials.CHATWOOT_OTHER_TOKEN).conversation(talk),
        lambda: account(account_id=2).send_reply(401, "Hello", marker("p1")),
    ):
        with pytest.raises(ChatwootRefused) as may_not:
            refused()
        assert may_not.value.code == "chatwoot_not_permitted"


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ({"status": 402, "body": {"error": "Upgrade"}}, ChatwootRefused, "chatwoot_plan"),
        ({"status": 404, "body": {"error": "Resource could not be found"}}, ConversationGone, "conversation_gone"),
        ({"status": 422, "body": {"error": "Too many messages"}}, ChatwootRejected, "chatwoot_rejected"),
        ({"status": 422, "body": {"message": "is long", "attributes": ["content"]}}, ChatwootRejected, "chatwoot_rejected"),
        ({"status": 429}, ChatwootBusy, "chatwoot_busy"),
        ({"status": 301, "headers": {"location": "https://elsewhere.example"}}, ChatwootConfused, "chatwoot_confused"),
        ({"status": 404, "body": "<html>nginx</html>"}, ChatwootConfused, "chatwoot_confused"),
        ({"status": 413, "body": "<html>nginx</html>"}, ChatwootConfused, "chatwoot_confused"),
        ({"status": 403, "body": "<html>WAF</html>"}, ChatwootRefused, "chatwoot_refused"),
    ],
)  # fmt: skip
def test_a_refused_post_is_certainly_not_done(
    desk: Chatwoot, outside: Sandbox, talk: int, fault: dict, error: type[DomainError], code: str
) -> None:
    outside.fault("chatwoot", route=MESSAGES, method="POST", times=1, **fault)
    with pytest.raises(error) as refused:
        desk.send_reply(talk, "Hello", marker("p1"))
    assert refused.value.code == code
    assert not isinstance(refused.value, PostUnclear)
    if code == "chatwoot_busy":
        assert refused.value.retry_after is not None and 1 <= refused.value.retry_after <= 61
    assert find_post(desk.messages(talk), "p1") is None


@pytest.mark.parametrize(
    ("fault", "done"),
    [
        ({"status": 500}, False),
        ({"status": 500, "after_running": True}, True),
        ({"status": 504, "after_running": True}, True),
        ({"status": 408, "after_running": True}, True),
        ({"status": 200, "after_running": True}, True),
        ({"malformed": True}, True),
        ({"drop_after_bytes": 0}, True),
        ({"drop_after_bytes": 20}, True),
        ({"hang": True}, False),
    ],
)
def test_after_an_unclear_post_the_marker_tells(
    desk: Chatwoot, outside: Sandbox, talk: int, fault: dict, done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidedesk.clients.chatwoot.TIMEOUT_SECONDS", 0.6)
    outside.fault("chatwoot", route=MESSAGES, method="POST", times=1, **fault)
    with pytest.raises(PostUnclear):
        desk.send_reply(talk, "Hello", marker("p1"))
    posts = [e for e in outside.log(provider="chatwoot") if e["method"] == "POST" and "/accounts/1/" in e["path"]]
    assert len(posts) == 1, "a post is never tried again by itself"
    assert (find_post(desk.messages(talk), "p1") is not None) is done


def test_reading_survives_what_passes(desk: Chatwoot, outside: Sandbox, talk: int) -> None:
    for fault in ({"status": 500}, {"status": 502}, {"drop_after_bytes": 0}):
        outside.fault("chatwoot", route="*", method="GET", times=1, **fault)
    assert desk.conversation(talk).display_id == talk


def test_reading_gives_up_inside_its_time(account: Account, outside: Sandbox, talk: int) -> None:
    outside.fault("chatwoot", route="*", method="GET", status=503)
    with pytest.raises(ChatwootDown):
        account(sleep=lambda _: None).messages(talk)
    assert len([entry for entry in outside.log(provider="chatwoot") if entry.get("fault")]) == 4
    outside.reset()
    outside.fault("chatwoot", route="*", method="GET", hang=True)
    begun = datetime.now(UTC)
    with pytest.raises(ChatwootDown):
        account(patience=0.8).messages(talk)
    assert datetime.now(UTC) - begun < timedelta(seconds=3)
    outside.reset()
    outside.fault("chatwoot", route="*", method="GET", status=429)
    with pytest.raises(ChatwootBusy) as busy:  # the next minute is further away than our patience
        account(patience=0.8).messages(talk)
    assert busy.value.retry_after is not None


def test_what_is_no_chatwoot_is_said(desk: Chatwoot, outside: Sandbox, talk: int) -> None:
    for body in ("<html>hello</html>", [], {"payload": "x"}, {"payload": [{"id": 1}]}):
        fault = outside.fault("chatwoot", route="*", method="GET", status=200, body=body, times=1)
        with pytest.raises(ChatwootConfused):
            desk.messages(talk)
        outside.http.delete(f"/_sandbox/faults/{fault}")


# --- health -------------------------------------------------------------------------


def test_a_healthy_chatwoot(desk: Chatwoot) -> None:
    found = desk.probe()
    assert found.ok and found.message == "Connected to Chatwoot 4.15.1 as Marta Lind."
    assert (found.version, found.queue_services, found.data_services) == ("4.15.1", "ok", "ok")
    assert [(check.path, check.ok, check.status) for check in found.checks] == [
        ("/api", True, 200),
        ("/health", True, 200),
        ("/api/v1/profile", True, 200),
        ("/api/v1/accounts/1/inboxes", True, 200),
        ("/rails/health", False, 404),
    ]
    assert all(check.latency_ms >= 0 for check in found.checks)


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ([{"route": "/api", "body": {"version": "4.15.1", "queue_services": "failing", "data_services": "ok"}}], "queue is failing"),
        ([{"route": "/api", "body": {"version": "4.15.1", "queue_services": "ok", "data_services": "failing"}}], "database is failing"),
        ([{"route": "*/inboxes", "status": 500}], "account API does not work: it answered 500"),
        ([{"route": "*/inboxes", "status": 401}], "may not use account 1"),
        ([{"route": "*/inboxes", "status": 401}, {"route": "*/profile", "status": 401}], "refuses the access token"),
        ([{"route": "*/inboxes", "body": {"payload": []}}], "sees no inbox"),
        ([{"route": "*", "drop_after_bytes": 0}], "does not answer"),
        ([{"route": "*", "body": "<html>a shop</html>"}], "is this Chatwoot's address?"),
    ],
)  # fmt: skip
def test_what_ails_it_is_said(desk: Chatwoot, outside: Sandbox, faults: list[dict], words: str) -> None:
    for fault in faults:
        outside.fault("chatwoot", **fault)
    found = desk.probe()
    assert not found.ok
    assert words in found.message


def test_a_probe_of_an_old_version_says_that_it_does_not_sign(desk: Chatwoot, outside: Sandbox) -> None:
    old = {"version": "4.8.0", "queue_services": "ok", "data_services": "ok"}
    outside.fault("chatwoot", route="/api", body=old)
    outside.fault("chatwoot", route="/health", status=404)
    found = desk.probe()
    assert found.ok and "does not sign" in found.message

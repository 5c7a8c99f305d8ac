"""Chatwoot's contract: the traps a client must not step into."""

import hashlib
import hmac
import time

import httpx
import pytest

from local.sandbox import credentials
from local.sandbox.chatwoot.webhooks import rails_json, sign


def as_user(chatwoot: httpx.Client, token: str) -> dict:
    return {"headers": {"api_access_token": token}}


def talk(customer, text="Where is my parcel?"):
    conversation = customer.post("/conversations", json={}).json()["id"]
    message = customer.post(f"/conversations/{conversation}/messages", json={"content": text, "echo_id": "e1"})
    assert message.status_code == 200
    return conversation, message.json()


def test_signature_vector():
    expected = "sha256=04138dcc53323f6d45a6017e6ecde3e44d8a8fd47345498ffe2c3c7216510220"
    assert sign("s3cr3t", "1700000000", b'{"event":"message_created","id":1}') == expected


def test_rails_escapes_markup():
    assert rails_json({"a": "<b> & ü"}) == '{"a":"\\u003cb\\u003e \\u0026 ü"}'.encode()


def test_health_and_profile(sandbox, chatwoot):
    base = f"{sandbox.base}/chatwoot"
    assert httpx.get(f"{base}/api").json()["version"] == "4.15.1"
    assert httpx.get(f"{base}/health").json() == {"status": "woot"}
    assert httpx.get(f"{base}/rails/health").status_code == 404
    assert httpx.get(f"{base}/api/v1/profile", headers=chatwoot.headers).json()["role"] == "administrator"


@pytest.mark.parametrize(
    ("token", "method", "path", "status"),
    [
        ("nobody", "GET", "/conversations", 401),
        (credentials.CHATWOOT_OTHER_TOKEN, "GET", "/conversations", 401),
        (credentials.CHATWOOT_BOT_TOKEN, "GET", "/conversations", 401),
        (credentials.CHATWOOT_BOT_TOKEN, "GET", "/conversations/401", 200),
        (credentials.CHATWOOT_BOT_TOKEN, "GET", "/conversations/401/messages", 401),
        (credentials.CHATWOOT_BOT_TOKEN, "POST", "/conversations/401/messages", 200),
        (credentials.CHATWOOT_AGENT_TOKEN, "GET", "/webhooks", 401),
        (credentials.CHATWOOT_ADMIN_TOKEN, "GET", "/conversations/999", 404),
    ],
)
def test_who_may_call_what(chatwoot, token, method, path, status):
    answer = chatwoot.request(
        method, path, **as_user(chatwoot, token), **({"json": {"content": "x"}} if method == "POST" else {})
    )
    assert answer.status_code == status
    if status >= 400:
        assert set(answer.json()) == {"error"}


def test_the_seeded_desk(chatwoot):
    shown = chatwoot.get("/conversations", params={"status": "all"}).json()["data"]
    assert shown["meta"]["all_count"] == 8
    assert {c["status"] for c in shown["payload"]} == {"open", "resolved", "snoozed", "pending"}
    opened = chatwoot.get("/conversations").json()["data"]
    assert {c["status"] for c in opened["payload"]} == {"open"}


def test_pages_of_25_and_updated_within(chatwoot, customer):
    for _ in range(26):
        customer.post("/conversations", json={})
    first = chatwoot.get("/conversations", params={"status": "all"}).json()["data"]["payload"]
    second = chatwoot.get("/conversations", params={"status": "all", "page": 2}).json()["data"]["payload"]
    third = chatwoot.get("/conversations", params={"status": "all", "page": 3}).json()["data"]["payload"]
    assert (len(first), len(second), len(third)) == (25, 9, 0)
    within = chatwoot.get("/conversations", params={"status": "all", "updated_within": 3600, "page": 2}).json()["data"][
        "payload"
    ]
    assert len(within) >= 26


def test_filter_has_no_data_wrapper(chatwoot):
    rule = {"attribute_key": "status", "filter_operator": "equal_to", "values": ["resolved"], "query_operator": None}
    answer = chatwoot.post("/conversations/filter", json={"payload": [rule]}).json()
    assert set(answer) == {"meta", "payload"}
    assert {c["status"] for c in answer["payload"]} == {"resolved"}
    bad = chatwoot.post("/conversations/filter", json={"payload": [{**rule, "attribute_key": "moon"}]})
    assert bad.status_code == 422


def test_message_pages(chatwoot, customer):
    conversation, first = talk(customer)
    ids = [first["id"]] + [
        customer.post(f"/conversations/{conversation}/messages", json={"content": f"m{n}"}).json()["id"]
        for n in range(30)
    ]

    def page(**ask):
        return [m["id"] for m in chatwoot.get(f"/conversations/{conversation}/messages", params=ask).json()["payload"]]

    assert page() == ids[-20:]
    assert page(before=ids[-20]) == ids[:11]
    assert page(before=ids[0]) == []
    assert page(after=ids[5]) == ids[6:]
    assert page(after=ids[5], before=ids[8]) == ids[5:8], "with both, after becomes inclusive"


def test_content_attributes_stay_and_echo_id_goes(chatwoot, customer):
    conversation, _ = talk(customer)
    body = {"content": "Hello", "content_attributes": {"sidedesk_draft_id": "d_81"}, "echo_id": "tmp-1"}
    made = chatwoot.post(f"/conversations/{conversation}/messages", json=body).json()
    assert made["echo_id"] == "tmp-1"
    assert made["message_type"] == 1
    stored = chatwoot.get(f"/conversations/{conversation}/messages").json()["payload"][-1]
    assert stored["content_attributes"] == {"sidedesk_draft_id": "d_81"}
    assert "echo_id" not in stored
    again = chatwoot.post(
        f"/conversations/{conversation}/messages", json={**body, "content_attributes": '{"a": 1}'}
    ).json()
    assert again["id"] != made["id"], "a repeated POST is a second message"
    assert again["content_attributes"] == {"a": 1}


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("Hi {{contact.name}} <{{ contact.email }}>", "Hi Dana Whitfield <dana@example.com>"),
        ("a{% if contact.email %}b{% else %}c{% endif %}d", "abd"),
        ("{{ contact.first_name | upcase }} {{nothing}}", "DANA "),
        ("keep `{{contact.email}}` here", "keep `{{contact.email}}` here"),
        ("broken {{contact.email and {% if %}", "broken {{contact.email and {% if %}"),
        ("open {% if contact %} end", "open {% if contact %} end"),
    ],
)
@pytest.mark.parametrize("private", [True, False])
def test_outgoing_text_is_a_liquid_template(chatwoot, customer, sent, stored, private):
    conversation, _ = talk(customer)
    made = chatwoot.post(f"/conversations/{conversation}/messages", json={"content": sent, "private": private}).json()
    assert made["content"] == stored


def test_customer_text_is_no_template(customer):
    _, message = talk(customer, "{{contact.email}}")
    assert message["content"] == "{{contact.email}}"


def test_what_reaches_the_customer(chatwoot, customer):
    conversation, _ = talk(customer)
    for body in (
        {"content": "note", "private": True},
        {"content": "from channel", "source_id": "x1"},
        {"content": "reply"},
    ):
        chatwoot.post(f"/conversations/{conversation}/messages", json=body)
    seen = [m["content"] for m in customer.get(f"/conversations/{conversation}/messages").json()]
    assert seen == ["Where is my parcel?", "reply"]


def test_too_long_and_too_fast(chatwoot, customer):
    conversation, _ = talk(customer)
    long = chatwoot.post(f"/conversations/{conversation}/messages", json={"content": "x" * 150_001})
    assert long.status_code == 422
    assert long.json()["attributes"] == ["content"]
    statuses = [
        customer.post(f"/conversations/{conversation}/messages", json={"content": "x"}).status_code for _ in range(200)
    ]
    assert statuses[:199] == [200] * 199
    assert statuses[199] == 422


def test_toggle_status_flips_and_assigns(chatwoot, customer):
    conversation, _ = talk(customer)
    agent = as_user(chatwoot, credentials.CHATWOOT_AGENT_TOKEN)
    path = f"/conversations/{conversation}/toggle_status"
    assert chatwoot.post(path, json={}, **agent).json()["payload"]["current_status"] == "resolved"
    assert chatwoot.post(path, json={}, **agent).json()["payload"]["current_status"] == "open"
    assert chatwoot.get(f"/conversations/{conversation}").json()["meta"]["assignee"]["id"] == 2
    assert chatwoot.post(path, json={"status": "gone"}).status_code == 422


def test_incoming_message_reopens(chatwoot, customer):
    conversation, _ = talk(customer)
    chatwoot.post(
        f"/conversations/{conversation}/toggle_status", json={"status": "snoozed", "snoozed_until": 1900000000}
    )
    customer.post(f"/conversations/{conversation}/messages", json={"content": "hello?"})
    assert chatwoot.get(f"/conversations/{conversation}").json()["status"] == "open"


def test_writes_replace_the_whole(chatwoot):
    chatwoot.post("/conversations/401/labels", json={"labels": ["a", "b"]})
    assert chatwoot.post("/conversations/401/labels", json={"labels": ["c"]}).json() == {"payload": ["c"]}
    chatwoot.post("/conversations/401/custom_attributes", json={"custom_attributes": {"x": 1}})
    assert chatwoot.post("/conversations/401/custom_attributes", json={"custom_attributes": {"y": 2}}).json() == {
        "custom_attributes": {"y": 2}
    }
    assert chatwoot.post("/conversations/401/assignments", json={"assignee_id": 3}).json()["name"] == "Tom Becker"
    assert chatwoot.post("/conversations/401/assignments", json={"assignee_id": 777}).json() is None
    assert "assignee" not in chatwoot.get("/conversations/401").json()["meta"]
    assert chatwoot.post("/conversations/401/toggle_priority", json={"priority": "high"}).status_code == 200
    assert chatwoot.get("/conversations/401").json()["priority"] == "high"


@pytest.fixture
def hook(chatwoot, receiver):
    made = chatwoot.post(
        "/webhooks",
        json={
            "webhook": {
                "url": f"{receiver.url}/hook",
                "subscriptions": ["message_created", "conversation_status_changed", "conversation_updated"],
            }
        },
    )
    assert made.status_code == 200
    return made.json()["payload"]["webhook"]


def test_webhook_rules(chatwoot, hook):
    assert len(hook["secret"]) > 20
    chosen = chatwoot.post("/webhooks", json={"webhook": {"url": "http://127.0.0.1:1/x", "secret": "mine"}}).json()[
        "payload"
    ]["webhook"]
    assert chosen["secret"] != "mine"
    assert chatwoot.post("/webhooks", json={"webhook": {"url": hook["url"]}}).json()["attributes"] == ["url"]
    assert (
        chatwoot.post("/webhooks", json={"webhook": {"url": "http://a.example", "subscriptions": ["nope"]}}).status_code
        == 422
    )
    renamed = chatwoot.patch(f"/webhooks/{hook['id']}", json={"webhook": {"name": "sidedesk"}}).json()["payload"][
        "webhook"
    ]
    assert renamed["secret"] == hook["secret"]
    assert chatwoot.delete(f"/webhooks/{chosen['id']}").status_code == 200
    assert [w["id"] for w in chatwoot.get("/webhooks").json()["payload"]["webhooks"]] == [hook["id"]]


def test_a_customers_message_is_delivered_signed(customer, hook, receiver):
    conversation, message = talk(customer, "Is <b>this</b> & that right?")
    (heard,) = receiver.wait(lambda: receiver.at("/hook"))
    stamp = heard.headers["x-chatwoot-timestamp"]
    digest = hmac.new(hook["secret"].encode(), f"{stamp}.".encode() + heard.raw, hashlib.sha256).hexdigest()
    assert heard.headers["x-chatwoot-signature"] == f"sha256={digest}"
    assert abs(int(stamp) - time.time()) < 5
    assert b"\\u003cb\\u003e" in heard.raw
    body = heard.body
    assert body["event"] == "message_created"
    assert body["message_type"] == "incoming"
    assert body["id"] == message["id"]
    assert body["conversation"]["id"] == conversation
    assert "type" not in body["sender"]
    assert "attachments" not in body
    assert "status" not in body
    assert body["created_at"].endswith("Z")
    nested = body["conversation"]["messages"][0]
    assert nested["message_type"] == 0
    assert isinstance(nested["created_at"], int)


def test_notes_fire_webhooks_and_activities_do_not(chatwoot, customer, hook, receiver):
    conversation, _ = talk(customer)
    chatwoot.post(f"/conversations/{conversation}/messages", json={"content": "internal", "private": True})
    chatwoot.post(f"/conversations/{conversation}/toggle_status", json={"status": "resolved"})
    receiver.wait(lambda: [h for h in receiver.at("/hook") if h.body["event"] == "conversation_status_changed"])
    receiver.quiet()
    bodies = [h.body for h in receiver.at("/hook")]
    messages = [b for b in bodies if b["event"] == "message_created"]
    assert {(m["content"], m["private"]) for m in messages} == {("Where is my parcel?", False), ("internal", True)}
    note = next(m for m in messages if m["private"])
    assert note["sender"]["type"] == "user"
    assert [m["content"] for m in note["conversation"]["messages"]] == ["Where is my parcel?"]
    changed = next(b for b in bodies if b["event"] == "conversation_updated")
    assert changed["changed_attributes"][0]["status"] == {"previous_value": "open", "current_value": "resolved"}
    assert next(b for b in bodies if b["event"] == "conversation_status_changed")["changed_attributes"] is None
    texts = [m["message_type"] for m in chatwoot.get(f"/conversations/{conversation}/messages").json()["payload"]]
    assert 2 in texts


def test_a_failed_delivery_is_gone(customer, hook, receiver):
    receiver.answer = lambda heard: 500
    talk(customer)
    receiver.wait(lambda: receiver.at("/hook"))
    receiver.quiet(0.5)
    assert len(receiver.at("/hook")) == 1


def test_lost_doubled_and_shuffled_deliveries(sandbox, customer, hook, receiver):
    conversation, _ = talk(customer, "first")
    receiver.wait(lambda: receiver.at("/hook"))
    receiver.heard.clear()
    sandbox.fault("chatwoot", effect="webhook_drop", times=1)
    customer.post(f"/conversations/{conversation}/messages", json={"content": "lost"})
    sandbox.fault("chatwoot", effect="webhook_double", times=1)
    customer.post(f"/conversations/{conversation}/messages", json={"content": "twice"})
    receiver.wait(lambda: len(receiver.at("/hook")) == 2)
    assert [h.body["content"] for h in receiver.at("/hook")] == ["twice", "twice"]
    assert len({h.headers["x-chatwoot-delivery"] for h in receiver.at("/hook")}) == 2
    receiver.heard.clear()
    sandbox.fault("chatwoot", effect="webhook_shuffle")
    for text in ("a", "b", "c"):
        customer.post(f"/conversations/{conversation}/messages", json={"content": text})
    receiver.wait(lambda: len(receiver.at("/hook")) == 3)
    assert [h.body["content"] for h in receiver.at("/hook")] == ["c", "b", "a"]


def test_rate_is_deterministic(sandbox, customer, hook, receiver):
    def lost():
        sandbox.http.delete("/_sandbox/faults")
        sandbox.fault("chatwoot", effect="webhook_drop", rate=0.4, seed=7)
        receiver.heard.clear()
        conversation, _ = talk(customer, "0")
        for n in range(1, 12):
            customer.post(f"/conversations/{conversation}/messages", json={"content": str(n)})
        receiver.quiet(0.4)
        return {h.body["content"] for h in receiver.at("/hook")}

    first = lost()
    assert 2 < len(first) < 12
    assert lost() == first


def test_mail_inbox(sandbox, receiver, hook):
    base = f"{sandbox.base}/chatwoot/public/api/v1/inboxes/northwind-mail/contacts"
    source = httpx.post(base, json={"name": "Kim", "email": "kim@example.com"}).json()["source_id"]
    conversation = httpx.post(f"{base}/{source}/conversations", json={}).json()["id"]
    httpx.post(f"{base}/{source}/conversations/{conversation}/messages", json={"content": "Out of office"})
    (heard,) = receiver.wait(lambda: receiver.at("/hook"))
    assert heard.body["content_type"] == "incoming_email"
    assert heard.body["content_attributes"]["email"]["text_content"]["reply"] == "Out of office"

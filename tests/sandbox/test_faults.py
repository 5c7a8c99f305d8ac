"""Faults are what the rules say: where, how often, how."""

import json
import time

import httpx
import openai
import pytest

ME = "/intercom/me"
BEARER = {"Authorization": "Bearer x"}


def get(sandbox, path=ME, **kwargs):
    return httpx.get(sandbox.base + path, headers=BEARER, **kwargs)


def test_status_headers_and_times(sandbox, model):
    sandbox.fault("openai", route="/chat/*", status=429, headers={"retry-after": "0"}, times=2)
    asked = [{"role": "user", "content": "hi"}]
    with pytest.raises(openai.RateLimitError) as caught:
        model.chat.completions.create(model="m", messages=asked)
    assert caught.value.code == "rate_limit_exceeded"
    assert caught.value.response.headers["retry-after"] == "0"
    assert model.models.list().data, "other routes are not touched"
    assert model.with_options(max_retries=2).chat.completions.create(model="m", messages=asked).choices


def test_each_provider_fails_in_its_own_words(sandbox, chatwoot, model):
    sandbox.fault("chatwoot", status=429)
    sandbox.fault("intercom", status=500)
    sandbox.fault("openai", status=401)
    throttled = chatwoot.get("/conversations")
    assert throttled.text == "Retry later\n"
    assert "retry-after" not in throttled.headers
    assert get(sandbox).headers["content-type"].startswith("text/html")
    with pytest.raises(openai.AuthenticationError) as caught:
        model.models.list()
    assert caught.value.code == "invalid_api_key"


def test_html_with_200(sandbox, model):
    sandbox.fault("openai", status=200, times=1)
    answer = model.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
    assert isinstance(answer, str)


def test_malformed_json(sandbox):
    sandbox.fault("intercom", malformed=True, times=1)
    answer = get(sandbox)
    assert answer.headers["content-type"] == "application/json"
    with pytest.raises(json.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize("after", [0, 40])
def test_connection_cut(sandbox, after):
    sandbox.fault("intercom", drop_after_bytes=after, times=1)
    with pytest.raises(httpx.RemoteProtocolError if after else httpx.TransportError):
        get(sandbox)
    assert get(sandbox).status_code == 200


def test_cut_answer_after_the_work_was_done(sandbox, chatwoot, customer):
    conversation = customer.post("/conversations", json={}).json()["id"]
    sandbox.fault("chatwoot", route="/api/v1/accounts/*/messages", method="POST", drop_after_bytes=0, times=1)
    with pytest.raises(httpx.TransportError):
        chatwoot.post(
            f"/conversations/{conversation}/messages", json={"content": "sent once", "content_attributes": {"d": 1}}
        )
    stored = chatwoot.get(f"/conversations/{conversation}/messages").json()["payload"]
    assert [m["content"] for m in stored] == ["sent once"]
    sandbox.fault("chatwoot", route="*/messages", method="POST", status=500, after_running=True, times=1)
    assert chatwoot.post(f"/conversations/{conversation}/messages", json={"content": "again"}).status_code == 500
    assert len(chatwoot.get(f"/conversations/{conversation}/messages").json()["payload"]) == 2


def test_slow_hanging_and_dripping(sandbox):
    sandbox.fault("intercom", delay_ms=250, times=1)
    begun = time.monotonic()
    assert get(sandbox).status_code == 200
    assert time.monotonic() - begun > 0.24
    hanging = sandbox.fault("intercom", hang=True)
    with pytest.raises(httpx.ReadTimeout):
        get(sandbox, timeout=0.3)
    assert sandbox.http.delete(f"/_sandbox/faults/{hanging}").status_code == 204
    assert get(sandbox).status_code == 200
    sandbox.fault("intercom", drip_ms=20, times=1)
    begun = time.monotonic()
    assert get(sandbox).json()["type"] == "admin"
    assert time.monotonic() - begun > 0.1


def test_rate_and_skip(sandbox):
    def pattern():
        sandbox.http.delete("/_sandbox/faults")
        sandbox.fault("intercom", status=503, rate=0.3, seed=5)
        return [get(sandbox).status_code for _ in range(30)]

    first = pattern()
    assert first == pattern()
    assert 3 < first.count(503) < 18
    sandbox.http.delete("/_sandbox/faults")
    sandbox.fault("intercom", status=503, skip=2, times=1)
    assert [get(sandbox).status_code for _ in range(4)] == [200, 200, 503, 200]


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ({"provider": "moon", "status": 500}, "provider"),
        ({"provider": "openai", "statsu": 500}, "statsu"),
        ({"provider": "openai"}, "what goes wrong"),
        ({"provider": "n8n", "effect": "webhook_drop"}, "hold"),
        ({"provider": "openai", "status": 500, "rate": 3}, "rate"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(sandbox, rule, word):
    answer = sandbox.http.post("/_sandbox/faults", json=rule)
    assert answer.status_code == 400
    assert word in answer.json()["error"]


def test_log_masks_secrets(sandbox, chatwoot):
    chatwoot.post(
        "/conversations/filter",
        json={"payload": [{"attribute_key": "status", "filter_operator": "equal_to", "values": ["open"]}]},
    )
    (entry,) = sandbox.log(provider="chatwoot", path="filter")
    assert entry["headers"]["api_access_token"] == "***"
    assert entry["body"]["payload"][0]["values"] == ["open"]
    assert (entry["method"], entry["status"], entry["direction"]) == ("POST", 200, "in")
    assert "sandbox-chatwoot-admin" not in str(entry)


def test_unknown_switch(sandbox):
    assert sandbox.http.post("/_sandbox/mode", json={"gullibel": True}).status_code == 400
    assert sandbox.http.post("/_sandbox/mode", json={"gullible": "yes"}).status_code == 400
    assert sandbox.http.get("/_sandbox/mode").json()["gullible"] is False

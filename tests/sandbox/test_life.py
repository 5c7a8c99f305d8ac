"""The process: quick to start, hard to lose, readable."""

import httpx
import pytest

from local.sandbox import credentials
from tests.sandbox.conftest import Sandbox


@pytest.fixture
def own(tmp_path, receiver):
    made = Sandbox(tmp_path / "data", receiver.url)
    yield made
    made.http.close()
    made.kill()


def test_kill_9_keeps_the_desk_and_forgets_the_faults(own, receiver):
    headers = {"api_access_token": credentials.CHATWOOT_ADMIN_TOKEN}
    base = f"{own.base}/chatwoot/api/v1/accounts/1"
    hook = httpx.post(f"{base}/webhooks", json={"webhook": {"url": f"{receiver.url}/h"}}, headers=headers).json()[
        "payload"
    ]["webhook"]
    sent = httpx.post(f"{base}/conversations/405/messages", json={"content": "kept"}, headers=headers).json()
    own.mode(n8n_pause_ms=1000)
    start = {
        "job_id": "j",
        "scorecard_id": "s",
        "start_date": "2020-01-01",
        "end_date": "2030-01-01",
        "intercom_admin_ids": ["991"],
    }
    run = httpx.post(
        f"{own.base}/n8n/webhook/massive-ai-audit",
        json=start,
        headers={"Authorization": f"Bearer {credentials.N8N_WEBHOOK_TOKEN}"},
    ).json()["execution_id"]
    own.fault("chatwoot", status=500)
    receiver.wait(lambda: receiver.at("/progress"))
    own.kill()
    seconds = own.start()
    stored = httpx.get(f"{base}/conversations/405/messages", headers=headers).json()["payload"]
    assert stored[-1]["id"] == sent["id"]
    assert httpx.get(f"{base}/webhooks", headers=headers).json()["payload"]["webhooks"] == [hook]
    assert (
        httpx.post(f"{base}/conversations/405/messages", json={"content": "next"}, headers=headers).json()["id"]
        == sent["id"] + 1
    )
    shown = httpx.get(
        f"{own.base}/n8n/api/v1/executions/{run}", headers={"X-N8N-API-KEY": credentials.N8N_API_KEY}
    ).json()
    assert shown["status"] == "crashed"
    assert own.http.get("/_sandbox/faults").json() == {"faults": []}
    assert seconds < 5, "a second on a quiet machine"


def test_reset_renews_the_desk(sandbox, chatwoot):
    chatwoot.post("/conversations/401/messages", json={"content": "extra"})
    sandbox.reset(data=True)
    texts = [m["content"] for m in chatwoot.get("/conversations/401/messages").json()["payload"]]
    assert "extra" not in texts
    assert len(texts) == 3


def test_page_for_people(sandbox):
    sandbox.fault("openai", status=418)
    page = sandbox.http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    for word in ("sidedesk sandbox", "/openai/v1", "/chatwoot", "/intercom", "/n8n", "418", "gullible"):
        assert word in page.text
    assert sandbox.http.get("/health").json() == {"status": "ok", "sandbox": True}


def test_answers_are_marked(sandbox):
    for path in ("/openai/v1/models", "/chatwoot/health", "/intercom/me", "/n8n/healthz"):
        assert sandbox.http.get(path).headers["x-sandbox"] == "sidedesk"

"""n8n: what the webhook answers, and the audit it plays against a recording stand-in of sidedesk."""

import datetime
import time

import httpx
import pytest

from local.sandbox import credentials

HEADERS = {"Authorization": f"Bearer {credentials.N8N_WEBHOOK_TOKEN}"}
API = {"X-N8N-API-KEY": credentials.N8N_API_KEY}
TODAY = datetime.datetime.now(datetime.UTC).date()


def day(back: int) -> str:
    return (TODAY - datetime.timedelta(days=back)).isoformat()


def payload(admin="991", first=12, last=9, **extra):
    return {
        "job_id": "job-1", "scorecard_id": "sc-1", "start_date": day(first), "end_date": day(last), "intercom_admin_ids": [admin],
        "notify_me_when_done": True, "notify_results_to_audited_people": False, "batch_id": "job-1", "employee_email": "ana.petrovic@northwind.example",
        "employee_name": "Ana Petrović", "created_by": "qa@northwind.example", "audit_date": "2026-05-04T10:00:00Z", "dispatch_id": "d-1", **extra,
    }  # fmt: skip


def start(sandbox, body=None, path="webhook/massive-ai-audit", **kwargs):
    return httpx.post(
        f"{sandbox.base}/n8n/{path}", json=body or payload(), headers=HEADERS, **{"timeout": 10, **kwargs}
    )


def finished(receiver, times=1):
    return lambda: [h for h in receiver.at("/progress") if h.body.get("status") == "completed"][times - 1 :]


def callbacks(receiver):
    return [h.body for h in receiver.at("/functions/v1/ai-audit-callback")]


def test_what_the_webhook_answers(sandbox):
    url = f"{sandbox.base}/n8n/webhook/massive-ai-audit"
    refused = httpx.post(url, json={})
    assert (refused.status_code, refused.text) == (403, "Authorization data is wrong!")
    assert refused.headers["www-authenticate"] == 'Basic realm="Webhook"'
    broken = httpx.post(url, content=b"{", headers={"Content-Type": "application/json"})
    assert broken.status_code == 422, "the body is read before the key"
    wrong = httpx.post(f"{sandbox.base}/n8n/webhook/other", json={}, headers=HEADERS)
    assert wrong.status_code == 404
    assert "must be active" in wrong.json()["hint"]
    method = httpx.get(url, headers=HEADERS)
    assert method.status_code == 404
    assert "Did you mean to make a POST request?" in method.json()["message"]
    huge = httpx.post(url, json={"x": "y" * 17_000_000}, headers=HEADERS)
    assert (huge.status_code, huge.json()["code"]) == (500, 0)
    sandbox.mode(n8n_published=False)
    assert start(sandbox).status_code == 404


def test_test_webhook_listens_once(sandbox, receiver):
    unheard = start(sandbox, path="webhook-test/massive-ai-audit")
    assert unheard.status_code == 404
    assert "Execute workflow" in unheard.json()["hint"]
    sandbox.mode(n8n_listening=True)
    assert start(sandbox, path="webhook-test/massive-ai-audit").status_code == 200
    assert start(sandbox, path="webhook-test/massive-ai-audit").status_code == 404
    receiver.wait(finished(receiver))


def test_the_whole_audit(sandbox, receiver, intercom):
    answer = start(sandbox)
    assert answer.status_code == 200
    ident = answer.json()["execution_id"]
    receiver.wait(finished(receiver))
    calls = [(h.method, h.path) for h in receiver.heard]
    assert calls[0] == ("GET", "/api/scorecards/sc-1")
    assert all(h.headers["authorization"] == "Bearer svc-key" for h in receiver.heard)
    states = [h.body for h in receiver.at("/api/massive-ai-audit/jobs/job-1/progress", "PATCH")]
    assert [s.get("status") for s in states] == ["running", None, "completed"]
    assert all(s["intercom_admin_id"] == "991" and s["n8n_execution_id"] == ident for s in states)
    results = callbacks(receiver)
    assert states[1]["total_conversations"] == len(results) > 2
    assert len({r["conversation_id"] for r in results}) == len(results)
    judged = [r for r in results if "skipped_reason" not in r]
    assert judged
    for result in judged:
        assert set(result["ai_scorecard_data"]) == {"greeting", "resolution", "tone", "promises"}
        assert isinstance(result["ai_scorecard_data"]["promises"], bool)
        assert result["ai_scorecard_data"]["tone"] in ("good", "fair", "poor")
        assert 0 <= result["ai_scorecard_data"]["resolution"] <= 5
        assert 0 < result["ai_confidence_score"] <= 1
        said = [t["text"] for t in result["transcript"]]
        assert result["transcript"][0]["role"] == "client", "the source is the first message"
        for evidence in result["evidence"].values():
            assert evidence["reason"]
            assert all(any(q in text for text in said) for q in evidence["quotes"])
        assert {t["role"] for t in result["transcript"]} <= {"agent", "client", "note"}
        carried = (
            "job_id",
            "batch_id",
            "scorecard_id",
            "employee_email",
            "employee_name",
            "created_by",
            "audit_date",
            "dispatch_id",
        )
        assert {k: result[k] for k in carried} == {k: payload()[k] for k in carried}
    url = f"{sandbox.base}/n8n/api/v1/executions/{ident}"
    receiver.wait(lambda: httpx.get(url, headers=API).json()["status"] == "success")
    assert httpx.get(url, headers=API).json()["finished"] is True


def test_exact_range_and_attribution(sandbox, receiver, intercom):
    def audited(**extra):
        receiver.reset()
        start(sandbox, payload("993", 20, 4, **extra))
        receiver.wait(finished(receiver))
        return {r["conversation_id"] for r in callbacks(receiver)}

    def created(ids):
        return [intercom.get(f"/conversations/{i}").json()["created_at"] for i in ids]

    by_day = audited()
    noon = int(
        datetime.datetime.combine(TODAY - datetime.timedelta(days=20), datetime.time(12), datetime.UTC).timestamp()
    )
    cut = audited(range_start=noon, range_end=noon + 10 * 86_400)
    assert cut
    assert cut < by_day
    assert all(noon <= at < noon + 10 * 86_400 for at in created(cut))
    participant = audited(attribution="participant")
    author = audited(attribution="main_author")
    assert author <= participant
    assert participant != by_day


def test_no_conversations_still_ends(sandbox, receiver):
    start(sandbox, payload("424242"))
    receiver.wait(finished(receiver))
    assert callbacks(receiver) == []
    assert [h.body.get("total_conversations") for h in receiver.at("/progress")] == [None, 0, 0]


def test_scores_differ_between_good_and_poor_hands(sandbox, receiver):
    def average(admin):
        receiver.reset()
        start(sandbox, payload(admin, 39, 1))
        receiver.wait(finished(receiver), 20)
        marks = [r["ai_scorecard_data"]["resolution"] for r in callbacks(receiver) if "skipped_reason" not in r]
        return sum(marks) / len(marks)

    assert average("997") > average("1003") + 1


def test_failing_receiver_is_tried_like_n8n_does(sandbox, receiver):
    failing = {"left": 2}

    def answer(heard):
        if "callback" in heard.path and failing["left"]:
            failing["left"] -= 1
            return 503
        return 200

    receiver.answer = answer
    start(sandbox)
    receiver.wait(finished(receiver))
    idents = [c["conversation_id"] for c in callbacks(receiver)]
    assert idents[:3] == [idents[0]] * 3
    assert not any("error" in c for c in callbacks(receiver))


def test_an_item_that_fails_is_reported(sandbox, receiver):
    sandbox.fault("intercom", route="/conversations/9*", status=404, times=5)
    sandbox.fault("openai", route="/chat/completions", status=500, times=3)
    start(sandbox)
    receiver.wait(finished(receiver))
    failed = [c for c in callbacks(receiver) if "error" in c]
    assert len(failed) == 2
    assert set(failed[0]) == {"job_id", "intercom_admin_id", "conversation_id", "error", "n8n_execution_id"}
    assert "404" in failed[0]["error"]


def test_a_refused_start_ends_in_the_error_workflow(sandbox, receiver):
    receiver.answer = lambda heard: 401 if "scorecards" in heard.path else 200
    ident = start(sandbox).json()["execution_id"]
    (report,) = receiver.wait(lambda: receiver.at("/api/massive-ai-audit/engine-errors"))
    assert report.body == {
        "n8n_execution_id": ident,
        "n8n_workflow_id": credentials.N8N_WORKFLOW_ID,
        "error_message": report.body["error_message"],
        "last_node": "Get scorecard",
    }
    assert "401" in report.body["error_message"]
    assert len(receiver.at("/scorecards/")) == 5, "any 4xx is tried again"


def test_held_answer(sandbox, receiver):
    sandbox.fault("n8n", effect="hold", delay_ms=600, times=1)
    with pytest.raises(httpx.ReadTimeout):
        start(sandbox, timeout=0.2)
    assert not receiver.heard
    receiver.wait(finished(receiver))


def test_concurrency_limit_holds_the_answer(sandbox, receiver):
    sandbox.mode(n8n_limit=1, n8n_pause_ms=150)
    begun = time.monotonic()
    start(sandbox)
    quick = time.monotonic() - begun
    with pytest.raises(httpx.ReadTimeout):
        start(sandbox, payload("992"), timeout=0.2)
    assert quick < 0.5
    sandbox.mode(n8n_pause_ms=0)
    receiver.wait(finished(receiver, 2))


def test_hang_up_then_run(sandbox, receiver):
    sandbox.fault("n8n", effect="hang_up_then_run", times=1)
    with pytest.raises(httpx.TransportError):
        start(sandbox)
    receiver.wait(finished(receiver))


def test_double_run(sandbox, receiver):
    sandbox.fault("n8n", effect="double_run", times=1)
    start(sandbox)
    receiver.wait(finished(receiver, 2))
    results = callbacks(receiver)
    assert len(results) == 2 * len({r["conversation_id"] for r in results})
    assert len({r["n8n_execution_id"] for r in results}) == 2


@pytest.mark.parametrize(
    ("effect", "status", "kind"),
    [("html_404", 404, "text/html"), ("starting_up", 200, "text/plain"), ("code_0", 500, "application/json")],
)
def test_answers_of_a_bad_moment(sandbox, receiver, effect, status, kind):
    sandbox.fault("n8n", effect=effect, times=1)
    answer = start(sandbox)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith(kind)
    time.sleep(0.1)
    assert not receiver.heard
    assert start(sandbox).json()["accepted"] is True
    receiver.wait(finished(receiver))


def test_silence_after_started(sandbox, receiver):
    sandbox.fault("n8n", effect="silent_after_started", times=1)
    start(sandbox)
    receiver.wait(lambda: receiver.at("/progress"))
    receiver.quiet()
    assert [h.body.get("status") for h in receiver.at("/progress")] == ["running"]
    assert callbacks(receiver) == []


def test_callbacks_again_and_twice(sandbox, receiver):
    sandbox.fault("n8n", effect="callback_again", times=1)
    start(sandbox)
    receiver.wait(finished(receiver))
    receiver.quiet()
    last = max(i for i, h in enumerate(receiver.heard) if "/progress" in h.path)
    late = [h.body for h in receiver.heard[last + 1 :]]
    assert late == [h.body for h in receiver.heard[:last] if "callback" in h.path]
    receiver.reset()
    sandbox.fault("n8n", effect="batch_twice")
    start(sandbox)
    receiver.wait(finished(receiver))
    assert callbacks(receiver)[0::2] == callbacks(receiver)[1::2]


def test_crash_and_kill(sandbox, receiver):
    sandbox.fault("n8n", effect="crash", times=1)
    start(sandbox)
    receiver.wait(lambda: receiver.at("/engine-errors"))
    receiver.reset()
    sandbox.fault("n8n", effect="killed", times=1)
    ident = start(sandbox).json()["execution_id"]
    receiver.wait(lambda: callbacks(receiver))
    receiver.quiet(0.4)
    assert not finished(receiver)()
    assert not receiver.at("/engine-errors")
    url = f"{sandbox.base}/n8n/api/v1/executions/{ident}"
    assert httpx.get(url, headers=API).json()["status"] == "crashed"
    again = httpx.post(f"{url}/retry", headers=API).json()
    receiver.wait(finished(receiver))
    receiver.wait(lambda: httpx.get(url, headers=API).json()["retrySuccessId"] == again["id"])


def test_api_key(sandbox):
    url = f"{sandbox.base}/n8n/api/v1/executions"
    assert httpx.get(url).status_code == 401
    assert httpx.get(f"{url}/77", headers=API).status_code == 404
    assert httpx.get(f"{sandbox.base}/n8n/api/v1/workflows", headers=API).json()["data"][0]["active"] is True

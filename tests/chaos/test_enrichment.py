"""The workflow of enrichment in the product's own stack: what it tries again, and what it catches and writes down."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.chaos.stack import WholeStack

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(400)]


class Member:
    def __init__(self, stack: WholeStack) -> None:
        self._http, self._headers = stack.http, {"Authorization": f"Bearer {stack.token}"}
        self._sandbox = f"http://127.0.0.1:{stack.ports['sandbox']}/_sandbox"

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = self._http.request(method, path, json=body, headers={**self._headers, **headers})
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def fault(self, **rule: Any) -> None:
        body = {"provider": "openai", "route": "*/chat/completions", **rule}
        assert httpx.post(f"{self._sandbox}/faults", json=body, trust_env=False).status_code == 201

    def heal(self) -> None:
        httpx.delete(f"{self._sandbox}/faults", trust_env=False)

    def stored(self, count: int) -> list[str]:
        turns = [{"role": "customer", "text": "Where is my parcel?"}, {"role": "agent", "text": "I will look at once."}]
        made = [{"external_id": str(uuid4()), "turns": turns} for _ in range(count)]
        answer = self.call("POST", "/api/conversations", {"conversations": made})
        return (
            [one["id"] for one in answer["results"]] if "results" in answer else [one["id"] for one in answer["data"]]
        )

    def ended(self, ids: list[str], seconds: float) -> dict[str, Any]:
        body = {"conversationIds": ids, "sequential": False}
        run = self.call("POST", "/api/conversations/bulk-enrich", body, prefer="respond-async")
        end = time.monotonic() + seconds
        while run["status"] == "running" and time.monotonic() < end:
            time.sleep(1)
            run = self.call("GET", f"/api/conversations/bulk-enrich/{run['run_id']}")
        return dict(run)


@pytest.fixture
def member(stack: WholeStack) -> Iterator[Member]:
    made = Member(stack)
    yield made
    made.heal()


def test_what_fails_for_a_moment_is_tried_again(member: Member) -> None:
    """More often than the gateway tries by itself."""
    member.fault(status=500, times=4, body={"error": {"message": "oops"}})
    run = member.ended(member.stored(1), 200)
    assert run["summary"]["successful"] == 1, run


def test_what_fails_for_good_is_caught_and_the_next_goes_on(member: Member) -> None:
    member.fault(status=500, body={"error": {"message": "oops"}})
    run = member.ended(member.stored(2), 300)
    assert run["status"] == "completed" and run["summary"]["failed"] == 2, run
    assert {result["error_category"] for result in run["results"]} == {"llm_unavailable"}
    assert all("did not answer" in result["error"] for result in run["results"])
    member.heal()
    time.sleep(20)  # the breaker leaves the provider alone for a while
    again = member.call("POST", f"/api/conversations/bulk-enrich/{run['run_id']}/retry", prefer="respond-async")
    assert again["summary"]["pending"] == 2

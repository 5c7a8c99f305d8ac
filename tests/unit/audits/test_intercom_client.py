"""Intercom's client: paging, patience, and what refusals mean."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sidedesk.clients.intercom import (
    ConversationGone,
    Intercom,
    IntercomBusy,
    IntercomConfused,
    IntercomDown,
    IntercomRefused,
)

Answer = Callable[[httpx.Request], httpx.Response]


class World:
    def __init__(self, *answers: Any) -> None:
        self.answers, self.requests, self.slept, self.now = list(answers), [], [], 1_000.0
        self.http = httpx.Client(transport=httpx.MockTransport(self._answer))
        self.client = Intercom(
            self.http, "https://api.intercom.io/", "token", sleep=self._sleep, clock=lambda: self.now
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def ok(**body: Any) -> httpx.Response:
    return httpx.Response(200, json=body)


def refusal(status: int, code: str = "x", **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"type": "error.list", "errors": [{"code": code}]}, headers=headers)


def test_a_search_asks_wider_and_cuts_exactly() -> None:
    day = 86_400
    listed = [
        {"id": "1", "created_at": 10 * day - 1},
        {"id": 2, "created_at": 10 * day},
        {"id": "3", "created_at": 12 * day - 1},
        {"id": "4", "created_at": 12 * day},
    ]
    world = World(ok(conversations=listed, pages={"next": {"starting_after": "abc"}}), ok(conversations=[], pages={}))
    found = world.client.search("991", 10 * day, 12 * day, written_by=False)
    assert (found.ids, found.cursor) == (["2", "3"], "abc")
    assert world.client.search("991", 10 * day, 12 * day, written_by=True, cursor="abc").cursor is None
    first, second = (json.loads(request.content) for request in world.requests)
    assert first["query"]["value"][0] == {"field": "admin_assignee_id", "operator": "=", "value": 991}
    assert [f["value"] for f in first["query"]["value"][1:]] == [8 * day, 14 * day]
    assert [f["operator"] for f in first["query"]["value"][1:]] == [">", "<"]
    assert second["query"]["value"][0] == {"field": "teammate_ids", "operator": "=", "value": "991"}
    assert (
        second["pagination"] == {"per_page": 150, "starting_after": "abc"}
        and "starting_after" not in first["pagination"]
    )
    assert {request.headers["intercom-version"] for request in world.requests} == {"2.16"}


def test_it_waits_for_the_reset_and_stops_before_the_budget_is_empty() -> None:
    world = World(
        refusal(429, "rate_limit_exceeded", **{"x-ratelimit-reset": "1007"}),
        httpx.Response(
            200,
            json={"id": "1"},
            headers={"x-ratelimit-remaining": "2", "x-ratelimit-limit": "1666", "x-ratelimit-reset": "1010"},
        ),
        ok(id="2"),
    )
    world.client.conversation("1")
    assert 7 <= world.slept[0] <= 8.5
    world.client.conversation("2")
    assert world.now >= 1010
    assert all(request.url.params["display_as"] == "plaintext" for request in world.requests)


def test_a_long_wait_is_the_callers_decision() -> None:
    world = World(refusal(429, **{"x-ratelimit-reset": "1100"}))
    with pytest.raises(IntercomBusy) as busy:
        world.client.conversation("1")
    assert world.slept == [] and busy.value.retry_after is not None and 100 <= busy.value.retry_after <= 101


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal(401, "unauthorized"), IntercomRefused),
        (refusal(403, "api_plan_restricted"), IntercomRefused),
        (refusal(404, "not_found"), ConversationGone),
        (refusal(400, "parameter_invalid"), IntercomConfused),
        (httpx.Response(200, text="<html>"), IntercomConfused),
        (httpx.Response(200, json=[]), IntercomConfused),
    ],
)
def test_what_refusals_mean(answer: httpx.Response, error: type[Exception]) -> None:
    world = World(answer)
    with pytest.raises(error):
        world.client.conversation("1")
    assert len(world.requests) == 1, "nothing is asked again that cannot help"


def test_what_is_down_is_asked_again_a_few_times() -> None:
    world = World(httpx.ConnectError("no"), httpx.Response(502, text="bad gateway"), ok(id="1"))
    assert world.client.conversation("1") == {"id": "1"}
    world = World(*[httpx.Response(503)] * 4)
    with pytest.raises(IntercomDown):
        world.client.conversation("1")
    assert len(world.requests) == 4


def test_ids_cannot_leave_their_place_in_the_path() -> None:
    world = World(ok(id="1"))
    world.client.conversation("../admins?x=1")
    assert world.requests[0].url.raw_path.startswith(b"/conversations/..%2Fadmins%3Fx%3D1?")


def test_people_without_numbers_have_no_assigned_chats() -> None:
    assert World().client.search("ana", 0, 1, written_by=False).ids == []

"""Intercom: teammates, conversations of a period, one conversation. Its refusals become our words once, here.

Every call names the API version, because shapes differ between versions and Intercom would otherwise pick one for us.
Dates are asked for wider than wanted and cut in code: Intercom may compare by calendar day in the workspace's own zone.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sidedesk.platform.errors import Conflict, NotFound, Unavailable, UpstreamFailed

if TYPE_CHECKING:
    import httpx

VERSION = "2.16"
PAGE = 150
MARGIN_SECONDS = 2 * 86_400
TIMEOUT_SECONDS = 20.0
ATTEMPTS = 4
# The budget is shared with every other integration of the workspace: stop before it is empty.
SPARE_CALLS = 5
# Limits are counted in slices of ten seconds; a longer wait is the caller's decision.
LONGEST_WAIT_SECONDS = 12.0


class IntercomRefused(Conflict):
    """Trying again cannot help until somebody changes something."""

    code = "intercom_refused"
    message = "Intercom refuses our access token. Check it under Settings, Integrations."


class IntercomDown(Unavailable):
    code = "intercom_down"
    message = "Intercom does not answer. Try again in a moment."


class IntercomBusy(Unavailable):
    code = "intercom_busy"
    message = "Intercom asks us to slow down. Try again in a moment."


class IntercomConfused(UpstreamFailed):
    code = "intercom_confused"
    message = "Intercom's answer could not be understood."


class ConversationGone(NotFound):
    code = "conversation_gone"
    message = "Intercom does not know this conversation. It may have been deleted."


@dataclass(frozen=True, slots=True)
class Teammate:
    id: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search: ids in range, and where the next page begins."""

    ids: list[str]
    cursor: str | None


class Intercom:
    """One workspace. It answers only in its own region, so its address is given."""

    def __init__(
        self,
        client: httpx.Client,
        base_url: str,
        token: str,
        *,
        version: str = VERSION,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Intercom-Version": version,
            "Accept": "application/json",
        }
        self._sleep = sleep
        self._clock = clock
        self._free_at = 0.0  # until then the slice's calls are used up

    def list_admins(self) -> list[Teammate]:
        """Everybody with a seat; the answer is not paged."""
        answer = self._call("GET", "/admins")
        return [
            Teammate(str(admin["id"]), str(admin.get("name") or ""), str(admin.get("email") or "").lower())
            for admin in _list(answer, "admins")
            if admin.get("id")
        ]

    def search(
        self, admin_id: str, range_start: int, range_end: int, *, written_by: bool, cursor: str | None = None
    ) -> Found:
        """Conversations created in [range_start, range_end): those assigned to a person now, or those they wrote in."""
        whose: dict[str, Any] = {"field": "teammate_ids", "operator": "=", "value": admin_id}
        if not written_by:
            if not admin_id.isdigit():
                return Found([], None)  # assignees are numbers
            whose = {"field": "admin_assignee_id", "operator": "=", "value": int(admin_id)}
        return self._created([whose], range_start, range_end, cursor)

    def created_between(self, range_start: int, range_end: int, cursor: str | None = None) -> Found:
        """Everybody's conversations created in [range_start, range_end)."""
        return self._created([], range_start, range_end, cursor)

    def _created(self, filters: list[dict[str, Any]], range_start: int, range_end: int, cursor: str | None) -> Found:
        query = {
            "operator": "AND",
            "value": [
                *filters,
                {"field": "created_at", "operator": ">", "value": range_start - MARGIN_SECONDS},
                {"field": "created_at", "operator": "<", "value": range_end + MARGIN_SECONDS},
            ],
        }
        # The cursor belongs into the body; as a URL parameter it is ignored and page 1 comes back for ever.
        paging = {"per_page": PAGE} | ({"starting_after": cursor} if cursor else {})
        answer = self._call("POST", "/conversations/search", json={"query": query, "pagination": paging})
        ids = [
            str(found["id"])
            for found in _list(answer, "conversations")
            if isinstance(found.get("created_at"), int) and range_start <= found["created_at"] < range_end
        ]
        following = ((answer.get("pages") or {}).get("next") or {}).get("starting_after")
        return Found(list(dict.fromkeys(ids)), str(following) if following else None)

    def count(self, admin_ids: Sequence[str], range_start: int, range_end: int) -> int:
        """About how many conversations these people have in a period: one call, days as Intercom counts them."""
        query = {
            "operator": "AND",
            "value": [
                {
                    "field": "admin_assignee_id",
                    "operator": "IN",
                    "value": [int(one) for one in admin_ids if one.isdigit()],
                },
                {"field": "created_at", "operator": ">", "value": range_start - 1},
                {"field": "created_at", "operator": "<", "value": range_end},
            ],
        }
        answer = self._call("POST", "/conversations/search", json={"query": query, "pagination": {"per_page": 1}})
        total = answer.get("total_count")
        if not isinstance(total, int):
            raise IntercomConfused()
        return total

    def conversation(self, conversation_id: str) -> dict[str, Any]:
        """One conversation with its parts, as text."""
        path = f"/conversations/{quote(conversation_id, safe='')}"
        return self._call("GET", path, params={"display_as": "plaintext"})

    def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Everything here only reads, so trying again is always safe."""
        for attempt in range(1, ATTEMPTS + 1):
            self._wait(self._free_at - self._clock())
            try:
                return self._once(method, path, options)
            except (IntercomDown, IntercomBusy) as error:
                if attempt == ATTEMPTS:
                    raise
                self._wait(error.retry_after or random.uniform(0.2, 0.5) * 2**attempt, error)
        raise AssertionError("the last attempt returns or raises")

    def _once(self, method: str, path: str, options: dict[str, Any]) -> dict[str, Any]:
        import httpx

        try:
            answer = self._client.request(
                method, f"{self._base_url}{path}", headers=self._headers, timeout=TIMEOUT_SECONDS, **options
            )
        except httpx.TransportError as error:
            raise IntercomDown() from error
        self._note_budget(answer)
        if not answer.is_success:
            raise _refusal(answer, self._until_reset(answer))
        try:
            document = answer.json()
        except ValueError as error:
            raise IntercomConfused() from error
        if not isinstance(document, dict):
            raise IntercomConfused()
        return document

    def _wait(self, seconds: float, instead: Exception | None = None) -> None:
        if seconds > LONGEST_WAIT_SECONDS:
            raise instead or IntercomBusy(retry_after=round(seconds) + 1)
        if seconds > 0:
            self._sleep(seconds + random.uniform(0, 0.3))  # everybody was told the same moment

    def _note_budget(self, answer: httpx.Response) -> None:
        left, limit = answer.headers.get("x-ratelimit-remaining", ""), answer.headers.get("x-ratelimit-limit", "")
        if left.isdigit() and limit.isdigit() and int(left) <= min(SPARE_CALLS, int(limit) // 10):
            self._free_at = self._clock() + self._until_reset(answer)

    def _until_reset(self, answer: httpx.Response) -> float:
        """No Retry-After is documented; the reset of the slice is."""
        for name, absolute in (("x-ratelimit-reset", True), ("retry-after", False)):
            told = answer.headers.get(name, "")
            if told.isdigit():
                return max(0.0, float(told) - (self._clock() if absolute else 0.0))
        return 0.0


def _refusal(answer: httpx.Response, until_reset: float) -> Exception:
    code, words = _reason(answer)
    status = answer.status_code
    if status == 429:
        return IntercomBusy(retry_after=max(1, round(until_reset + 0.5)))
    if status >= 500 or status == 408:
        return IntercomDown()
    if status == 401 or code in ("forbidden", "token_unauthorized"):
        return IntercomRefused()
    if code == "api_plan_restricted":
        return IntercomRefused("The Intercom plan of this workspace does not allow API access any more.")
    if status == 404:
        return ConversationGone()
    return IntercomConfused(f"Intercom refused the request ({status} {code}): {words}".rstrip(": "))


def _reason(answer: httpx.Response) -> tuple[str, str]:
    """Only the code of the first error is certain; the body may not be JSON."""
    try:
        document = answer.json()
        first = document["errors"][0]
        return str(first.get("code") or ""), " ".join(str(first.get("message") or "").split())[:300]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return "", ""


def _list(answer: dict[str, Any], name: str) -> Iterable[dict[str, Any]]:
    items = answer.get(name)
    if not isinstance(items, list):
        raise IntercomConfused()
    return [item for item in items if isinstance(item, dict)]

"""How is Chatwoot? Four questions, each answered, none raised."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sidedesk.platform.errors import DomainError

if TYPE_CHECKING:
    import httpx

TIMEOUT_SECONDS = 5.0
SIGNS_SINCE = (4, 11, 2)


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    path: str
    ok: bool
    status: int | None  # none: no answer came
    latency_ms: int
    note: str


@dataclass(frozen=True, slots=True)
class Probe:
    ok: bool
    message: str
    checked_at: datetime
    version: str | None
    queue_services: str | None
    data_services: str | None
    checks: tuple[Check, ...]


def probe(client: httpx.Client, base_url: str, headers: Mapping[str, str], account_id: int) -> Probe:
    """Whether it serves, then whether it serves us. Of these only `/api` shows its database and its queue."""
    api, said = _ask(client, "version", base_url, "/api", {})
    health, _ = _ask(client, "health", base_url, "/health", {})
    profile, person = _ask(client, "profile", base_url, "/api/v1/profile", headers)
    account, inboxes = _ask(client, "account", base_url, f"/api/v1/accounts/{account_id}/inboxes", headers)
    # Gone from today's versions; the last hope with old ones that hide the rest.
    rails, _ = _ask(client, "rails_health", base_url, "/rails/health", {})
    version, queue, data = (_word(said, name) for name in ("version", "queue_services", "data_services"))
    ok, message = _verdict(api, profile, account, person, inboxes, account_id, version, queue, data)
    return Probe(ok, message, datetime.now(UTC), version, queue, data, (api, health, profile, account, rails))


def _verdict(
    api: Check, profile: Check, account: Check, person: Any, inboxes: Any, account_id: int, *figures: str | None
) -> tuple[bool, str]:
    version, queue, data = figures
    if api.status is None and account.status is None:
        return False, f"Chatwoot does not answer: {api.note}"
    if "failing" in (queue, data):
        broken = " and ".join(name for name, state in (("queue", queue), ("database", data)) if state == "failing")
        return False, f"Chatwoot is up, but its {broken} is failing."
    if account.status in (401, 403):
        if profile.ok:
            return False, f"The access token works, but its owner may not use account {account_id}."
        return False, "Chatwoot is there, but refuses the access token."
    if not account.ok:
        return False, f"Chatwoot's account API does not work: {account.note}"
    if not _items(inboxes):
        return False, "The owner of the access token sees no inbox. Add them to the inboxes that sidedesk should serve."
    name = _word(person, "name") or "a user"
    known = f"Connected to Chatwoot {version} as {name}." if version else f"Connected to Chatwoot as {name}."
    if version and _numbers(version) < SIGNS_SINCE:
        known += " This version does not sign its webhooks."
    return True, known


def _ask(client: httpx.Client, name: str, base_url: str, path: str, headers: Mapping[str, str]) -> tuple[Check, Any]:
    import httpx

    started = time.perf_counter()
    status, note, document = None, "", None
    try:
        answer = client.get(
            f"{base_url}{path}", headers=dict(headers), timeout=httpx.Timeout(TIMEOUT_SECONDS, connect=3)
        )
        status = answer.status_code
        if not answer.is_success:
            note = f"it answered {status}."
        elif not isinstance(document := _json(answer), dict | list):
            note = "its answer is not JSON; is this Chatwoot's address?"
    except httpx.TimeoutException:
        note = "no answer came in time."
    except httpx.HTTPError as error:
        note = f"the connection failed ({type(error).__name__})."
    except DomainError as error:
        note = error.message
    latency = round((time.perf_counter() - started) * 1000)
    return Check(name, path, status is not None and not note, status, latency, note or "ok"), document


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _word(document: Any, name: str) -> str | None:
    value = document.get(name) if isinstance(document, dict) else None
    return value if isinstance(value, str) and value else None


def _items(inboxes: Any) -> list[Any]:
    found = inboxes.get("payload") if isinstance(inboxes, dict) else inboxes
    return found if isinstance(found, list) else []


def _numbers(version: str) -> tuple[int, ...]:
    """4.11.2-rc1 counts as 4.11.2; what is no number is taken for new."""
    parts = version.split("-")[0].split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else SIGNS_SINCE

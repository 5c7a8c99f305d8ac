"""n8n's webhook: what its answers mean for somebody who must not start a workflow twice."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sidedesk.platform.outbound import PrivateAddress

if TYPE_CHECKING:
    import httpx

# n8n ignores callers that look like bots; a bare library name does.
USER_AGENT = "Mozilla/5.0 sidedesk/1.0"
TIMEOUT_SECONDS = 15.0
MAX_PAYLOAD_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Accepted:
    execution_id: str | None


@dataclass(frozen=True, slots=True)
class NotNow:
    """Surely not started; another try may work."""

    reason: str
    most_attempts: int
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class MaybeStarted:
    """n8n holds its answer at its concurrency limit, and runs what hung up later."""

    reason: str


@dataclass(frozen=True, slots=True)
class Final:
    """Another try cannot help."""

    reason: str


class N8n:
    """One webhook of one n8n."""

    def __init__(self, client: httpx.Client, url: str, token: str, *, allow_test_urls: bool = False) -> None:
        self._client = client
        self._url = url
        self._token = token
        self._allow_test_urls = allow_test_urls

    def start(self, payload: dict[str, Any]) -> Accepted | NotNow | MaybeStarted | Final:
        """Post once and say what the answer means."""
        import httpx

        if "/webhook-test/" in urlsplit(self._url).path and not self._allow_test_urls:
            return Final(
                "The n8n address is a test URL; it answers only while its editor listens. Use the production URL."
            )
        body = json.dumps(payload)
        if len(body) > MAX_PAYLOAD_BYTES:
            return Final("The message for n8n is too large.")
        headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            answer = self._client.post(self._url, content=body, headers=headers, timeout=TIMEOUT_SECONDS)
        except PrivateAddress as error:
            return Final(error.message)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
            return NotNow(f"n8n could not be reached ({type(error).__name__}).", most_attempts=8)
        except httpx.TransportError as error:
            return MaybeStarted(f"n8n did not answer in time ({type(error).__name__}).")
        return meaning(answer)


def meaning(answer: httpx.Response) -> Accepted | NotNow | MaybeStarted | Final:
    """The table of n8n's answers."""
    document = _json(answer)
    words = _words(answer, document)
    if answer.is_success:
        if document is None:
            return NotNow(f"n8n answered without JSON; it may be starting up: {words}", most_attempts=5)
        execution = document.get("execution_id") or document.get("executionId")
        return Accepted(str(execution) if execution else None)
    if answer.status_code == 404:
        # Booting (a page), or published a moment ago (JSON): worth a few tries, no more.
        return NotNow(f"n8n knows no such webhook: {words}", most_attempts=4, retry_after=20)
    if answer.status_code in (429, 502, 503, 504):
        wait = answer.headers.get("retry-after", "")
        return NotNow(
            f"n8n is busy ({answer.status_code}): {words}",
            most_attempts=8,
            retry_after=min(900.0, float(wait)) if wait.isdigit() else None,
        )
    if answer.status_code == 500 and document is not None and document.get("code") == 0:
        return NotNow(f"n8n could not start the workflow: {words}", most_attempts=2)
    return Final(f"n8n refused the call ({answer.status_code}): {words}")


def _json(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        document = answer.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) else {"value": document}


def _words(answer: httpx.Response, document: dict[str, Any] | None) -> str:
    text = str((document or {}).get("message") or "") or answer.text
    return " ".join(text.split())[:300] or "no words"

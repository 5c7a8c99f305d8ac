"""The adapter around the openai client: the only place that knows it. Every failure leaves here as one CallFailed.

The client is imported at first use (it is three times as heavy as the rest of a function), never retries by itself,
and its answers are read as raw JSON, because it does not check what a server sends.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from sidedesk.ai import errors
from sidedesk.platform import outbound
from sidedesk.platform.errors import DomainError

CONNECT_SECONDS = 5.0
MOST_CLIENTS = 8
LARGEST_ANSWER = 32 * 1024 * 1024

# no: certainly not; maybe: it may have been worked on, so its money counts as spent
Billed = Literal["no", "maybe"]


@dataclass(frozen=True, slots=True)
class Raw:
    """A 200 with a JSON object in it."""

    body: Mapping[str, Any]
    request_id: str | None


class CallFailed(Exception):
    """One call that gave no answer, and what follows from how it failed."""

    def __init__(
        self,
        error: DomainError,
        *,
        billed: Billed,
        retry: bool,
        provider_down: bool | None = None,
        retry_after: float | None = None,
        parameter: str = "",
        request_id: str | None = None,
    ) -> None:
        super().__init__(error.code)
        self.error = error
        self.billed: Billed = billed
        self.retry = retry
        self.provider_down = provider_down  # None: this says nothing about the provider's health
        self.retry_after = retry_after
        self.parameter = parameter
        self.request_id = request_id


def garbage(why: str, request_id: str | None = None) -> CallFailed:
    """A success that is none: somebody answered 200 with something else."""
    error = errors.BadAnswer(f"The model provider answered with something that is no answer ({why}).")
    return CallFailed(error, billed="maybe", retry=True, provider_down=True, request_id=request_id)


def chat(base_url: str, api_key: str, payload: dict[str, Any], seconds: float) -> Raw:
    return _send(lambda client: client.chat.completions, base_url, api_key, payload, seconds)


def embeddings(base_url: str, api_key: str, payload: dict[str, Any], seconds: float) -> Raw:
    return _send(lambda client: client.embeddings, base_url, api_key, payload, seconds)


def transcription(base_url: str, api_key: str, payload: dict[str, Any], seconds: float) -> Raw:
    return _send(lambda client: client.audio.transcriptions, base_url, api_key, payload, seconds)


# One client per provider and key, kept warm for the life of the container; a rotated key gets its own.
_clients: dict[tuple[str, str], Any] = {}


def close() -> None:
    """Hang up everywhere."""
    for client in _clients.values():
        client.close()
    _clients.clear()


def _client(base_url: str, api_key: str) -> Any:
    if (base_url, api_key) not in _clients:
        if len(_clients) >= MOST_CLIENTS:
            close()
        _clients[base_url, api_key] = _connect(base_url, api_key)
    return _clients[base_url, api_key]


def _connect(base_url: str, api_key: str) -> Any:
    import httpx2
    import openai

    http_transport = httpx2.HTTPTransport(
        trust_env=False, limits=httpx2.Limits(max_connections=8, max_keepalive_connections=4)
    )
    # httpx2 has no public way to choose who opens its sockets; a test holds that this one does.
    http_transport._pool._network_backend = _guarded_backend()
    # A redirect could carry the key and the text somewhere nobody configured.
    http = httpx2.Client(transport=http_transport, follow_redirects=False, trust_env=False)
    return openai.OpenAI(api_key=api_key, base_url=base_url, max_retries=0, http_client=http)


def _guarded_backend() -> Any:
    """Opens sockets to checked addresses only, as all our clients do towards addresses that people typed in."""
    import httpcore2

    class Guarded(httpcore2.SyncBackend):
        def connect_tcp(self, host: str, port: int, *rest: Any, **options: Any) -> Any:
            try:
                address = outbound.resolve(host, port)
            except DomainError:
                raise
            except Exception as error:
                raise httpcore2.ConnectError(f"{host} has no address") from error
            return super().connect_tcp(address, port, *rest, **options)

    return Guarded()


def _send(resource: Callable[[Any], Any], base_url: str, api_key: str, payload: dict[str, Any], seconds: float) -> Raw:
    import httpx2
    import openai

    timeout = httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
    end = time.monotonic() + seconds
    try:
        stream = resource(_client(base_url, api_key)).with_streaming_response.create(**payload, timeout=timeout)
        with stream as response:
            request_id = response.request_id
            with _cut_after(response, end - time.monotonic()):
                body = _read(response)
    except openai.APIStatusError as error:
        raise _refused(error) from error
    except openai.APIConnectionError as error:
        raise _unreachable(error) from error
    except DomainError as error:  # an address that we do not call
        raise CallFailed(error, billed="no", retry=False) from error
    return Raw(_object(body, request_id), request_id)


def _read(response: Any) -> bytes:
    parts, size = [], 0
    try:
        for part in response.iter_bytes():
            size += len(part)
            if size > LARGEST_ANSWER:
                break
            parts.append(part)
    except Exception as error:
        # Silent or cut in the middle: a timeout, a protocol error, or whatever a socket raises that we shut ourselves.
        raise CallFailed(
            errors.ProviderDown(), billed="maybe", retry=True, provider_down=True, request_id=response.request_id
        ) from error
    if size > LARGEST_ANSWER:
        raise garbage("far too long", response.request_id)
    return b"".join(parts)


@contextmanager
def _cut_after(response: Any, seconds: float) -> Iterator[None]:
    """A read timeout starts anew with every byte; this one does not."""

    def cut() -> None:
        stream = response.http_response.extensions.get("network_stream")
        connection = stream.get_extra_info("socket") if stream is not None else None
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.05, seconds), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _object(body: bytes, request_id: str | None) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise garbage("not JSON", request_id) from error
    if not isinstance(value, dict):
        raise garbage("not an object", request_id)
    if isinstance(value.get("error"), dict | str) and not value.get("choices") and not value.get("data"):
        raise garbage("an error dressed as success", request_id)
    return value


def _unreachable(error: Any) -> CallFailed:
    import httpx2

    cause = error.__cause__
    # Nothing was sent, so nothing was worked on.
    never_left = isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout | httpx2.UnsupportedProtocol | httpx2.InvalidURL)  # fmt: skip
    return CallFailed(
        errors.ProviderDown(),
        billed="no" if never_left else "maybe",
        # A timeout used up the time; a second one would too.
        retry=never_left or not isinstance(cause, httpx2.TimeoutException),
        provider_down=True,
    )


def _refused(error: Any) -> CallFailed:
    status, code = error.status_code, error.code or ""
    wait = _retry_after(error.response.headers)
    request_id = error.request_id
    if status == 429 and code == "insufficient_quota":
        return CallFailed(errors.QuotaExhausted(), billed="no", retry=False, request_id=request_id)
    if status in (429, 503):
        busy = errors.ProviderBusy(retry_after=None if wait is None else max(1, round(wait)))
        down = status == 503
        return CallFailed(busy, billed="no", retry=True, provider_down=down, retry_after=wait, request_id=request_id)
    if status >= 500 or status in (408, 409):
        # Something in between gave up; the model behind it may have done the work.
        down_error = errors.ProviderDown()
        return CallFailed(
            down_error, billed="maybe", retry=True, provider_down=True, retry_after=wait, request_id=request_id
        )
    if code == "content_filter":
        return CallFailed(errors.ContentFiltered(), billed="no", retry=False, request_id=request_id)
    return CallFailed(
        errors.ProviderRejected(_why_rejected(status)),
        billed="no",
        retry=False,
        parameter=str(error.param or ""),
        request_id=request_id,
    )


def _why_rejected(status: int) -> str:
    match status:
        case 401 | 403:
            return "The model provider does not accept our key. Check it under Settings, Integrations."
        case 404:
            return "The model provider does not know this model or address. Check both under Settings."
        case 413:
            return "The model provider says that this is too long."
        case _ if status < 400:
            return "The model provider's address redirects elsewhere. Enter its final address under Settings, Integrations."
        case _:
            return f"The model provider refused the request (status {status})."


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, as the server wishes: in milliseconds, in seconds, or until a date."""
    for name, scale in (("retry-after-ms", 1000), ("retry-after", 1)):
        with suppress(KeyError, ValueError):
            wait = float(headers[name]) / scale
            return wait if 0 <= wait < float("inf") else None
    with suppress(KeyError, TypeError, ValueError):
        return max(0.0, (parsedate_to_datetime(headers["retry-after"]) - datetime.now(UTC)).total_seconds())
    return None

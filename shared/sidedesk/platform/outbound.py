"""HTTP to addresses that people typed in: never to our own inside.

A name is resolved once, what it resolves to is checked, and the connection goes to exactly that address, so that a name
which answers differently the second time gains nothing. No redirects, no proxies from the environment.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sidedesk.platform.errors import InvalidRequest, UpstreamFailed
from sidedesk.platform.settings import StageSettings, cached

if TYPE_CHECKING:
    import httpx

# Where the sandbox of the outside world lives on loopback.
LOCAL_STAGES = ("local", "test")
_FORBIDDEN = (
    "This address leads inside a private network. Use the address under which the service is reachable from outside."
)


class PrivateAddress(UpstreamFailed):
    code = "private_address"
    message = _FORBIDDEN


def may_reach_private() -> bool:
    return cached(StageSettings).stage in LOCAL_STAGES


def check_url(url: str, field: str = "base_url") -> str:
    """The address in its plain form, or what is wrong with it."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise InvalidRequest.of(field, "This is not a valid address.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidRequest.of(field, "Use an address that starts with https:// or http://.")
    if parts.username is not None or parts.password is not None:
        raise InvalidRequest.of(field, "Leave user name and password out of the address; secrets have their own field.")
    if parts.query or parts.fragment:
        raise InvalidRequest.of(field, "Leave out everything from ? or # on.")
    if any(character.isspace() or ord(character) < 32 for character in url.strip()) or len(url) > 500:
        raise InvalidRequest.of(field, "This is not a valid address.")
    if not may_reach_private() and _looks_private(parts.hostname):
        raise InvalidRequest.of(field, _FORBIDDEN, code="private_address")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def _looks_private(host: str) -> bool:
    """What can be told without asking a name server; the connection asks again."""
    host = host.rstrip(".").lower()
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not is_public(host)
    except ValueError:
        pass
    try:
        # 127.1, 0x7f000001 and 2130706433 are addresses too, for those who connect.
        return not is_public(socket.inet_ntoa(socket.inet_aton(host)))
    except OSError:
        return False


def is_public(address: str) -> bool:
    """Is this an address of the open internet?"""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    if inner is not None:
        ip = inner
    if isinstance(ip, ipaddress.IPv6Address) and ip in ipaddress.ip_network("64:ff9b::/96"):
        ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.is_global and not ip.is_multicast


def resolve(host: str, port: int) -> str:
    """One address of this host that we may talk to."""
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError as error:
        import httpcore

        raise httpcore.ConnectError(f"{host} has no address") from error
    if not may_reach_private() and not all(is_public(address) for address in found):
        raise PrivateAddress()
    return next((address for address in found if ":" not in address), found[0])


@lru_cache(maxsize=1)
def _backend() -> Any:
    import httpcore

    class Guarded(httpcore.SyncBackend):
        """Connects to checked addresses only; certificates are still checked against the name."""

        def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Iterable[Any] | None = None,
        ) -> httpcore.NetworkStream:
            return super().connect_tcp(resolve(host, port), port, timeout, local_address, socket_options)

    return Guarded()


def client(*, connect: float = 3, read: float = 8, **options: Any) -> httpx.Client:
    """An httpx client for other people's addresses. Give it timeouts below the function's own."""
    import httpx

    transport = httpx.HTTPTransport(trust_env=False)
    # httpx has no public way to choose who opens its sockets; a test holds that this one does.
    transport._pool._network_backend = _backend()
    return httpx.Client(
        transport=transport,
        timeout=httpx.Timeout(read, connect=connect, pool=connect),
        follow_redirects=False,
        trust_env=False,
        **options,
    )

"""Is this webhook Chatwoot's? The signature covers the time, a dot and the bytes as they came."""

from __future__ import annotations

import hashlib
import hmac

from sidedesk.platform.errors import Unauthenticated

WINDOW_SECONDS = 300


class BadSignature(Unauthenticated):
    code = "bad_signature"
    message = "The signature of this webhook is not valid."


class StaleSignature(BadSignature):
    code = "stale_signature"
    message = "This webhook was signed too long ago, or the clocks of the two servers differ."


def verify(secret: str, timestamp: str | None, signature: str | None, raw_body: bytes, now: float) -> None:
    """Silent when it is genuine and fresh. Decode base64 first; never parse and write again."""
    if not secret:
        raise BadSignature("No webhook secret is stored for this integration, so nothing can be verified.")
    if not timestamp or not signature:
        raise BadSignature("This webhook is not signed. Chatwoot signs since version 4.11.2.")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise BadSignature()
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + raw_body, hashlib.sha256).hexdigest()
    given = signature.encode("utf-8", "replace")
    if not hmac.compare_digest(f"sha256={digest}".encode(), given):
        raise BadSignature()
    if abs(now - int(timestamp)) > WINDOW_SECONDS:
        raise StaleSignature()

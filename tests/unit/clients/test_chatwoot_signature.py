"""Webhooks of Chatwoot: only genuine and fresh ones pass."""

import hashlib
import hmac

import pytest

from sidedesk.clients.chatwoot_signature import BadSignature, StaleSignature, verify

BODY = b'{"event":"message_created","id":1}'
GOOD = "sha256=04138dcc53323f6d45a6017e6ecde3e44d8a8fd47345498ffe2c3c7216510220"
AT = 1_700_000_000


def test_the_known_vector_passes_for_five_minutes() -> None:
    for seconds in (0, 300, -300):
        verify("s3cr3t", str(AT), GOOD, BODY, AT + seconds)
    for seconds in (301, -301, 86_400):
        with pytest.raises(StaleSignature):
            verify("s3cr3t", str(AT), GOOD, BODY, AT + seconds)


@pytest.mark.parametrize(
    ("secret", "timestamp", "signature", "body"),
    [
        ("other", str(AT), GOOD, BODY),
        ("s3cr3t", str(AT + 1), GOOD, BODY),
        ("s3cr3t", str(AT), GOOD, BODY + b" "),
        ("s3cr3t", str(AT), GOOD.upper(), BODY),
        ("s3cr3t", str(AT), GOOD[7:], BODY),
        ("s3cr3t", str(AT), "sha256=", BODY),
        ("s3cr3t", str(AT), "schlüssel\ud800", BODY),
        ("s3cr3t", str(AT), None, BODY),
        ("s3cr3t", None, GOOD, BODY),
        ("s3cr3t", "", "", BODY),
        ("s3cr3t", f" {AT}", GOOD, BODY),
        ("s3cr3t", f"-{AT}", GOOD, BODY),
        ("s3cr3t", "1.7e9", GOOD, BODY),
        ("s3cr3t", "١٧٠٠٠٠٠٠٠٠", GOOD, BODY),
        ("s3cr3t", "9" * 5_000, GOOD, BODY),
        # Signing the body alone is a common mistake.
        ("s3cr3t", str(AT), "sha256=" + hmac.new(b"s3cr3t", BODY, hashlib.sha256).hexdigest(), BODY),
        # Without a stored secret anybody could sign.
        ("", str(AT), "sha256=" + hmac.new(b"", f"{AT}.".encode() + BODY, hashlib.sha256).hexdigest(), BODY),
    ],
)
def test_everything_else_is_refused(secret: str, timestamp: str | None, signature: str | None, body: bytes) -> None:
    with pytest.raises(BadSignature):
        verify(secret, timestamp, signature, body, AT)

"""AWS clients, made at first use: boto3 costs more to import than the rest of a function together."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=16)
def client(service: str) -> Any:
    """One client per service and process, with timeouts well below a function's own."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        config=Config(
            connect_timeout=2,
            read_timeout=8,
            retries={"max_attempts": 3, "mode": "standard"},
            signature_version="s3v4" if service == "s3" else None,
            # Signed addresses name the region: a browser cannot follow the redirect of a young bucket's global name.
            s3={"addressing_style": "virtual"} if service == "s3" else None,
            max_pool_connections=8,
            # A presigned upload is sent by a browser, which adds no checksum of the SDK's kind.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )

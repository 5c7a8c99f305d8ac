"""Secrets by name, kept for a few minutes so that a rotation needs no deploy."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

from sidedesk.platform.aws import client
from sidedesk.platform.errors import Unavailable

KEEP_SECONDS = 300
_cache: dict[str, tuple[float, dict[str, Any]]] = {}


def read(name: str, *, fresh: bool = False) -> dict[str, Any]:
    """The JSON document stored under `name`."""
    kept = _cache.get(name)
    if kept and not fresh and time.monotonic() - kept[0] < KEEP_SECONDS:
        return kept[1]
    secrets = client("secretsmanager")
    try:
        text = secrets.get_secret_value(SecretId=name)["SecretString"]
    except secrets.exceptions.ResourceNotFoundException as error:
        raise Unavailable(
            f"The secret {name} does not exist. Store it, then try again.", code="secret_missing"
        ) from error
    value: dict[str, Any] = json.loads(text)
    _cache[name] = (time.monotonic(), value)
    return value


def write(name: str, value: dict[str, Any]) -> None:
    """Create or replace a secret. Its value is never logged and never read back to people."""
    secrets = client("secretsmanager")
    text = json.dumps(value)
    try:
        secrets.create_secret(Name=name, SecretString=text)
    except secrets.exceptions.ResourceExistsException:
        secrets.put_secret_value(SecretId=name, SecretString=text)
    _cache.pop(name, None)


def delete(name: str) -> None:
    """Remove a secret for good; one that is already gone is fine."""
    secrets = client("secretsmanager")
    with suppress(secrets.exceptions.ResourceNotFoundException):
        secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    _cache.pop(name, None)


def remember(name: str, value: dict[str, Any]) -> None:
    """Take a value as read, where there is no store to read from."""
    _cache[name] = (time.monotonic(), value)


def forget() -> None:
    """Drop what is cached, for tests and after a refused credential."""
    _cache.clear()

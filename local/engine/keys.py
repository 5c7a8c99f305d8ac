"""The secrets of one local stack: random, kept in one file that only this user reads."""

from __future__ import annotations

import secrets
from pathlib import Path
from uuid import uuid4

from local.engine.settings import read_json, write_json

NAMES = ("postgres_password", "app_password", "jwt_secret", "n8n_token")


def load(path: Path) -> dict[str, str]:
    """What is there, with what is missing added."""
    found = read_json(path) or {}
    missing = {name: secrets.token_urlsafe(32) for name in NAMES if name not in found}
    if not found.get("service_key", "").startswith("sd_"):  # the product's form of a machine's key
        missing["service_key"] = f"sd_{uuid4().hex}_{secrets.token_urlsafe(32)}"
    if "service_key" in missing:  # in the shape the product knows its keys by
        missing["service_key"] = f"sd_{secrets.token_hex(16)}_{missing['service_key']}"
    if missing:
        found |= missing
        write_json(path, found)
    return dict(found)


def remember(path: Path, **values: str) -> None:
    write_json(path, {**load(path), **values})

"""Time zones that this machine and Postgres can both compute with."""

from __future__ import annotations

from contextlib import suppress
from zoneinfo import ZoneInfo


def known_zone(name: str) -> str:
    """The name of an IANA zone, or what to write instead."""
    if not name.startswith(("posix", "right")):
        with suppress(KeyError, ValueError, OSError):  # unknown, not a name, the name of a folder
            ZoneInfo(name)
            return name
    raise ValueError("Use an IANA time zone, for example Europe/Berlin.")

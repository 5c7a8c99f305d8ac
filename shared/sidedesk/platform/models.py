"""Shapes that every capability shares.

Their validators are built when first used: a function imports the words of a whole capability and needs a few of them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from sidedesk.platform.errors import InvalidRequest

Item = TypeVar("Item")


class Body(BaseModel):
    """What a person's client sends: unknown fields are a mistake worth naming."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, defer_build=True)


class MachineBody(BaseModel):
    """What another system sends: fields we do not know are kept, never refused."""

    model_config = ConfigDict(extra="allow", defer_build=True)

    @property
    def meta(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class Answer(BaseModel):
    """What we send."""

    model_config = ConfigDict(from_attributes=True, defer_build=True)


class Page(BaseModel, Generic[Item]):
    """A part of a list, and where the next part begins."""

    model_config = ConfigDict(defer_build=True)

    data: list[Item]
    next_cursor: str | None = None


class Done(Answer):
    success: bool = True


def part_of(
    rows: Sequence[Item], limit: int, position: Callable[[Item], tuple[Any, ...]]
) -> tuple[list[Item], str | None]:
    """The first `limit` rows and the bookmark after them. Ask the database for one row more than the limit."""
    kept = list(rows[:limit])
    return kept, encode_cursor(*position(kept[-1])) if len(rows) > limit else None


def encode_cursor(*position: Any) -> str:
    """An opaque bookmark for keyset paging."""
    text = json.dumps([value if isinstance(value, int | float | str) else str(value) for value in position])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *kinds: type[Any]) -> list[Any] | None:
    """The position in a bookmark we gave out, typed; anything else is the caller's mistake."""
    if not cursor:
        return None
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(position, list):
            raise ValueError("not a position")
        return [_typed(value, kind) for value, kind in zip(position, kinds, strict=True)]
    except (ValueError, TypeError) as error:
        raise InvalidRequest.of("cursor", "Use the next_cursor of the previous page as it is.") from error


def _typed(value: Any, kind: type[Any]) -> Any:
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is UUID:
        return UUID(value)
    if not isinstance(value, kind):
        raise TypeError("not the kind we gave out")
    return value

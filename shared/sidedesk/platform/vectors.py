"""Vectors on their way to Postgres. As text a query vector takes several times as long to build and to read."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.adapt import Dumper, PyFormat
from psycopg.pq import Format

from sidedesk.platform.errors import InvalidRequest

LARGEST = 65504.0  # of a number of sixteen bits


class HalfVector:
    """Numbers for a parameter of type halfvec: `%(v)s::halfvec`, sent in binary."""

    __slots__ = ("packed",)

    def __init__(self, values: Sequence[float]) -> None:
        try:
            self.packed = struct.pack(f">HH{len(values)}e", len(values), 0, *values)
        except (struct.error, OverflowError, TypeError) as error:
            raise InvalidRequest("A vector must consist of numbers between -65504 and 65504.") from error


class _Binary(Dumper):
    """Without a type of its own: extensions have no fixed one, and the cast in the statement says it."""

    format = Format.BINARY
    oid = 0

    def dump(self, obj: Any) -> bytes:
        return bytes(obj.packed)

    def get_key(self, obj: Any, format: PyFormat) -> Any:  # noqa: ARG002 - the driver's own names
        return self.cls


psycopg.adapters.register_dumper(HalfVector, _Binary)


def as_text(values: Sequence[float]) -> str:
    """The form that arrays of vectors travel in."""
    return "[" + ",".join(f"{min(max(value, -LARGEST), LARGEST):.5g}" for value in values) + "]"

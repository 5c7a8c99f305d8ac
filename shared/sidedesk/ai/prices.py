"""What a model costs. An unknown model has no price, and what has no price cannot be capped: it is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from sidedesk.ai.answers import Unit
from sidedesk.ai.errors import UnknownPrice

_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_MILLION = Decimal(1_000_000)


class PriceEntry(BaseModel):
    """One line of a price table: `in` and `out` per million tokens, or `second` per second of audio."""

    model_config = ConfigDict(populate_by_name=True, extra="forbid")

    per_million_in: Decimal | None = Field(default=None, alias="in", ge=0)
    per_million_out: Decimal = Field(default=Decimal(0), alias="out", ge=0)
    second: Decimal | None = Field(default=None, ge=0)


PriceTable = TypeAdapter(dict[str, PriceEntry])


@dataclass(frozen=True, slots=True)
class Price:
    """A price for one kind of quantity."""

    unit: Unit
    each_in: Decimal
    each_out: Decimal

    def cost(self, quantity_in: Decimal | int | float, quantity_out: Decimal | int | float = 0) -> Decimal:
        total = Decimal(str(quantity_in)) * self.each_in + Decimal(str(quantity_out)) * self.each_out
        return total.quantize(Decimal("1e-10"))


@lru_cache(maxsize=1)
def shipped() -> dict[str, PriceEntry]:
    text = resources.files("sidedesk.ai").joinpath("prices.json").read_text(encoding="utf-8")
    return PriceTable.validate_python(json.loads(text)["models"])


def find(model: str, unit: Unit, own: Mapping[str, Any] | None = None) -> Price:
    """The price of a model: the provider's own table first, then ours; a dated name falls back to its family."""
    tables = [PriceTable.validate_python(dict(own or {})), shipped()]
    for name in (model, _DATED.sub("", model)):
        for table in tables:
            entry = table.get(name)
            if entry is None:
                continue
            if unit == "seconds" and entry.second is not None:
                return Price(unit, entry.second, Decimal(0))
            if unit == "tokens" and entry.per_million_in is not None:
                return Price(unit, entry.per_million_in / _MILLION, entry.per_million_out / _MILLION)
    raise UnknownPrice(model)

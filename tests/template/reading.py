"""Questions to a template that several tests ask."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local.engine.template import FUNCTION

Json = dict[str, Any]


@dataclass
class Template:
    text: str
    document: Json

    @property
    def resources(self) -> dict[str, Json]:
        found: dict[str, Json] = self.document["Resources"]
        return found

    def of_type(self, kind: str) -> dict[str, Json]:
        """Properties by logical name."""
        return {name: res.get("Properties", {}) for name, res in self.resources.items() if res["Type"] == kind}

    @property
    def defaults(self) -> Json:
        found: Json = self.document.get("Globals", {}).get("Function", {})
        return found

    @property
    def functions(self) -> dict[str, Json]:
        return self.of_type(FUNCTION)

    def timeout(self, name: str) -> int:
        return int(self.functions[name].get("Timeout", self.defaults.get("Timeout", 3)))

    def environment(self, name: str) -> dict[str, Any]:
        """What the function finds in its environment: everybody's variables and its own; parameters as by default."""
        everybody = self.defaults.get("Environment", {}).get("Variables", {})
        own = self.functions[name].get("Environment", {}).get("Variables", {})
        return {key: self.by_default(value) for key, value in {**everybody, **own}.items()}

    def by_default(self, value: Any) -> Any:
        """A reference to a parameter that has a default is that default."""
        if isinstance(value, dict) and set(value) == {"Ref"}:
            return self.document["Parameters"].get(value["Ref"], {}).get("Default") or value
        return value

    def events(self, kind: str) -> Iterator[tuple[str, str, Json]]:
        """(function, event, properties) of all events of a kind."""
        for name, properties in self.functions.items():
            for event, spec in properties.get("Events", {}).items():
                if spec["Type"] == kind:
                    yield name, event, spec["Properties"]


def target(value: Any) -> str:
    """The logical name behind a Ref or GetAtt."""
    if isinstance(value, dict):
        if "Ref" in value:
            return str(value["Ref"])
        if "Fn::GetAtt" in value:
            return str(value["Fn::GetAtt"][0])
    raise AssertionError(f"not a reference: {value!r}")


def filled_in(value: Any) -> str:
    """A plausible text for a value that CloudFormation would work out."""
    if isinstance(value, dict):
        text = value.get("Fn::Sub", "x")
        return re.sub(r"\$\{[^}]+\}", "x", text if isinstance(text, str) else text[0])
    return value if isinstance(value, str) else json.dumps(value)


def strings(value: Any) -> Iterator[str]:
    """All texts inside."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)

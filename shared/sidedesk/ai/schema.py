"""From a pydantic model to the JSON Schema a model is asked to fill, and from its text back to JSON."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import BaseModel

_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL)
# What strict structured output refuses; a schema that has one of them is sent as a wish instead.
_NOT_STRICT = ("oneOf", "patternProperties", "prefixItems", "not", "if")


class NotJson(ValueError):
    """There is no JSON object in the text."""


def name_of(model: type[BaseModel]) -> str:
    return _NAME.sub("_", model.__name__)[:64]


def wire_schema(model: type[BaseModel]) -> tuple[dict[str, Any], bool]:
    """The schema as sent, and whether a strict server can take it: objects closed, all fields named, no defaults."""
    schema = model.model_json_schema()
    strict = _tighten(schema)
    return schema, strict


def _tighten(node: Any) -> bool:
    if isinstance(node, list):
        verdicts = [_tighten(item) for item in node]
        return all(verdicts)
    if not isinstance(node, dict):
        return True
    strict = not any(word in node for word in _NOT_STRICT)
    node.pop("default", None)
    if isinstance(node.get("title"), str):
        node.pop("title")
    if node.get("type") == "object":
        if "properties" in node:
            node["additionalProperties"] = False
            node["required"] = list(node["properties"])
        else:
            strict = False  # a free-form map
    for key, value in node.items():
        if key in ("properties", "$defs"):
            # Their keys are names, not keywords: a field may be called "title" or "default".
            verdicts = [_tighten(child) and _typed(child) for child in value.values()]
            strict = all(verdicts) and strict
        elif key in ("items", "anyOf", "allOf", "additionalProperties"):
            strict = _tighten(value) and strict
    return strict


def _typed(node: Any) -> bool:
    """An empty schema (`Any`) says nothing, and strict servers refuse it."""
    return isinstance(node, dict) and any(word in node for word in ("type", "$ref", "anyOf", "allOf", "enum", "const"))


def read_object(text: str) -> Any:
    """The JSON in a model's text: the whole of it, a fenced block, or the first object in the prose."""
    candidates = [text.strip(), *(block.strip() for block in _FENCED.findall(text))]
    for candidate in candidates:
        try:
            return json.loads(candidate)
        except (ValueError, RecursionError):
            continue
    decoder = json.JSONDecoder()
    for match in re.finditer(r"[{\[]", text):
        try:
            return decoder.raw_decode(text, match.start())[0]
        except (ValueError, RecursionError):
            continue
    raise NotJson("the answer holds no complete JSON object")

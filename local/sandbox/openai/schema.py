"""Fill a JSON schema from a reader that knows what the text says."""

import re
from typing import Any, Protocol

from local.sandbox.text import flat, overlap, shorten

MISSING: Any = object()
Schema = dict[str, Any]


class Reader(Protocol):
    def value(self, name: str, schema: Schema) -> Any:
        """What the text says about this property, or MISSING."""

    def child(self, name: str, schema: Schema) -> "Reader":
        """Who fills the properties of this nested object."""

    def items(self, name: str, schema: Schema) -> "list[Reader] | None":
        """One reader for each element of this array of objects, or None when unknown."""


def fill(schema: Schema, reader: Reader) -> Any:
    return _fill(schema, reader, "", schema, 0)


def _fill(schema: Schema, reader: Reader, name: str, root: Schema, depth: int) -> Any:
    schema = resolve(schema, root)
    if "const" in schema:
        return schema["const"]
    if branches := schema.get("anyOf") or schema.get("oneOf"):
        return _union(branches, reader, name, root, depth)
    if isinstance(schema.get("type"), list):
        kinds = [{**schema, "type": kind} for kind in schema["type"]]
        return _union(kinds, reader, name, root, depth)
    if depth > 12:
        return blank(schema)
    if "properties" in schema or schema.get("type") == "object":
        ready = reader.value(name, schema) if name else MISSING
        inner = reader.child(name, schema) if name else reader
        if "properties" not in schema:
            return ready if isinstance(ready, dict) else {}
        return {key: _fill(sub, inner, key, root, depth + 1) for key, sub in schema["properties"].items()}
    if schema.get("type") == "array" or "items" in schema:
        return _array(schema, reader, name, root, depth)
    return fit(reader.value(name, schema), schema)


def _array(schema: Schema, reader: Reader, name: str, root: Schema, depth: int) -> list[Any]:
    item = resolve(schema.get("items") or {}, root)
    most = schema.get("maxItems", 1000)
    least = schema.get("minItems", 0)
    readers = reader.items(name, item)
    if readers is not None:
        found = [_fill(item, r, f"{name}[]", root, depth + 1) for r in readers[:most]]
    else:
        ready = reader.value(name, schema)
        values = ready if isinstance(ready, list) else [] if ready is MISSING or ready is None else [ready]
        scalars = not ("properties" in item or item.get("type") == "object")
        found = [fit(v, item) if scalars else v for v in values if scalars or isinstance(v, dict)][:most]
    if schema.get("uniqueItems"):
        found = [v for i, v in enumerate(found) if v not in found[:i]]
    while len(found) < least:
        found.append(_fill(item, reader, name.removesuffix("s"), root, depth + 1))
    return found


def _union(branches: list[Schema], reader: Reader, name: str, root: Schema, depth: int) -> Any:
    solid = [resolve(b, root) for b in branches]
    nullable = any(b.get("type") == "null" for b in solid)
    solid = [b for b in solid if b.get("type") != "null"] or [{"type": "null"}]
    branch = solid[0]
    scalars = [b for b in solid if "properties" not in b and b.get("type") not in ("object", "array")]
    if scalars and branch in scalars and (nullable or len(scalars) > 1):
        value = reader.value(name, {"type": "any"} if len(scalars) > 1 else branch)
        if nullable and (value is None or value is MISSING):
            return None
        fitting = [b for b in scalars if _is(value, b.get("type"))]
        return fit(value, fitting[0] if fitting else branch)
    if nullable and reader.value(name, branch) is None:
        return None
    return _fill(branch, reader, name, root, depth + 1)


def _is(value: Any, kind: Any) -> bool:
    if isinstance(value, bool):
        return bool(kind == "boolean")
    if isinstance(value, (int, float)):
        return bool(kind == "number" or (kind == "integer" and isinstance(value, int)))
    return bool(kind == "string" and isinstance(value, str))


def resolve(schema: Schema, root: Schema) -> Schema:
    seen = 0
    while "$ref" in schema and seen < 10:
        target: Any = root
        for step in schema["$ref"].lstrip("#/").split("/"):
            target = target.get(step, {})
        schema = {**target, **{k: v for k, v in schema.items() if k != "$ref"}}
        seen += 1
    if len(schema.get("allOf", [])) == 1:
        schema = {**resolve(schema["allOf"][0], root), **{k: v for k, v in schema.items() if k != "allOf"}}
    return schema


def fit(value: Any, schema: Schema) -> Any:
    """Make the value obey the schema; absent values become the plainest allowed one."""
    if value is MISSING or value is None:
        return blank(schema)
    if "enum" in schema:
        return nearest(value, schema["enum"])
    kind = schema.get("type")
    if kind == "boolean":
        return (
            value if isinstance(value, bool) else bool(value) and flat(str(value)) not in ("no", "false", "0", "none")
        )
    if kind in ("integer", "number"):
        return _number(value, schema, whole=kind == "integer")
    if kind == "string":
        return _string(value, schema)
    return value


def _number(value: Any, schema: Schema, whole: bool) -> float | int:
    if isinstance(value, str):
        found = re.search(r"-?\d+(?:[.,]\d+)?", value)
        value = float(found.group(0).replace(",", ".")) if found else 0
    number = float(value)
    low, high = schema.get("minimum"), schema.get("maximum")
    if schema.get("exclusiveMinimum") is not None:
        low = schema["exclusiveMinimum"] + (1 if whole else 0.01)
    if schema.get("exclusiveMaximum") is not None:
        high = schema["exclusiveMaximum"] - (1 if whole else 0.01)
    number = number if low is None else max(number, low)
    number = number if high is None else min(number, high)
    return round(number) if whole else round(number, 3)


def _string(value: Any, schema: Schema) -> str:
    text = value if isinstance(value, str) else " ".join(map(str, value)) if isinstance(value, list) else str(value)
    if "maxLength" in schema:
        text = shorten(text, schema["maxLength"])
    if len(text) < schema.get("minLength", 0):
        text = (text or "none given").ljust(schema["minLength"], ".")
    pattern = schema.get("pattern")
    if pattern and not re.search(pattern, text):
        found = re.search(pattern.strip("^$"), text)
        text = found.group(0) if found else text
    return text


def nearest(value: Any, allowed: list[Any]) -> Any:
    if value in allowed:
        return value
    wanted = flat(str(value))
    by_name = {flat(str(a)).replace("_", " "): a for a in allowed if a is not None}
    if wanted.replace("_", " ") in by_name:
        return by_name[wanted.replace("_", " ")]
    for name, original in by_name.items():
        if name and (name in wanted or wanted in name):
            return original
    scored = [(overlap(name, wanted), original) for name, original in by_name.items()]
    best = max(scored, key=lambda s: s[0], default=(0.0, None))
    if best[0] > 0:
        return best[1]
    for neutral in ("other", "none", "unknown", "neutral", "general", "n/a"):
        if neutral in by_name:
            return by_name[neutral]
    return allowed[0]


def blank(schema: Schema) -> Any:
    if "default" in schema:
        return schema["default"]
    if "enum" in schema:
        return nearest("", schema["enum"])
    kind = schema.get("type")
    if kind == "string":
        return _string("", schema)
    if kind in ("integer", "number"):
        return _number(0, schema, whole=kind == "integer")
    return {"boolean": False, "array": [], "object": {}}.get(str(kind))

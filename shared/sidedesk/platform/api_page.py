"""The API's description as a page to read: made from the OpenAPI document, without scripts and without anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Any, Final

STYLE: Final = """
:root{color-scheme:light dark;--line:light-dark(#d9dce1,#33373e);--quiet:light-dark(#5a616b,#a0a7b2);--back:light-dark(#f6f7f8,#1d2025)}
*{box-sizing:border-box}body{font:16px/1.55 system-ui,sans-serif;max-width:62rem;margin:0 auto;padding:1.5rem 1rem 6rem;background:light-dark(#fff,#15171a);color:light-dark(#16191d,#e8eaed)}
h1{margin:0}h2{margin:2.5rem 0 .5rem;text-transform:capitalize}p{margin:.4rem 0}a{color:light-dark(#0b57d0,#8ab4f8)}
details{border-top:1px solid var(--line)}summary{padding:.55rem 0;cursor:pointer;display:flex;gap:.7rem;flex-wrap:wrap;align-items:baseline}
summary code{font-weight:600;overflow-wrap:anywhere}.method{font:600 .75rem/1 ui-monospace,monospace;width:4rem;flex:none;color:var(--quiet)}
.what,.quiet,td small{color:var(--quiet);font-size:.9rem}.part{padding:0 0 1rem 4.7rem}table{border-collapse:collapse;width:100%;font-size:.9rem}
td,th{text-align:left;vertical-align:top;padding:.25rem .8rem .25rem 0;border-top:1px solid var(--line);overflow-wrap:anywhere}code{font-family:ui-monospace,monospace;font-size:.9em}
pre{background:var(--back);padding:.8rem;overflow:auto}@media(max-width:40rem){.part{padding-left:0}}
""".strip()

POLICY: Final = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'"
)
DEEPEST = 3

_Schema = dict[str, Any]


def page(document: dict[str, Any]) -> str:
    """The whole page."""
    schemas = document["components"]["schemas"]
    groups: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            groups.setdefault(operation["tags"][0], []).append(_operation(path, method, operation, schemas))
    body = "".join(f"<h2 id='{escape(name)}'>{escape(name)}</h2>{''.join(parts)}" for name, parts in groups.items())
    jump = " · ".join(f"<a href='#{escape(name)}'>{escape(name)}</a>" for name in groups)
    many = sum(map(len, groups.values()))
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>sidedesk API</title><style>{STYLE}</style><h1>sidedesk API</h1>"
        f"<p class='quiet'>{many} endpoints. For programs: <a href='/openapi.json'>openapi.json</a>. Jump to {jump}.</p>"
        "<p>People send <code>Authorization: Bearer &lt;token&gt;</code>; machines send a service key the same way, or as <code>X-API-Key</code>. "
        "Lists take <code>limit</code> and <code>cursor</code>. Every refusal has this shape:</p>"
        '<pre>{"success": false, "error": "One sentence.", "code": "not_found", "details": [{"field": "…", "message": "…"}], "request_id": "…"}</pre>'
        f"{body}</html>"
    )


def _operation(path: str, method: str, operation: dict[str, Any], schemas: _Schema) -> str:
    parts = [f"<p>{escape(operation.get('description', ''))}</p><p class='quiet'>Who: {escape(operation['x-callers'])}"]
    if operation["x-permission"] != "public":
        parts.append(f" (<code>{escape(operation['x-permission'])}</code>)")
    if limit := operation.get("x-limit"):
        parts.append(f". At most {escape(limit)}")
    parts.append(".</p>")
    if parameters := operation.get("parameters"):
        rows = "".join(
            _row(
                f"{each['name']}", each["schema"], each.get("required", False), each.get("description", ""), each["in"]
            )
            for each in parameters
        )
        parts.append(f"<h4>Parameters</h4><table>{rows}</table>")
    if body := operation.get("requestBody"):
        parts.append(f"<h4>Body</h4>{_content(body['content'], schemas)}")
    for status, answer in operation["responses"].items():
        if "content" in answer:
            parts.append(f"<h4>Answer {escape(status)}</h4>{_content(answer['content'], schemas)}")
    refusals = ", ".join(status for status, answer in operation["responses"].items() if "$ref" in answer)
    parts.append(f"<p class='quiet'>Refusals: {escape(refusals)}.</p>")
    return (
        f"<details id='{escape(operation['operationId'])}'><summary><span class='method'>{method.upper()}</span><code>{escape(path)}</code>"
        f"<span class='what'>{escape(operation['summary'])}</span></summary><div class='part'>{''.join(parts)}</div></details>"
    )


def _content(content: dict[str, Any], schemas: _Schema) -> str:
    kind, described = next(iter(content.items()))
    schema = _resolved(described.get("schema", {}), schemas)
    if "properties" not in schema:
        return f"<p><code>{escape(kind)}</code> {escape(_kind(schema))}</p>"
    return f"<table>{''.join(_fields(schema, schemas, '', DEEPEST))}</table>"


def _fields(schema: _Schema, schemas: _Schema, prefix: str, depth: int) -> list[str]:
    rows = []
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        rows.append(_row(f"{prefix}{name}", field, name in required, _resolved(field, schemas).get("description", "")))
        inner, mark = _inner(field, schemas)
        if inner is not None and depth > 1:
            rows.extend(_fields(inner, schemas, f"{prefix}{name}{mark}.", depth - 1))
    return rows


def _inner(field: _Schema, schemas: _Schema) -> tuple[_Schema | None, str]:
    """The object inside a field, looking through lists and "or nothing"."""
    schema, mark = _resolved(field, schemas), ""
    if schema.get("type") == "array":
        schema, mark = _resolved(schema.get("items", {}), schemas), "[]"
    return (schema if "properties" in schema else None), mark


def _resolved(schema: _Schema, schemas: _Schema) -> _Schema:
    options = [option for option in schema.get("anyOf", []) if option.get("type") != "null"]
    if len(options) == 1:
        return {**_resolved(options[0], schemas), **{k: v for k, v in schema.items() if k == "description"}}
    if reference := schema.get("$ref"):
        found: _Schema = schemas[reference.rpartition("/")[2]]
        return found
    return schema


def _row(name: str, schema: _Schema, required: bool, description: str, where: str = "") -> str:
    need = "required" if required else "optional"
    place = f" in {where}" if where else ""
    return (
        f"<tr><td><code>{escape(name)}</code><br><small>{need}{place}</small></td>"
        f"<td>{escape(_kind(schema))}</td><td>{escape(description)}</td></tr>"
    )


def _kind(schema: _Schema) -> str:
    """A type and its bounds in a few words."""
    if "$ref" in schema:
        return "object"
    if options := schema.get("anyOf"):
        return " or ".join(dict.fromkeys(_kind(option) for option in options))
    if "const" in schema:
        return f"always {schema['const']}"
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    kind = str(schema.get("format") or schema.get("type") or "anything")
    if kind == "null":
        return "nothing"
    if kind == "array":
        kind = f"list of {_kind(schema.get('items', {}))}"
    bounds = [
        f"{word} {_plain(schema[key])}"
        for key, word in (
            ("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("minLength", "length ≥"), ("maxLength", "length ≤"),
            ("minItems", "items ≥"), ("maxItems", "items ≤"), ("pattern", "like"),
        )
        if key in schema
    ]  # fmt: skip
    return ", ".join([kind, *bounds])


def _plain(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

"""The API's own description, from the code: `python -m local.openapi` writes it, `--check` only says whether it is true.

Writes `functions/platform/openapi/openapi.json` (served at /openapi.json and /docs) and `docs/routes.md`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "functions/platform/openapi/openapi.json"
ROUTES = ROOT / "docs/routes.md"
METHODS = ("get", "post", "put", "patch", "delete")

# Functions read their settings when they are imported; these let them be imported anywhere.
PLACEHOLDERS = {
    "APP_SECRET_NAME": "none",
    "JWT_ISSUER": "http://127.0.0.1/auth/v1",
    "PUBLIC_URL": "http://127.0.0.1:8080",
    "UPLOADS_BUCKET": "none",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "POWERTOOLS_SERVICE_NAME": "openapi",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
}

ERRORS = {
    400: "The request is not valid; `details` names every bad field",
    401: "No identity, or one that does not hold",
    403: "Known, but not allowed",
    404: "Does not exist here",
    409: "The state of things does not permit it",
    413: "The body is too large; upload big files through /api/uploads",
    415: "A type that is not accepted",
    429: "Too often; `Retry-After` says when again",
    500: "Our fault; the request id helps support",
    503: "Not available right now",
}
ERROR_SCHEMA = {
    "type": "object",
    "title": "Error",
    "required": ["success", "error", "code", "details", "request_id"],
    "properties": {
        "success": {"const": False},
        "error": {"type": "string", "description": "one sentence for a person"},
        "code": {"type": "string", "description": "stable, for programs"},
        "details": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
        "request_id": {"type": "string"},
    },
}
SECURITY_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "a person, or a service key"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "a machine's service key"},
}


def http_functions() -> Iterator[tuple[str, ModuleType]]:
    """(folder below functions/, module) of every function that declares routes."""
    for name, value in PLACEHOLDERS.items():
        os.environ.setdefault(name, value)
    if str(ROOT / "shared") not in sys.path:
        sys.path.insert(0, str(ROOT / "shared"))
    for path in sorted((ROOT / "functions").glob("*/*/app.py")):
        if "sidedesk.platform.http" not in path.read_text(encoding="utf-8"):
            continue
        folder = path.parent.relative_to(ROOT / "functions").as_posix()
        name = "described_" + folder.replace("/", "_")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield folder, module


def describe() -> tuple[dict[str, Any], str]:
    """(the OpenAPI document, the table of routes)."""
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "sidedesk",
            "version": "1",
            "description": "The AI back office of a support and CRM team.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"key": []}],
        "paths": {},
        "components": {
            "securitySchemes": SECURITY_SCHEMES,
            "responses": {
                f"Error{status}": {
                    "description": text,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
                }
                for status, text in ERRORS.items()
            },
            "schemas": {"Error": ERROR_SCHEMA},
        },
    }
    operations: set[str] = set()
    rows: list[tuple[str, str, str, str, str]] = []
    for folder, module in http_functions():
        schema = module.api.resolver.get_openapi_schema(title="sidedesk", version="1")
        part = json.loads(schema.model_dump_json(by_alias=True, exclude_none=True))
        part = _without_clashes(part, document["components"]["schemas"], folder)
        document["components"]["schemas"] |= part.get("components", {}).get("schemas", {})
        rules = {(method.lower(), _template(path)): rule for (method, path), rule in module.api.rules.items()}
        for path, item in part["paths"].items():
            for method, operation in item.items():
                if method not in METHODS:
                    continue
                if method in document["paths"].get(path, {}):
                    raise SystemExit(f"{method.upper()} {path} is declared twice; the second time in {folder}")
                rule = rules[method, path]
                _complete(operation, rule, has_body="requestBody" in operation)
                operation["operationId"] = _name(operation["operationId"], path, method, operations)
                operation["tags"] = [folder.partition("/")[0]]
                document["paths"].setdefault(path, {})[method] = operation
                rows.append((path, method.upper(), rule.permission, _callers(rule.permission), folder))
    document["paths"] = dict(sorted(document["paths"].items()))
    _drop_unused(document)
    return document, _table(sorted(rows))


def _complete(operation: dict[str, Any], rule: Any, *, has_body: bool) -> None:
    """What the edge does for every route, said of each of them."""
    operation["responses"] = {
        status: answer for status, answer in operation["responses"].items() if int(status) < 300
    } | {
        str(status): {"$ref": f"#/components/responses/Error{status}"}
        for status in ERRORS
        if (rule.permission != "public" or status not in (401, 403)) and (has_body or status not in (413, 415))
    }
    operation["summary"] = (operation.get("description") or operation["operationId"]).splitlines()[0]
    operation["x-callers"] = _callers(rule.permission)
    if rule.idempotent:
        operation.setdefault("parameters", []).append(
            {
                "name": "Idempotency-Key", "in": "header", "required": False,
                "schema": {"type": "string", "minLength": 1, "maxLength": 255},
                "description": "The same key with the same body gets the first answer; with another body it is a conflict.",
            }
        )  # fmt: skip
    if rule.limit is not None:
        operation["x-limit"] = f"{rule.limit.times} in {rule.limit.seconds} seconds for each caller"
    if rule.permission == "public":
        operation["security"] = []


def _callers(permission: str) -> str:
    """Who may call, in words."""
    from sidedesk.platform.permissions import MACHINE_SCOPES, PERMISSIONS, PUBLIC

    if permission == PUBLIC:
        return "everybody"
    least = PERMISSIONS[permission]
    people = {None: "", "owner": "owner"}.get(least, f"{least} or higher")
    machines = f"keys with {permission}" if permission in MACHINE_SCOPES or least is None else ""
    return "; ".join(filter(None, (people, machines)))


def _template(path: str) -> str:
    return path.replace("<", "{").replace(">", "}")


def _name(generated: str, path: str, method: str, taken: set[str]) -> str:
    """The handler's own name, or with path and method where several share it."""
    short = generated.removesuffix(re.sub(r"\W", "_", path) + f"_{method}")
    name = generated if short in taken else short
    if name in taken:
        raise SystemExit(f"two operations are called {name}")
    taken.add(name)
    return name


def _without_clashes(part: dict[str, Any], known: dict[str, Any], folder: str) -> dict[str, Any]:
    """Two functions may each have a model of one name: the later one is renamed when they differ."""
    own = part.get("components", {}).get("schemas", {})
    clashing = [name for name, schema in own.items() if name in known and known[name] != schema]
    text = json.dumps(part)
    for name in clashing:
        renamed = f"{folder.replace('/', '_')}_{name}"
        text = text.replace(f'"#/components/schemas/{name}"', f'"#/components/schemas/{renamed}"')
        text = text.replace(f'"{name}": {{', f'"{renamed}": {{')
    return json.loads(text)  # type: ignore[no-any-return]


def _drop_unused(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    while True:
        text = json.dumps(document)
        unused = [name for name in schemas if f'"#/components/schemas/{name}"' not in text]
        if not unused:
            break
        for name in unused:
            del schemas[name]
    document["components"]["schemas"] = dict(sorted(schemas.items()))


def _table(rows: list[tuple[str, str, str, str, str]]) -> str:
    lines = [
        "# Routes",
        "",
        "Every route, the permission it asks for, who has that, and the function that answers. Written by `python -m local.openapi`.",
        "",
        "| route | permission | who | function |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{method} {path}` | `{permission}` | {who} | {folder} |" for path, method, permission, who, folder in rows
    ]
    return "\n".join(lines) + "\n"


def rendered() -> dict[Path, str]:
    """Both files as they should be."""
    document, table = describe()
    return {DOCUMENT: json.dumps(document, indent=1, ensure_ascii=False) + "\n", ROUTES: table}


def main() -> None:
    stale = [path for path, text in rendered().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        if stale:
            names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
            raise SystemExit(f"Out of date: {names}. Run python -m local.openapi and commit.")
        return
    for path, text in rendered().items():
        path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: {len(text)} bytes")


if __name__ == "__main__":
    main()

"""`make check-n8n`: hold the workflow against n8n's own descriptions of its nodes. For developers; needs npm.

The descriptions are in the npm packages of n8n's nodes, which are fetched once into `.local/n8n-nodes`. n8n itself accepts an
unknown version or option silently, so this compares versions, parameters, options and credentials one by one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from local.n8n_workflow import ROOT, WORKFLOW

Doc = dict[str, Any]
PACKAGES = {"n8n-nodes-base": "2.41.2", "@n8n/n8n-nodes-langchain": "2.41.1"}
FOLDER = ROOT / ".local" / "n8n-nodes"
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "not": lambda a, b: a != b,
    "gte": lambda a, b: a >= b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "lt": lambda a, b: a < b,
    "exists": lambda a, _: a not in (None, ""),
}


def fetch() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for package, version in PACKAGES.items():
        archive = FOLDER / f"{package.replace('@', '').replace('/', '-')}-{version}.tgz"
        if not archive.exists():
            subprocess.run(
                ["npm", "pack", "--silent", f"{package}@{version}"], cwd=FOLDER, check=True, stdout=sys.stderr
            )
        target = _descriptions(package)
        if not target.exists():
            with tarfile.open(archive) as opened:
                member = opened.extractfile("package/dist/types/nodes.json")
                assert member is not None
                target.write_bytes(member.read())


def _descriptions(package: str) -> Path:
    return FOLDER / f"{package.rsplit('/', 1)[-1]}-{PACKAGES[package]}.json"


def known() -> dict[tuple[str, float], Doc]:
    """(type, version) → description."""
    found = {}
    for package in PACKAGES:
        for node in json.loads(_descriptions(package).read_text(encoding="utf-8")):
            versions = node["version"] if isinstance(node["version"], list) else [node["version"]]
            for version in versions:
                found[f"{package}.{node['name']}", float(version)] = node
    return found


def problems(workflow: Doc, nodes: Mapping[tuple[str, float], Doc]) -> Iterator[str]:
    for node in workflow["nodes"]:
        version = float(node["typeVersion"])
        described = nodes.get((node["type"], version))
        if described is None:
            yield f"{node['name']}: n8n has no {node['type']} {version:g}"
            continue
        for problem in _node(node, described, version):
            yield f"{node['name']}: {problem}"


def _node(node: Doc, described: Doc, version: float) -> Iterator[str]:
    given = node["parameters"]
    values = {**{p["name"]: p.get("default") for p in reversed(described["properties"])}, **given}
    visible = {
        p["name"]: p for p in reversed(described["properties"]) if p["type"] != "notice" and _shown(p, values, version)
    }
    yield from _parameters(given, visible, values, version, "")
    for name, parameter in visible.items():
        if parameter.get("required") and given.get(name) in (None, ""):
            yield f"{name} is required"
    usable = {c["name"] for c in described.get("credentials", []) if _shown(c, values, version)}
    usable |= {given.get("genericAuthType"), given.get("nodeCredentialType")}
    yield from (f"credential {name} is not used here" for name in set(node.get("credentials", {})) - usable)
    if described.get("webhooks") and not node.get("webhookId"):
        yield "a webhook without webhookId"


def _parameters(given: Doc, described: Mapping[str, Doc], values: Doc, version: float, at: str) -> Iterator[str]:
    for name, value in given.items():
        parameter = described.get(name)
        if parameter is None:
            yield f"{at}{name} is unknown, or hidden by the others"
            continue
        yield from _value(parameter, value, values, version, f"{at}{name}")


def _value(parameter: Doc, value: Any, values: Doc, version: float, at: str) -> Iterator[str]:
    kind = parameter["type"]
    if kind == "options" and isinstance(value, str) and not value.startswith("="):
        allowed = [option.get("value") for option in parameter.get("options", [])]
        if allowed and value not in allowed:
            yield f"{at} cannot be {value!r}"
    elif kind == "collection":
        inner = {p["name"]: p for p in reversed(parameter["options"]) if _shown(p, values, version)}
        yield from _parameters(value, inner, values, version, f"{at}.")
    elif kind == "fixedCollection":
        groups = {group["name"]: group["values"] for group in parameter["options"]}
        for name, rows in value.items():
            if name not in groups:
                yield f"{at}.{name} is unknown"
                continue
            for row in rows if isinstance(rows, list) else [rows]:
                around = {**values, **{p["name"]: p.get("default") for p in reversed(groups[name])}, **row}
                inner = {p["name"]: p for p in reversed(groups[name]) if _shown(p, around, version)}
                yield from _parameters(row, inner, around, version, f"{at}.{name}.")


def _shown(described: Doc, values: Mapping[str, Any], version: float) -> bool:
    rules = described.get("displayOptions") or {}
    show, hide = rules.get("show", {}), rules.get("hide", {})
    return all(_holds(name, wanted, values, version) for name, wanted in show.items()) and not any(
        _holds(name, wanted, values, version) for name, wanted in hide.items()
    )


def _holds(name: str, wanted: list[Any], values: Mapping[str, Any], version: float) -> bool:
    if name == "@version":
        current: Any = version
    elif name.startswith("@"):
        current = False
    else:
        current = values
        for part in name.lstrip("/").split("."):
            current = current.get(part) if isinstance(current, Mapping) else None
    return any(_matches(current, one) for one in wanted)


def _matches(current: Any, wanted: Any) -> bool:
    if not (isinstance(wanted, dict) and "_cnd" in wanted):
        return bool(current == wanted)
    ((word, operand),) = wanted["_cnd"].items()
    if word == "between":
        return bool(operand["from"] <= current <= operand["to"])
    compare = _COMPARE.get(word)
    return compare is None or bool(compare(current, operand))


def main() -> int:
    fetch()
    workflow = json.loads(WORKFLOW.read_text(encoding="utf-8"))
    found = list(problems(workflow, known()))
    for problem in found:
        sys.stdout.write(f"✗ {problem}\n")
    versions = ", ".join(f"{package} {version}" for package, version in PACKAGES.items())
    sys.stdout.write(f"{len(workflow['nodes'])} nodes against {versions}: {len(found) or 'no'} problems\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())

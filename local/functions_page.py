"""`python -m local.functions_page` writes docs/functions.md from the templates and the functions' own words."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from local.engine.template import FUNCTION, load

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "functions.md"
TEMPLATES = ("template.yaml", "template-schema.yaml")
HEAD = """# Functions

One folder is one function: `functions/<capability>/<verb>/app.py`. This page is written by `python -m local.functions_page`; a test
keeps it fresh. Routes with their permissions are in [routes.md](routes.md).

| function | folder | started by | timeout | memory | what it does |
|---|---|---|--:|--:|---|
"""


def page() -> str:
    rows = []
    for template in TEMPLATES:
        document = load(ROOT / template)
        shared = document.get("Globals", {}).get("Function", {})
        for name, resource in document["Resources"].items():
            if resource["Type"] == FUNCTION:
                rows.append(_row(name, shared | resource["Properties"]))
    return HEAD + "".join(f"| {' | '.join(row)} |\n" for row in sorted(rows, key=lambda row: row[1]))


def _row(name: str, properties: dict[str, Any]) -> list[str]:
    folder = properties["CodeUri"].rstrip("/")
    source = ROOT / folder / "app.py"
    says = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    started = sorted({_event(event) for event in properties.get("Events", {}).values()}) or [
        "a call by name, or a workflow"
    ]
    return [
        f"`{name}`",
        f"`{folder.removeprefix('functions/')}`",
        ", ".join(started),
        f"{properties['Timeout']} s",
        f"{properties['MemorySize']} MB",
        says.splitlines()[0] if says else "",
    ]


def _event(event: dict[str, Any]) -> str:
    properties = event["Properties"]
    if event["Type"] == "SQS":
        return str(properties["Queue"]["Fn::GetAtt"][0])
    if event["Type"] == "ScheduleV2":
        return re.sub(r"rate\((?:1 )?(.+)\)", r"every \1", properties["ScheduleExpression"])
    return "HTTP" if event["Type"] == "HttpApi" else str(event["Type"])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

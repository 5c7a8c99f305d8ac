"""Run Code nodes of the built workflow, with the items and neighbours they would see."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from local.n8n_workflow import build

NODE = shutil.which("node")
CODE = {node["name"]: node["parameters"] for node in build()["nodes"] if node["type"] == "n8n-nodes-base.code"}
Doc = dict[str, Any]


class Failed(Exception):
    """The node threw; n8n sends the item to the error output."""


def run_many(name: str, cases: list[tuple[list[Doc], dict[str, list[Doc]]]]) -> list[Any]:
    """One answer per case of (items, what other nodes gave): items, or `Failed`."""
    asked = [
        {
            "code": CODE[name]["jsCode"],
            "mode": CODE[name]["mode"],
            "items": [{"json": item} for item in items],
            "nodes": {other: [{"json": item} for item in given] for other, given in nodes.items()},
            "execution": {"id": "4711"},
        }
        for items, nodes in cases
    ]
    return [
        Failed(answer["error"]) if "error" in answer else [item["json"] for item in answer["items"]]
        for answer in json.loads(_answers(json.dumps(asked)))
    ]


@functools.cache
def _answers(asked: str) -> str:
    """Starting node takes longer than the code: the same question is asked once."""
    assert NODE is not None
    script = Path(__file__).with_name("run_code.mjs")
    done = subprocess.run([NODE, str(script)], input=asked, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def run(name: str, items: list[Doc], **nodes: Doc | list[Doc]) -> list[Doc]:
    """The same for one case; names of nodes with `_` for a space."""
    given = {k.replace("_", " "): v if isinstance(v, list) else [v] for k, v in nodes.items()}
    answer = run_many(name, [(items, given)])[0]
    if isinstance(answer, Failed):
        raise answer
    return list(answer)

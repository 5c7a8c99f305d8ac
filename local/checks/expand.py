"""The template as CloudFormation sees it after SAM's transform. Run in the `local` environment; prints JSON."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from local.engine.template import FUNCTION, LAYER, MACHINE, load

ROOT = Path(__file__).resolve().parents[2]


def expand(document: dict[str, Any]) -> dict[str, Any]:
    """Sources on disk are named as if they were uploaded: nothing is built for this."""
    from samtranslator.translator.transform import transform

    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
    document = json.loads(json.dumps(document))
    for resource in document["Resources"].values():
        source = {FUNCTION: "CodeUri", LAYER: "ContentUri", MACHINE: "DefinitionUri"}.get(resource["Type"])
        if source and source in resource["Properties"]:
            resource["Properties"][source] = f"s3://bucket/{resource['Properties'][source]}"
    expanded: dict[str, Any] = transform(document, {}, SimpleNamespace(load=dict))
    return expanded


if __name__ == "__main__":
    print(json.dumps(expand(load(ROOT / sys.argv[1]))))

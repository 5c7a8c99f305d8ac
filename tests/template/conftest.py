"""The template as written, and as CloudFormation sees it after SAM's transform."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.checks.tools import run
from local.engine.template import FUNCTION, load
from tests.support.lambdas import ROOT
from tests.template.reading import Template

TEMPLATES = ("template.yaml", "template-schema.yaml")


@pytest.fixture(scope="session")
def template() -> Template:
    return Template((ROOT / "template.yaml").read_text(encoding="utf-8"), load(ROOT / "template.yaml"))


@pytest.fixture(scope="session", params=TEMPLATES)
def each_template(request: pytest.FixtureRequest) -> Template:
    path = ROOT / request.param
    return Template(path.read_text(encoding="utf-8"), load(path))


@pytest.fixture(scope="session")
def every_function() -> dict[str, dict[str, Any]]:
    """Functions of all templates, by name."""
    found = {}
    for name in TEMPLATES:
        for logical, resource in load(ROOT / name)["Resources"].items():
            if resource["Type"] == FUNCTION:
                found[logical] = resource["Properties"]
    return found


@pytest.fixture(scope="session")
def expanded() -> Callable[[str], dict[str, Any]]:
    def expand(name: str) -> dict[str, Any]:
        code, output = run("local", "python", "-m", "local.checks.expand", name)
        assert code == 0, output[-2000:]
        resources: dict[str, Any] = json.loads(output)["Resources"]
        return resources

    return expand

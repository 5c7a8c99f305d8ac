"""`make deploy`: the schema's function, its migrations, the code, the rest of the migrations; a failure stops it there."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest

from local import build, deploy, schema


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done, in order; `failing` in the list makes the step of that name fail."""
    done: list[str] = []

    def run(command: list[str], **_: Any) -> SimpleNamespace:
        if "local.schema" in command:
            step, said = f"migrate {command[-1]}", json.dumps({"applied": ["0001_pre_platform.sql"]})
        else:
            stage = command[command.index("--config-env") + 1]
            step, said = f"ship {stage}", ""
            done.extend(f"with {one}" for one in command if one.startswith("Release="))
        done.append(step)
        failed = f"failing {step}" in done
        return SimpleNamespace(returncode=int(failed), stdout='{"errorMessage": "no room"}' if failed else said)

    monkeypatch.setattr(deploy.subprocess, "run", run)
    monkeypatch.setattr(deploy, "ensure", lambda *_: None)
    monkeypatch.setattr(deploy, "refuse_examples", lambda _: None)
    monkeypatch.setattr(deploy, "release", lambda: "abc123")
    monkeypatch.setattr(build, "environment", dict)
    monkeypatch.setattr(build, "main", lambda arguments: done.append(f"build {arguments[0]}"))
    return done


def test_the_schema_is_ahead_of_the_code_and_the_cleaning_behind_it(steps: list[str]) -> None:
    assert deploy.main(["staging"]) == 0
    assert steps == [
        "build template-schema.yaml",
        "build template.yaml",
        "ship staging-schema",
        "migrate pre",
        "with Release=abc123",
        "ship staging",
        "migrate post",
    ]


@pytest.mark.parametrize(
    ("failing", "last", "sentence"),
    [
        ("ship staging-schema", "ship staging-schema", "template-schema.yaml failed"),
        ("migrate pre", "migrate pre", "no room The last release goes on serving"),
        ("ship staging", "ship staging", "template.yaml failed"),
        ("migrate post", "migrate post", "The new release serves already"),
    ],
)
def test_a_failure_stops_it_there(steps: list[str], failing: str, last: str, sentence: str) -> None:
    steps.append(f"failing {failing}")
    with pytest.raises(SystemExit, match=sentence):
        deploy.main(["staging"])
    assert steps[-1] == last


def test_a_bad_build_ships_nothing(steps: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "main", lambda _: 1)
    assert deploy.main(["dev"]) == 1
    assert steps == []


def test_without_a_stage_it_says_which_there_are() -> None:
    with pytest.raises(SystemExit, match=r"STAGE=dev\|staging\|prod"):
        deploy.main([])


def test_examples_are_not_deployed() -> None:
    with pytest.raises(SystemExit, match="Nothing was deployed"):
        deploy.refuse_examples("dev")


@pytest.mark.parametrize(("error", "code"), [(None, 0), ("Unhandled", schema.FAILED)])
def test_the_function_is_found_by_its_stack_and_asked_for_one_phase(error: str | None, code: int) -> None:
    asked: dict[str, Any] = {}

    def invoke(**given: Any) -> dict[str, Any]:
        asked.update(given)
        return {"Payload": io.BytesIO(b'{"applied": []}')} | ({"FunctionError": error} if error else {})

    outputs = [{"OutputKey": "MigrateFunction", "OutputValue": "the-function"}]
    stacks = SimpleNamespace(describe_stacks=lambda StackName: {"Stacks": [{"Outputs": outputs}]})
    assert schema.migrate(stacks, SimpleNamespace(invoke=invoke), "the-stack", "pre") == (code, '{"applied": []}')
    assert asked == {"FunctionName": "the-function", "Payload": b'{"phase": "pre"}'}

"""Workflows: sound by structure, and a broken one is found."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from local.checks import asl
from tests.support.lambdas import ROOT
from tests.template.reading import Template

SOUND: dict[str, Any] = {
    "QueryLanguage": "JSONata",
    "TimeoutSeconds": 600,
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "TimeoutSeconds": 30,
            "Retry": [{"ErrorEquals": ["Lambda.TooManyRequestsException"]}, {"ErrorEquals": ["UpstreamFailed"]}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Lost"}],
            "Next": "Which",
        },
        "Which": {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "Each"}], "Default": "Done"},
        "Each": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}},
            "Next": "Done",
        },
        "Done": {"Type": "Succeed"},
        "Lost": {"Type": "Fail"},
    },
}


def test_a_sound_workflow_has_no_problem() -> None:
    assert asl.problems(json.dumps(SOUND)) == []


@pytest.mark.parametrize(
    ("break_it", "complaint"),
    [
        (lambda m: m.pop("QueryLanguage"), "not JSONata"),
        (lambda m: m.pop("TimeoutSeconds"), "hang for a year"),
        (lambda m: m.update(StartAt="Nowhere"), "StartAt names"),
        (lambda m: m["States"]["Ask"].update(Next="Nowhere"), "which is no state"),
        (lambda m: m["States"].update(Island={"Type": "Succeed"}), "no way leads here"),
        (lambda m: m["States"]["Ask"].pop("TimeoutSeconds"), "has no TimeoutSeconds"),
        (lambda m: m["States"]["Ask"].update(ResultPath=None), "belong to JSONPath"),
        (lambda m: m["States"]["Ask"]["Retry"][1].update(ErrorEquals=["Misspelt"]), "which nobody raises"),
        (lambda m: m["States"]["Ask"]["Catch"].insert(0, m["States"]["Ask"]["Catch"][0]), None),
        (lambda m: m["States"]["Ask"]["Catch"].append({"ErrorEquals": ["States.Timeout"], "Next": "Lost"}), "alone and last"),
        (lambda m: m["States"]["Which"].pop("Default"), "has no Default"),
        (lambda m: m["States"]["Which"]["Choices"][0].update(Condition="{% true "), "does not end"),
        (lambda m: m["States"]["Each"]["ItemProcessor"]["States"]["One"].update(Type="Nap"), "no type of state"),
        (lambda m: m["States"]["Each"].update(End=True), "exactly one of Next and End"),
    ],
)  # fmt: skip
def test_a_broken_workflow_is_found(break_it: Callable[[dict[str, Any]], None], complaint: str | None) -> None:
    machine = copy.deepcopy(SOUND)
    break_it(machine)
    found = asl.problems(json.dumps(machine))
    assert complaint is None or any(complaint in problem for problem in found), found


def test_our_workflows_are_sound() -> None:
    assert asl.check() == []


def test_every_workflow_is_deployed_with_logs_and_the_reverse(template: Template) -> None:
    machines = template.of_type("AWS::Serverless::StateMachine")
    written = {path.relative_to(ROOT).as_posix() for path in asl.files()}
    assert {one["DefinitionUri"] for one in machines.values()} == written
    for name, one in machines.items():
        assert one.get("Logging", {}).get("Level") in ("ERROR", "ALL", "FATAL"), name
        assert one.get("Logging", {}).get("IncludeExecutionData") is False, f"{name} would log what people wrote"

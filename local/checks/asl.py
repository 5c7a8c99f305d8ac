"""Are the workflows sound: reachable states, known errors, time limits, one query language?"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.bootstrap import ROOT

Json = dict[str, Any]
KINDS = {"Task", "Pass", "Wait", "Choice", "Parallel", "Map", "Succeed", "Fail"}
JSON_PATH_ONLY = {"InputPath", "OutputPath", "ResultPath", "ResultSelector", "Parameters", "ItemsPath", "SecondsPath"}
STATES_ERRORS = {
    f"States.{name}"
    for name in (
        "ALL", "DataLimitExceeded", "ExceedToleratedFailureThreshold", "HeartbeatTimeout", "Http.Socket", "ItemReaderFailed",
        "Permissions", "QueryEvaluationError", "ResultWriterFailed", "Runtime", "TaskFailed", "Timeout",
    )
}  # fmt: skip
LAMBDA_ERRORS = {
    f"Lambda.{name}"
    for name in (
        "ServiceException", "AWSLambdaException", "SdkClientException", "TooManyRequestsException",
        "ClientExecutionTimeoutException", "Unknown",
    )
}  # fmt: skip


def check() -> list[str]:
    found = []
    for path in files():
        found += [f"{path.relative_to(ROOT)}: {problem}" for problem in problems(path.read_text(encoding="utf-8"))]
    return found


def problems(text: str, errors: set[str] | None = None) -> list[str]:
    """What is wrong with one workflow."""
    try:
        machine: Json = json.loads(text)
    except ValueError as exc:
        return [f"is not JSON: {exc}"]
    known = STATES_ERRORS | LAMBDA_ERRORS | (our_errors() if errors is None else errors)
    found = [] if machine.get("QueryLanguage") == "JSONata" else ["QueryLanguage is not JSONata"]
    if "TimeoutSeconds" not in machine:
        found.append("has no TimeoutSeconds: an execution may hang for a year")
    for place, level in _levels(machine, ""):
        found += _level_problems(place, level, known)
    return found


def our_errors() -> set[str]:
    """Names of all exception classes of the product: a function's error carries its class's name."""
    found: set[str] = set()
    for path in [*(ROOT / "shared").rglob("*.py"), *(ROOT / "functions").rglob("app.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and node.bases:
                found.add(node.name)
    return found


def _levels(level: Json, place: str) -> Iterator[tuple[str, Json]]:
    """The machine, and the machines inside its Map and Parallel states."""
    yield place, level
    for name, state in level.get("States", {}).items():
        inner = [state[key] for key in ("ItemProcessor", "Iterator") if key in state] + state.get("Branches", [])
        for one in inner:
            yield from _levels(one, f"{place}{name}/")


def _level_problems(place: str, level: Json, known: set[str]) -> list[str]:
    states: Json = level.get("States", {})
    start = level.get("StartAt")
    found = [] if start in states else [f"{place}StartAt names {start!r}, which is no state"]
    for name, state in states.items():
        found += [f"{place}{name}: {problem}" for problem in _state_problems(state, set(states), known)]
    reached: set[str] = set()
    waiting: list[str] = [str(start)]
    while waiting:
        name = waiting.pop()
        if name in states and name not in reached:
            reached.add(name)
            waiting += list(_targets(states[name]))
    found += [f"{place}{name}: no way leads here" for name in states if name not in reached]
    if states and not any(_ends(state) for state in states.values()):
        found.append(f"{place or 'the machine '}never ends")
    return found


def _state_problems(state: Json, names: set[str], known: set[str]) -> Iterator[str]:
    kind = state.get("Type")
    if kind not in KINDS:
        yield f"{kind!r} is no type of state"
    if old := JSON_PATH_ONLY & set(state):
        yield f"{', '.join(sorted(old))} belong to JSONPath"
    for target in _targets(state):
        if target not in names:
            yield f"goes to {target!r}, which is no state"
    if kind in ("Task", "Pass", "Wait", "Map", "Parallel") and not ("Next" in state) ^ bool(state.get("End")):
        yield "needs exactly one of Next and End"
    if kind == "Task" and "TimeoutSeconds" not in state:
        yield "has no TimeoutSeconds"
    if kind == "Choice" and "Default" not in state:
        yield "has no Default: an input that no rule expects would stop the execution"
    for text in re.findall(r'"(\{%.*?)"', json.dumps(state)):
        if not text.endswith("%}"):
            yield f"an expression does not end: {text[:40]}"
    for key in ("Retry", "Catch"):
        for rule in state.get(key, []):
            for error in rule.get("ErrorEquals", []):
                if error not in known:
                    yield f"{key} waits for {error!r}, which nobody raises"
            if "States.ALL" in rule.get("ErrorEquals", []) and (
                rule["ErrorEquals"] != ["States.ALL"] or rule is not state[key][-1]
            ):
                yield f"States.ALL stands alone and last in {key}"


def _targets(state: Json) -> Iterator[str]:
    for rule in [state, *state.get("Choices", []), *state.get("Catch", [])]:
        for key in ("Next", "Default"):
            if key in rule:
                yield rule[key]


def _ends(state: Json) -> bool:
    return bool(state.get("End")) or state.get("Type") in ("Succeed", "Fail")


def files() -> list[Path]:
    return sorted((ROOT / "functions").rglob("*.asl.json"))

"""Every function: in the template, with what it needs to start, in the limits, with a log that ends."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sidedesk.platform import settings
from tests.support.lambdas import ROOT, load_app
from tests.template.reading import Template, filled_in

FOLDERS = sorted(path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "functions").glob("*/*/app.py"))
HTTP_LIMIT = 30  # the gateway gives up then
# Named by a module that the function imports for something else.
NOT_NEEDED = {
    "functions/platform/housekeeping": {
        "StorageSettings"
    },  # forgets rows of uploads; files expire by the bucket's rule
    # They register conversations and never open a document.
    "functions/cx/chatwoot_webhook": {"StorageSettings"},
    "functions/cx/draft_reply": {"StorageSettings"},
    "functions/cx/post_message": {"StorageSettings"},
    "functions/cx/reconcile_chatwoot": {"StorageSettings"},
    "functions/cx/watch_replies": {"StorageSettings"},
    # Rows only: documents are the other steps' work.
    "functions/enrichment/next_items": {"StorageSettings"},
    "functions/enrichment/record_failure": {"StorageSettings"},
    "functions/enrichment/watch_runs": {"StorageSettings"},
}


def test_every_folder_is_a_function_and_the_reverse(every_function: dict[str, dict[str, Any]]) -> None:
    declared = [properties["CodeUri"].rstrip("/") for properties in every_function.values()]
    assert sorted(declared) == FOLDERS


@pytest.mark.parametrize("folder", FOLDERS)
def test_it_starts_with_what_the_template_gives_it(
    folder: str, template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Import the function under exactly its environment, then load each settings model that its modules name."""
    names = [name for name, properties in template.functions.items() if properties["CodeUri"].rstrip("/") == folder]
    if not names:
        pytest.skip("not in the main template")
    given = {key: filled_in(value) for key, value in template.environment(names[0]).items()}
    for field in {field for model in settings.Settings.__subclasses__() for field in fields(model)}:
        monkeypatch.delenv(field, raising=False)
    for key, value in given.items():
        monkeypatch.setenv(key, value)
    settings.cached.cache_clear()
    load_app(folder.removeprefix("functions/"))
    for model in sorted(models(folder), key=lambda one: one.__name__):
        if model.__name__ not in NOT_NEEDED.get(folder, ()):
            settings.load(model)


@pytest.mark.parametrize("folder", FOLDERS)
def test_it_is_given_nothing_unused(folder: str, template: Template) -> None:
    known = {field for model in all_models(settings.Settings) for field in fields(model)}
    text = (ROOT / folder / "app.py").read_text(encoding="utf-8")
    for properties in template.functions.values():
        if properties["CodeUri"].rstrip("/") == folder:
            own = properties.get("Environment", {}).get("Variables", {})
            unused = [
                name
                for name in own
                if name not in known and f'"{name}"' not in text and not name.startswith("POWERTOOLS_")
            ]
            assert unused == []


def test_everybodys_variables_are_settings(template: Template) -> None:
    known = {field for model in all_models(settings.Settings) for field in fields(model)}
    everybody = template.defaults["Environment"]["Variables"]
    assert {name for name in everybody if not name.startswith("POWERTOOLS_")} <= known


def test_variables_fit_into_lambdas_four_kib(template: Template) -> None:
    for name in template.functions:
        room = sum(len(key) + len(filled_in(value)) + 100 for key, value in template.environment(name).items())
        assert room < 4096 + 100 * len(template.environment(name)), name


def test_http_functions_answer_before_the_gateway_gives_up(template: Template) -> None:
    for name, event, _ in template.events("HttpApi"):
        assert template.timeout(name) < HTTP_LIMIT, (name, event)


def test_scheduled_functions_end_before_their_next_turn(template: Template) -> None:
    for name, event, properties in template.events("ScheduleV2"):
        assert template.timeout(name) < period(properties["ScheduleExpression"]), (name, event)
        assert "RetryPolicy" in properties, f"{name}.{event}: say how often a failed turn is tried again"


def test_old_style_schedules_are_not_used(template: Template) -> None:
    assert [name for name, _, _ in template.events("Schedule")] == []


def period(expression: str) -> int:
    """Seconds between two turns."""
    if match := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression):
        return int(match.group(1)) * {"minute": 60, "hour": 3600, "day": 86400}[match.group(2)]
    minute, hour, *_ = expression.removeprefix("cron(").rstrip(")").split()
    return 86400 if hour.isdigit() else 3600 if minute.isdigit() else 60


def test_every_function_has_a_log_that_ends(each_template: Template) -> None:
    logs = each_template.of_type("AWS::Logs::LogGroup")
    for name in each_template.functions:
        own = [log for log in logs.values() if log.get("LogGroupName") == {"Fn::Sub": f"/aws/lambda/${{{name}}}"}]
        assert len(own) == 1, f"{name} has no log group of its own"
    for name, log in logs.items():
        assert 1 <= log.get("RetentionInDays", 0) <= 365, f"{name} keeps its lines forever"


@pytest.mark.parametrize("name", ["template.yaml", "template-schema.yaml"])
def test_what_is_deployed_runs_on_arm64_with_a_role_of_its_own(
    name: str, expanded: Callable[[str], dict[str, Any]]
) -> None:
    resources = expanded(name)
    functions = {key: res["Properties"] for key, res in resources.items() if res["Type"] == "AWS::Lambda::Function"}
    roles = []
    for key, properties in functions.items():
        assert properties["Architectures"] == ["arm64"], key
        assert properties["Runtime"] == "python3.13", key
        assert properties["LoggingConfig"]["LogFormat"] == "JSON", key
        assert {"Key": "product", "Value": "sidedesk"} in properties["Tags"], key
        roles.append(json.dumps(properties["Role"]))
    assert len(set(roles)) == len(roles), "two functions share a role"


@pytest.mark.parametrize("name", ["template.yaml", "template-schema.yaml"])
def test_roles_hold_only_the_managed_policies_of_lambda(name: str, expanded: Callable[[str], dict[str, Any]]) -> None:
    allowed = {"AWSLambdaBasicExecutionRole", "AWSLambdaSQSQueueExecutionRole"}
    for key, resource in expanded(name).items():
        if resource["Type"] == "AWS::IAM::Role":
            managed = resource["Properties"].get("ManagedPolicyArns", [])
            named = {re.split(r"[/:]", json.dumps(arn).strip('"} ]'))[-1] for arn in managed}
            assert named <= allowed, key


def test_stages_are_tagged() -> None:
    import tomllib

    config = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    for stage in ("dev", "staging", "prod"):
        for section in (stage, f"{stage}-schema"):
            assert f"stage={stage}" in config[section]["deploy"]["parameters"]["tags"]


def test_parameters_of_each_stage_fit_the_templates(template: Template) -> None:
    import tomllib

    from local.engine.template import load

    config = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    for stage in ("dev", "staging", "prod"):
        for section, name in ((stage, "template.yaml"), (f"{stage}-schema", "template-schema.yaml")):
            declared = load(ROOT / name)["Parameters"]
            given = dict(pair.split("=", 1) for pair in config[section]["deploy"]["parameters"]["parameter_overrides"])
            assert set(given) <= set(declared), section
            needed = {key for key, spec in declared.items() if "Default" not in spec}
            assert needed <= set(given), section
            assert given["Stage"] == stage


# What a function loads -----------------------------------------------------------------------------------------------


def fields(model: type[Any]) -> set[str]:
    return {name.upper() for name in model.model_fields}


def all_models(base: type[Any]) -> list[type[Any]]:
    return [base, *(deeper for child in base.__subclasses__() for deeper in all_models(child))]


def models(folder: str) -> set[type[Any]]:
    """Settings models named in load(…) or cached(…) by app.py and the modules it imports while starting."""
    seen: set[Path] = set()
    waiting = [ROOT / folder / "app.py"]
    found: set[type[Any]] = set()
    by_name = {model.__name__: model for model in all_models(settings.Settings)}
    while waiting:
        path = waiting.pop()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("load", "cached"):
                if node.args and isinstance(node.args[0], ast.Name) and node.args[0].id in by_name:
                    found.add(by_name[node.args[0].id])
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sidedesk."):
                if node.module == "sidedesk.capabilities":
                    continue  # a registry of all capabilities: what of it runs depends on the function
                base = ROOT / "shared" / str(node.module).replace(".", "/")
                waiting += [base.with_suffix(".py"), base / "__init__.py"]
                waiting += [base / f"{alias.name}.py" for alias in node.names]
    return found


def test_the_page_of_functions_is_fresh() -> None:
    from local import functions_page

    fresh = functions_page.page() == functions_page.PAGE.read_text(encoding="utf-8")
    assert fresh, "run: .local/venv/dev/bin/python -m local.functions_page"

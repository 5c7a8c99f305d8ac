"""Nobody may more than they need; where a wildcard is needed, the reason stands beside it."""

from __future__ import annotations

import re

import yaml

from local.engine.template import _Loader as Loader
from tests.template import policies
from tests.template.reading import Template, strings


def parsed(text: str) -> Template:
    return Template(text, yaml.load(text, Loader))


def test_every_wildcard_has_its_reason(each_template: Template) -> None:
    assert policies.problems(each_template) == []


def test_a_new_wildcard_resource_is_found(template: Template) -> None:
    statement = "            - Effect: Allow\n"
    assert statement in template.text
    worse = template.text.replace(
        statement,
        f'{statement}              NotResource: x\n              Action: "s3:GetObject"\n              Resource: "*"\n            - Effect: Allow\n',
        1,
    )
    assert len(policies.problems(parsed(worse))) > len(policies.problems(template))


def test_a_new_wildcard_action_is_found(template: Template) -> None:
    worse = template.text.replace("secretsmanager:GetSecretValue", "secretsmanager:*", 1)
    assert any("secretsmanager:*" in problem for problem in policies.problems(parsed(worse)))


def test_a_wildcard_that_loses_its_reason_is_found(template: Template) -> None:
    lines = template.text.splitlines(keepends=True)
    bare = [
        line for index, line in enumerate(lines)
        if not (line.lstrip().startswith("#") and index + 1 < len(lines) and policies.WILDCARD.search(lines[index + 1]))
    ]  # fmt: skip
    assert len(bare) < len(lines), "no wildcard is explained; then this test has nothing to mutate"
    assert policies.problems(parsed("".join(bare)))


def test_a_managed_policy_is_found(template: Template) -> None:
    worse = template.text.replace("Policies: [*read_app_secret]", "Policies: [AdministratorAccess]", 1)
    assert policies.problems(parsed(worse))


def test_only_known_services_are_used(each_template: Template) -> None:
    known = {"secretsmanager", "sqs", "ses", "s3", "states", "lambda", "scheduler", "events", "kms", "logs"}
    actions = {action for _, statement in policies.statements(each_template) for action in strings(statement["Action"])}
    assert {action.split(":")[0] for action in actions} <= known
    assert all(re.fullmatch(r"[a-z0-9]+:[A-Z]\w+\*?", action) for action in actions), actions


def test_only_the_migrating_function_may_read_the_owners_secret(template: Template) -> None:
    assert "MigrateSecretName" not in template.text

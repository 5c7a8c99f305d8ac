"""What the policies of a template allow, and whether every wildcard says why it is one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.template.reading import Template, strings

# A star that belongs to a text; a YAML alias such as `*read_app_secret` follows a blank or a bracket.
WILDCARD = re.compile(r"""(?<=[\w:/."'}-])\*""")


def statements(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """(owner, statement) of every inline policy."""
    for name, resource in template.resources.items():
        properties = resource.get("Properties", {})
        policies = properties.get("Policies", [])
        for policy in policies if isinstance(policies, list) else [policies]:
            document = policy.get("PolicyDocument", policy) if isinstance(policy, dict) else {}
            if "Statement" not in document:
                yield name, {"Unreadable": policy}
                continue
            for statement in document["Statement"]:
                yield name, statement


def explained(text: str) -> dict[str, bool]:
    """Each line with a wildcard → does a comment on it, or directly above it, give the reason?"""
    found: dict[str, bool] = {}
    above = ""
    for line in text.splitlines():
        code, _, comment = line.partition(" #")
        if not code.lstrip().startswith("#") and WILDCARD.search(code):
            reason = bool(comment.strip()) or above.lstrip().startswith("#")
            found[code.strip()] = reason and found.get(code.strip(), True)
        above = line
    return found


def problems(template: Template) -> list[str]:
    """Wildcards in actions or resources without a reason beside them."""
    lines = explained(template.text)
    found = []
    for owner, statement in statements(template):
        if "Unreadable" in statement:
            found.append(f"{owner} has a policy whose statements stand elsewhere: {statement['Unreadable']}")
        if statement.get("Effect", "Allow") != "Allow":
            continue
        asked = [*strings(statement.get("Action", [])), *strings(statement.get("Resource", []))]
        for value in asked:
            if "*" not in value:
                continue
            holding = [reason for line, reason in lines.items() if value in line]
            if not holding or not all(holding):
                found.append(f"{owner} may use {value} and the template does not say why")
        if "NotAction" in statement or "NotResource" in statement:
            found.append(f"{owner} is allowed everything but something")
    return found

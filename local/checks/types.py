"""Do the types hold, strictly, in the package, the functions and the local tools?"""

from __future__ import annotations

from local.checks.tools import problems

# Packages of the local stack's own environment, which the type checker does not see.
LOCAL = ("--explicit-package-bases", "--namespace-packages", "--no-warn-unused-ignores")


def check() -> list[str]:
    return problems("dev", "mypy") + problems("dev", "mypy", *LOCAL, "functions", "local")

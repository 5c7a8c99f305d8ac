"""Is the code linted and formatted?"""

from __future__ import annotations

from local.checks.tools import problems


def check() -> list[str]:
    return problems("dev", "ruff", "check", ".") + problems(
        "dev", "ruff", "format", "--check", "--quiet", "--diff", "."
    )

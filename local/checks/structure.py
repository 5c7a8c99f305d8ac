"""Do dependencies point down, and is everything where it is looked for?"""

from __future__ import annotations

from local.checks.tools import problems


def check() -> list[str]:
    return problems(
        "dev", "python", "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "tests/unit/structure"
    )

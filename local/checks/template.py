"""Is the template valid, by two linters, without a warning?"""

from __future__ import annotations

from local.bootstrap import ROOT
from local.checks.tools import problems

TEMPLATES = ("template.yaml", "template-schema.yaml")


def check() -> list[str]:
    found = []
    for template in TEMPLATES:
        if (ROOT / template).is_file():
            found += problems("build", "cfn-lint", "--non-zero-exit-code", "informational", template)
            found += problems("build", "sam", "validate", "--lint", "--template-file", template)
    return found

"""`python3 -m local.checks [name …]`: run the checks, say what each asks, fail at the end if any found something."""

from __future__ import annotations

import importlib
import sys
import time

from local.bootstrap import ensure

CHECKS = ("style", "types", "structure", "template", "asl", "budgets", "pins", "tracked_text")


def main(names: list[str]) -> int:
    ensure("dev", "build", "local", "layer")
    failed = 0
    for name in names or CHECKS:
        module = importlib.import_module(f"local.checks.{name}")
        title = str(module.__doc__).splitlines()[0].rstrip(".")
        started = time.monotonic()
        problems = module.check()
        print(f"{'✗' if problems else '✓'} {name}: {title} ({time.monotonic() - started:.1f} s)", flush=True)
        for problem in problems:
            print("    " + problem.replace("\n", "\n    "), flush=True)
        failed += bool(problems)
    print(f"{failed} of {len(names or CHECKS)} checks failed" if failed else "all checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

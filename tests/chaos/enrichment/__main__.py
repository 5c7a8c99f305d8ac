"""Run everything on a stack of its own; exit 1 when a figure is off."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from local.engine.settings import ROOT
from tests.chaos import conversations_memory
from tests.chaos.audits.figures import Figures
from tests.chaos.audits.stack import NotStarted, Stack
from tests.chaos.enrichment import personal, runs

PARTS = ("pii", "runs", "memory")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos-enrichment", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--state", type=Path, default=ROOT / ".local" / "chaos-enrichment")
    options = parser.parse_args()
    parts = options.parts or PARTS
    if unknown := sorted(set(parts) - set(PARTS)):
        parser.error(f"there is no part {', '.join(unknown)}; the parts are {', '.join(PARTS)}")
    figures = Figures()
    if "pii" in parts:
        personal.run(figures)
    if {"runs", "memory"} & set(parts) and not with_stack(figures, options.state.resolve(), parts):
        return 1
    print(f"\n{figures.count} figures in {figures.seconds:.0f} s, {len(figures.off)} off.")
    for line in figures.off:
        print(f"  OFF {line.what}: {line.measured}, must be {line.bar}")
    return 1 if figures.off else 0


def with_stack(figures: Figures, state: Path, parts: Sequence[str]) -> bool:
    stack = Stack(state)
    try:
        stack.start()
        print(
            f"[{figures.seconds:5.0f} s] a stack of its own is up; its logs are in {stack.state / 'logs'}", flush=True
        )
        if "runs" in parts:
            runs.run(stack, figures)
        if "memory" in parts:
            own = Figures()  # with a clock of its own: ten thousand take their time
            conversations_memory.run(stack, own, stack.file["tokens"], stack.file["tenant_id"])
            figures.lines += own.lines
    except NotStarted as problem:
        print(problem, file=sys.stderr)
        return False
    finally:
        stack.stop()
    if not figures.off:
        with suppress(subprocess.TimeoutExpired):  # a busy machine removes eleven thousand files slowly
            stack.forget()
    return True


if __name__ == "__main__":
    raise SystemExit(main())

"""Run everything on a stack of its own; exit 1 when a figure is off."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from local.engine.settings import ROOT
from tests.chaos.audits.figures import Figures
from tests.chaos.audits.stack import NotStarted, Stack
from tests.chaos.cx import gap, hooks, interleavings, sending
from tests.chaos.cx.office import Office

PARTS = ("webhooks", "sender", "gap", "off", "interleavings")
LONGEST = 1_500.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos-cx", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--state", type=Path, default=ROOT / ".local" / "chaos-cx")
    options = parser.parse_args()
    parts = options.parts or PARTS
    if unknown := sorted(set(parts) - set(PARTS)):
        parser.error(f"there is no part {', '.join(unknown)}; the parts are {', '.join(PARTS)}")
    figures, stack = Figures(LONGEST), Stack(options.state.resolve())
    try:
        if set(parts) != {"interleavings"}:
            _on_a_stack(stack, figures, parts)
        if "interleavings" in parts:
            interleavings.run(figures)
    except NotStarted as problem:
        print(problem, file=sys.stderr)
        return 1
    finally:
        stack.stop()
    if not figures.off:
        stack.forget()
    print(f"\n{figures.count} figures in {figures.seconds:.0f} s, {len(figures.off)} off.")
    for line in figures.off:
        print(f"  OFF {line.what}: {line.measured}, must be {line.bar}")
    return 1 if figures.off else 0


def _on_a_stack(stack: Stack, figures: Figures, parts: Sequence[str]) -> None:
    stack.start()
    print(f"[{figures.seconds:5.0f} s] a stack of its own is up; its logs are in {stack.state / 'logs'}", flush=True)
    office = Office.open(stack)
    if "webhooks" in parts:
        hooks.run(stack, figures, office)
    if "sender" in parts:
        sending.run(stack, figures, office)
    if "gap" in parts:
        gap.run(stack, figures, office)
    if "off" in parts:
        gap.run_off(stack, figures, office)


if __name__ == "__main__":
    raise SystemExit(main())

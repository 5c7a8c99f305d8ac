"""Run everything on a stack of its own; exit 1 when a figure is off."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from local.engine.settings import ROOT
from tests.chaos.audits import callbacks, endings, triggers
from tests.chaos.audits.figures import Figures
from tests.chaos.audits.stack import NotStarted, Stack
from tests.chaos.audits.tenant import Tenant
from tests.chaos.audits.watching import Posts

PARTS = ("triggers", "endings", "callbacks")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos-audits", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--state", type=Path, default=ROOT / ".local" / "chaos-audits")
    options = parser.parse_args()
    parts = options.parts or PARTS
    if unknown := sorted(set(parts) - set(PARTS)):
        parser.error(f"there is no part {', '.join(unknown)}; the parts are {', '.join(PARTS)}")
    figures, stack = Figures(), Stack(options.state.resolve())
    try:
        stack.start()
        print(
            f"[{figures.seconds:5.0f} s] a stack of its own is up; its logs are in {stack.state / 'logs'}", flush=True
        )
        first, other = Tenant.of(stack, stack.file), Tenant.of(stack, stack.file["other_tenant"])
        stack.sql(
            "INSERT INTO integrations (tenant_id, kind, name, base_url, config, secret_name) "
            "SELECT %s, kind, name, base_url, config, secret_name FROM integrations WHERE kind = 'n8n' AND tenant_id = %s",
            other.id, first.id,
        )  # fmt: skip
        posts = Posts(stack)
        if "triggers" in parts:
            triggers.run(stack, figures, first, other, posts)
        if "endings" in parts:
            endings.run(stack, figures, first, other, posts)
        if "callbacks" in parts:
            callbacks.run(stack, figures, first)
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


if __name__ == "__main__":
    raise SystemExit(main())

"""`python -m bench [section …]`: measure, show a table, keep it, and fail when a bar is missed twice in a row."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench.findings import Finding, heading, table
from bench.sections import SECTIONS, Section
from bench.stage import Stage

ROOT = Path(__file__).resolve().parent.parent
LATEST = ROOT / ".local" / "bench" / "latest.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "sections", nargs="*", help=f"which to measure, of {', '.join(SECTIONS)}; all when none is named"
    )
    chosen = parser.parse_args().sections or list(SECTIONS)
    if unknown := [name for name in chosen if name not in SECTIONS]:
        parser.error(f"there is no section {unknown[0]}; choose from {', '.join(SECTIONS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    begun = time.monotonic()
    kept: dict[str, list[Finding]] = {}
    print(heading(), flush=True)
    with Stage() as stage:
        for name in chosen:
            print(f"── {name}", flush=True)
            kept[name] = _measured(SECTIONS[name], stage)
    missed = [finding.what for findings in kept.values() for finding in findings if not finding.ok]
    _keep(kept)
    print(
        f"\n{time.monotonic() - begun:.0f} s, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; kept in {LATEST}"
    )
    if missed:
        print("Missed twice in a row: " + "; ".join(missed))
        print("Measure again on a quiet machine; if it stays, profile that section before anything is merged.")
    return 1 if missed else 0


def _measured(section: Section, stage: Stage) -> list[Finding]:
    """A miss is measured once more: machines are noisy, a regression is not."""
    findings = section(stage)
    print(table(findings), flush=True)
    if all(finding.ok for finding in findings):
        return findings
    print("   a bar was missed: measured once more", flush=True)
    again = section(stage)
    print(table(again), flush=True)
    first = {finding.what: finding for finding in findings}
    return [first[finding.what] if not finding.ok and first[finding.what].ok else finding for finding in again]


def _keep(kept: dict[str, list[Finding]]) -> None:
    """Sections that were not measured this time keep their last figures."""
    try:
        sections = json.loads(LATEST.read_text())["sections"]
    except (OSError, ValueError, KeyError):
        sections = {}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    for name, findings in kept.items():
        rows = [asdict(finding) | {"bar": finding.bar, "ok": finding.ok} for finding in findings]
        sections[name] = {"at": now, "commit": commit.stdout.strip(), "findings": rows}
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": platform.machine(),
    }
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    LATEST.write_text(json.dumps({"machine": machine, "sections": sections}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())

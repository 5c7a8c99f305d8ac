"""Thousands of orders in which people, machines and crashes meet over one conversation: the functional test, asked for more."""

from __future__ import annotations

import os
import subprocess
import time

from local.engine.settings import ROOT, venv_python
from tests.chaos.audits.figures import Figures

TEST = "tests/functional/cx/test_interleavings.py"
COUNT = os.environ.get("INTERLEAVINGS", "5000")
LONGEST = 900


def run(figures: Figures) -> None:
    began = time.monotonic()
    command = [venv_python("dev"), "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", TEST]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"INTERLEAVINGS": COUNT}, capture_output=True, text=True, check=False, timeout=LONGEST
    )  # fmt: skip
    figures.part(f"{COUNT} interleavings of people, machines and crashes")
    figures.exactly("the test's exit code", done.returncode, 0)
    figures.note("seconds", round(time.monotonic() - began))
    if done.returncode:
        print(done.stdout[-3_000:], flush=True)

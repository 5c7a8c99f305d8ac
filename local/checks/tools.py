"""Run a tool of one of our environments and keep what it says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from local.bootstrap import ROOT, interpreter


def run(environment: str, tool: str, *arguments: str, **variables: str) -> tuple[int, str]:
    """`tool` is a program of that environment, or `-m`-style: `python` with arguments. Answers (exit code, output)."""
    program = interpreter(environment) if tool == "python" else interpreter(environment).parent / tool
    done = subprocess.run(
        [str(program), *arguments],
        cwd=ROOT,
        env=os.environ | {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-west-1"} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.strip()


def problems(environment: str, tool: str, *arguments: str, **variables: str) -> list[str]:
    """What a tool complains of: nothing when it is content."""
    code, output = run(environment, tool, *arguments, **variables)
    return [f"{tool} {arguments[0]}:\n{output[-6000:]}"] if code else []


def tracked(*patterns: str) -> list[Path]:
    """Files under version control that are there, by glob."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]

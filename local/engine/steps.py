"""The one-time steps of a start, each a process of its own: migrate, deploy, seed, ask for health."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from local.engine.context import APP_SECRET, MIGRATE_SECRET, clean_environment, passed_on
from local.engine.settings import ROOT, venv_python

MIGRATE = "import sys, app; sys.stdout.write(str(app.lambda_handler({}, None)))"


class StepProblem(Exception):
    """A step failed; the message is what it said."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def migrate(context: dict[str, Any]) -> str | None:
    """Bring the schema up to date with the very function that does so in the cloud. None when there is none."""
    root = Path(context["root"])
    folder = root / "functions" / "platform" / "migrate"
    if not (folder / "app.py").exists():
        return None
    path = [folder, root / "shared", Path(context["layers"]) / "dependencies" / "python"]
    environment = clean_environment(
        PYTHONPATH=":".join(map(str, path)),
        PYTHONDONTWRITEBYTECODE="1",
        MIGRATION_DATABASE_URL=context["admin_database_url"],
        APP_DATABASE_URL=context["database_url"],
        APP_SECRET_NAME=APP_SECRET,
        MIGRATE_SECRET_NAME=MIGRATE_SECRET,
        STAGE="local",
        POWERTOOLS_SERVICE_NAME="migrate",
        AWS_DEFAULT_REGION=context["region"],
    )
    return _run("migrate", [context["python"], "-s", "-c", MIGRATE], environment, folder, 300)


def deploy(context_file: Path, region: str) -> dict[str, Any]:
    answer = _run(
        "deploy",
        [str(venv_python("local")), "-m", "local.engine.deploy", str(context_file)],
        clean_environment(AWS_DEFAULT_REGION=region),
        ROOT,
        180,
    )
    found: dict[str, Any] = json.loads(answer)
    return found


def seed(context: dict[str, Any], context_file: Path) -> dict[str, Any] | None:
    """Tenants, people and keys of a fresh stack. None when the product brings no seed."""
    if not (ROOT / "local" / "seed.py").exists():
        return None
    environment = clean_environment(
        **passed_on(), SIDEDESK_API=context["api"], SIDEDESK_LOCAL_CONTEXT=str(context_file)
    )
    answer = _run("seed", [str(venv_python("local")), "-m", "local.seed"], environment, ROOT, 120)
    try:
        found: dict[str, Any] = json.loads(answer)
    except ValueError as exc:
        raise StepProblem(f"seed did not answer JSON but: {answer[-400:]}") from exc
    return found


def _run(name: str, command: list[str], environment: dict[str, str], folder: Path, longest: float) -> str:
    try:
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=longest,
            start_new_session=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired as exc:
        raise StepProblem(f"{name} took more than {longest:.0f} s") from exc
    if done.returncode != 0:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()[-25:]
        said = "\n".join(line if len(line) <= 600 else f"{line[:300]} … {line[-300:]}" for line in lines)
        raise StepProblem(f"{name} failed:\n{said}", done.returncode)
    return done.stdout


def status_of(url: str, timeout: float = 3.0) -> int | None:
    """The HTTP status, or None when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as exc:
        return exc.code
    except OSError:
        return None


def wait_for_health(api: str, longest: float = 30.0) -> int | None:
    """The first call is a cold start; a stack without this route answers 404 and is fine too."""
    deadline = time.monotonic() + longest
    status = None
    while time.monotonic() < deadline:
        status = status_of(f"{api}/health", timeout=15)
        if status in (200, 404):
            return status
        time.sleep(0.25)
    return status

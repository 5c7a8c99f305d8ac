"""Cold import: a fresh process imports a function as Lambda does, from layers it cannot write to.

Importing only computes, so the processor's time is counted: it says the same on a quiet machine and hardly more on a busy one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.findings import Finding, at_most
from bench.rounds import timed
from bench.stage import Stage
from local.bootstrap import ROOT, STATE, interpreter
from sidedesk.platform import settings

BARE = """
from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
import pydantic, psycopg, jwt
pydantic.BaseModel
APIGatewayHttpResolver(enable_validation=True)
Logger(service="bench")
"""
RUN = "import sys, time; begun = time.process_time(); exec(sys.argv[1], {'__name__': 'bench'}); print(time.process_time() - begun)"
ROUNDS, SLOW_ROUNDS = 5, 3


def measure(_: Stage) -> list[Finding]:
    with tempfile.TemporaryDirectory(prefix="sidedesk-bench-") as folder:
        layer, core = STATE / "layers" / "dependencies" / "python", _core_layer(Path(folder))
        functions = {_name(app): app for app in sorted((ROOT / "functions").glob("*/*/app.py")) if _answers_http(app)}
        variants = {"bare": lambda: _import(BARE, layer)}
        for name, app in functions.items():
            variants[name] = lambda app=app: _import("import app", app.parent, core, layer)
        rounds = timed(variants, ROUNDS)
        findings = [
            at_most(
                f"cold import of {name}, of its packages alone",
                rounds.ratio(name, "bare"),
                1.3,
                rounds.milliseconds(name),
            )
            for name in functions
        ]
        return [*findings, _bytecode(Path(folder), layer)]


def _bytecode(folder: Path, layer: Path) -> Finding:
    """What the layer saves by carrying bytecode that needs no look at its sources."""
    sources = folder / "sources"
    shutil.copytree(layer, sources, ignore=shutil.ignore_patterns("__pycache__"))
    rounds = timed({"shipped": lambda: _import(BARE, layer), "sources": lambda: _import(BARE, sources)}, SLOW_ROUNDS)
    return at_most(
        "layer as shipped, of the same layer without bytecode", rounds.ratio("shipped", "sources"), 0.5,
        f"{rounds.milliseconds('shipped')} against {rounds.milliseconds('sources')}",
    )  # fmt: skip


def _core_layer(folder: Path) -> Path:
    """Our own package, built by the recipe of the deployed layer."""
    target = folder / "core"
    subprocess.run(
        ["make", "--silent", "build-CoreLayer", f"ARTIFACTS_DIR={target}", f"BUILD_PYTHON={interpreter('runtime')}"],
        cwd=ROOT / "shared", check=True,
    )  # fmt: skip
    return target / "python"


def _import(code: str, *path: Path) -> float:
    done = subprocess.run(
        [interpreter("runtime"), "-c", RUN, code], env=_environment(path), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{path[0]} cannot be imported: {done.stderr.strip().splitlines()[-1]}")
    return float(done.stdout.split()[-1])


def _environment(path: tuple[Path, ...]) -> dict[str, str]:
    """Every setting that a function may insist on, and no permission to write bytecode."""
    required = {
        name.upper(): "http://127.0.0.1/bench"
        for group in vars(settings).values()
        if isinstance(group, type) and issubclass(group, settings.Settings)
        for name, field in group.model_fields.items()
        if field.is_required()
    }
    return required | {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(str(part) for part in path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "POWERTOOLS_SERVICE_NAME": "bench",
        "POWERTOOLS_METRICS_NAMESPACE": "sidedesk",
    }


def _answers_http(app: Path) -> bool:
    return "sidedesk.platform.http import" in app.read_text(encoding="utf-8")


def _name(app: Path) -> str:
    return f"{app.parts[-3]}/{app.parts[-2]}"

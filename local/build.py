"""`make build`: package everything as it is deployed, then measure and inspect what came out. Standard library only.

Wheels are those of the deployed platform (arm64), so this works on any machine; the bytecode must be made by the
runtime's own Python minor, so that one has to be here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from local.bootstrap import ROOT, STATE, ensure, interpreter

RUNTIME = "python3.13"
STACK = "template.yaml"


def main(arguments: list[str]) -> int:
    template = arguments[0] if arguments else STACK
    output = output_of(template)
    ensure("build")
    sam(output, "build", "--template-file", template, "--build-dir", str(output))
    if _inspect(output):
        print("The build is not fit to be deployed, see above.", file=sys.stderr)
        return 1
    print(f"built and inspected in {output.relative_to(ROOT)}")
    return 0


def output_of(template: str) -> Path:
    """Where a template's packages go: the stack's into the folder that `sam` itself would choose."""
    return ROOT / ".aws-sam" / ("build" if template == STACK else Path(template).stem)


def sam(output: Path, *arguments: str) -> None:
    """Run the packager quietly; when it fails, show all it said."""
    output.parent.mkdir(parents=True, exist_ok=True)
    command = [str(interpreter("build").parent / "sam"), *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{done.stdout}\nsam {arguments[0]} failed, see above.")


def environment() -> dict[str, str]:
    """Ours, with the runtime's Python first on the path, and without this make's own variables in the layers' makes."""
    mine = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    python = runtime_python()
    folder = STATE / "build-path"  # only this one interpreter is added, not what else lies beside it
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / RUNTIME
    link.unlink(missing_ok=True)
    link.symlink_to(python)
    return mine | {"PATH": f"{folder}:{mine.get('PATH', '')}", "SAM_CLI_TELEMETRY": "0", "PYTHONPATH": ""}


def runtime_python() -> Path:
    """The interpreter of the runtime's minor version, on the path or under pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates: list[str | Path | None] = [
        shutil.which(RUNTIME),
        *sorted(pyenv.glob(f"{RUNTIME.removeprefix('python')}*/bin/{RUNTIME}")),
    ]
    for candidate in (one for one in candidates if one):
        asked = subprocess.run(
            [candidate, "-c", "import sys, pip; print(sys.executable)"], capture_output=True, text=True, check=False
        )
        if asked.returncode == 0:  # a pyenv shim may be on the path and refuse
            return Path(asked.stdout.strip())
    raise SystemExit(
        f"{RUNTIME} with pip was not found: it compiles what the functions run. Install it, for example with "
        f"`pyenv install 3.13` or `uv python install 3.13`, and have {RUNTIME} on the path. Nothing was built."
    )


def _inspect(output: Path) -> int:
    magic = "import importlib.util; print(importlib.util.MAGIC_NUMBER.hex())"
    asked = subprocess.run([str(runtime_python()), "-c", magic], capture_output=True, text=True, check=True)
    command = [str(interpreter("build")), "-m", "local.artifacts", str(output), asked.stdout.strip()]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

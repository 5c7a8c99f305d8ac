"""Virtual environments and host layers from the hash-pinned locks. Standard library only.

`python3 -m local.bootstrap local runtime layer` makes what is missing or out of date and does nothing otherwise.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".local"
LAYERS = ("dependencies", "text")
LOCKS = {
    "local": ROOT / "requirements/local.txt",
    "runtime": ROOT / "requirements/runtime.txt",
    "dev": ROOT / "requirements/dev.txt",
    "build": ROOT / "requirements/build.txt",
}
OLDEST = (3, 11)


def interpreter(name: str) -> Path:
    """The Python of one of our environments."""
    return STATE / "venv" / name / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def ensure(*names: str) -> None:
    """Make each named environment (or `layer`) match its lock."""
    if sys.version_info < OLDEST:
        raise SystemExit(
            f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}. Run make with PYTHON=python3.13, for example."
        )
    with _alone():
        for name in names:
            if name == "layer":
                for layer in LAYERS:
                    _ensure_layer(layer)
            else:
                _ensure_venv(name)


@contextmanager
def _alone() -> Iterator[None]:
    """Two commands started at once must not build the same folder."""
    STATE.mkdir(exist_ok=True)
    with (STATE / "bootstrap.lock").open("w") as lock:
        if os.name != "nt":
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fingerprint(lock: Path) -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    return hashlib.sha256(version.encode() + sys.base_prefix.encode() + lock.read_bytes()).hexdigest()


def _ensure_venv(name: str) -> None:
    lock, folder = LOCKS[name], STATE / "venv" / name
    stamp = folder / ".lock"
    wanted = _fingerprint(lock)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    started = time.monotonic()
    print(f"setting up the {name} environment …", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True, symlinks=os.name != "nt")
    _pip(interpreter(name), "--requirement", str(lock))
    stamp.write_text(wanted)
    print(f"  {name} ready in {time.monotonic() - started:.0f} s", flush=True)


def _ensure_layer(layer: str) -> None:
    """Build a dependency layer for this machine, with the same bytecode a deployed layer carries."""
    lock, target = ROOT / "layers" / layer / "requirements.txt", STATE / "layers" / layer / "python"
    stamp = target.parent / ".lock"
    _ensure_venv("runtime")
    wanted = _fingerprint(lock)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    started = time.monotonic()
    print(f"building the {layer} layer …", flush=True)
    shutil.rmtree(target.parent, ignore_errors=True)
    target.mkdir(parents=True)
    python = interpreter("runtime")
    _pip(python, "--no-compile", "--target", str(target), "--requirement", str(lock))
    subprocess.run(
        [python, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash", str(target)], check=False
    )
    stamp.write_text(wanted)
    print(f"  {layer} layer ready in {time.monotonic() - started:.0f} s", flush=True)


def _pip(python: Path, *arguments: str) -> None:
    command = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "--no-deps",
        *arguments,
    ]
    for attempt in (1, 2):
        done = subprocess.run(command, check=False)
        if done.returncode == 0:
            return
        if attempt == 1:
            print("  the download failed, trying once more …", flush=True)
    raise SystemExit(
        "Packages could not be installed. Check the connection to your package index, then run the same command again."
    )


if __name__ == "__main__":
    ensure(*(sys.argv[1:] or LOCKS))

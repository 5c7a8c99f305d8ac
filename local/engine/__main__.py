"""`python3 -m local.engine up | down | status | clean`. Standard library only: it runs before anything is installed."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from local.engine import leftovers, processes, status
from local.engine.settings import ROOT, Settings, add_options, from_options, read_json, venv_python

LONGEST_START = 240.0


def up(settings: Settings, detach: bool) -> int:
    from local import bootstrap

    bootstrap.ensure("local", "runtime", "layer")
    command = [str(venv_python("local")), "-m", "local.engine.supervisor", *_options(settings)]
    os.chdir(ROOT)
    if not detach:
        sys.stdout.flush()
        os.execv(command[0], command)
    settings.logs.mkdir(parents=True, exist_ok=True)
    log = settings.logs / "stack.log"
    with log.open("ab") as out:
        begin = out.tell()
        process = subprocess.Popen(
            [*command, "--detached"], stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    return _show_until_ready(settings, process, log, begin)


def _show_until_ready(settings: Settings, process: subprocess.Popen[bytes], log: Path, begin: int) -> int:
    """Print what the detached supervisor says until it is ready or gone."""
    deadline = time.monotonic() + LONGEST_START
    while True:
        code = process.poll()
        found = read_json(settings.parts_file) or {}
        ready = found.get("supervisor", {}).get("pid") == process.pid and found.get("state") == "ready"
        with log.open("rb") as file:
            file.seek(begin)
            fresh = file.read()
        begin += len(fresh)
        sys.stdout.write(fresh.decode("utf-8", errors="replace"))
        sys.stdout.flush()
        if code is not None:
            return code
        if (ready and b"is up after" in fresh) or (ready and not fresh):
            return 0
        if time.monotonic() > deadline:
            print(f"It is still starting after {LONGEST_START:.0f} s; make status and {log} tell more.")
            return 1
        time.sleep(0.1)


def down(settings: Settings) -> int:
    found = read_json(settings.parts_file) or {}
    lead = found.get("supervisor", {})
    if lead and processes.alive(lead["pid"], lead["born"]):
        os.kill(lead["pid"], signal.SIGTERM)
        deadline = time.monotonic() + 60
        while processes.alive(lead["pid"], lead["born"]):
            if time.monotonic() > deadline:
                print(f"The supervisor (pid {lead['pid']}) does not stop; see {settings.logs}/stack.log.")
                return 1
            time.sleep(0.1)
        print("sidedesk is down; data is kept (make up starts again, make clean forgets it)")
        return 0
    ended = leftovers.end(settings)
    settings.parts_file.unlink(missing_ok=True)
    settings.stack_file.unlink(missing_ok=True)
    print(f"Ended what a killed stack left: {', '.join(ended)}." if ended else "sidedesk was not running.")
    return 0


def clean(settings: Settings) -> int:
    code = down(settings)
    if code:
        return code
    for path in settings.data:
        if path.is_symlink():  # data kept elsewhere because this folder is closed to its user
            shutil.rmtree(path.resolve(), ignore_errors=True)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    print("Its data is gone.")
    return 0


def show(settings: Settings) -> int:
    text, well = status.report(settings)
    print(text)
    return 0 if well else 1


def _options(settings: Settings) -> list[str]:
    options = ["--template", str(settings.template), "--state", str(settings.state), "--share", str(settings.share)]
    for name, port in settings.ports.items():
        options += [f"--{name}-port", str(port)]
    return [*options, "--skip", *sorted(settings.skip)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="local.engine", description="The whole stack on this machine.")
    parser.add_argument("wish", choices=("up", "down", "status", "clean"))
    parser.add_argument("--detach", action="store_true", help="start in the background")
    add_options(parser)
    options = parser.parse_args()
    settings = from_options(options)
    if options.wish == "up":
        return up(settings, options.detach)
    return {"down": down, "status": show, "clean": clean}[options.wish](settings)


if __name__ == "__main__":
    raise SystemExit(main())

"""The emulator's process: our patches, the API's own port, reload on edit, state saved while running.

Run by the supervisor as `python -m local.engine.launcher <api port> <function log> <folder to watch>…`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as emulator
from ministack.core.persistence import save_all

from local.engine import patches
from local.engine.front import Front, answer
from local.engine.mail import MailPage
from local.engine.state import move

LOOK_EVERY = 0.5
SAVE_EVERY = 5.0
SAVE_NOW = "/_sidedesk/save"


def fingerprint(folders: list[Path]) -> int:
    """Changes when any file below does."""
    seen: list[tuple[str, int, int]] = []
    waiting = [str(folder) for folder in folders]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name != "__pycache__":
                            waiting.append(entry.path)
                    elif not entry.name.endswith(".pyc"):
                        stat = entry.stat()
                        seen.append((entry.path, stat.st_mtime_ns, stat.st_size))
        except FileNotFoundError:
            continue
    return hash(tuple(sorted(seen)))


def housekeeping(folders: list[Path], save_now: threading.Event) -> None:
    """Retire the functions of old code as they fall idle; save the state now and then."""
    known, saved, stale = fingerprint(folders), time.monotonic(), set[Any]()
    while True:
        time.sleep(LOOK_EVERY)
        now = fingerprint(folders)
        if now != known:
            known = now
            stale |= patches.all_workers()
        if stale:
            stale = patches.retire(stale)
        if save_now.is_set() or time.monotonic() - saved > SAVE_EVERY:
            save_now.clear()
            save_all(emulator._build_persistence_save_dict())
            saved = time.monotonic()


def main() -> None:
    api_port, log, folders = int(sys.argv[1]), Path(sys.argv[2]), [Path(folder) for folder in sys.argv[3:]]
    move(Path(os.environ["STATE_DIR"]), int(os.environ["GATEWAY_PORT"]))
    patches.install(log)
    save_now = threading.Event()
    out = log.open("a", buffering=1, encoding="utf-8")
    front = Front(emulator.app, lambda line: patches.write_line(out, "http", line))
    mail = MailPage(emulator.app, Path(os.environ["STATE_DIR"]).parent / "mail")

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await emulator.app(scope, receive, send)
        elif scope["server"][1] == api_port:
            await front(scope, receive, send)
        elif scope["path"] == SAVE_NOW:
            save_now.set()
            await answer(send, 202, b"", [])
        elif mail.owns(scope["path"]):
            await mail(scope, receive, send)
        else:
            await emulator.app(scope, receive, send)

    threading.Thread(target=housekeeping, args=(folders, save_now), daemon=True, name="housekeeping").start()
    config = Config()
    config.bind = [f"127.0.0.1:{os.environ['GATEWAY_PORT']}", f"127.0.0.1:{api_port}"]
    config.keep_alive_timeout = 75
    config.h11_max_incomplete_size = 64 * 1024
    config.accesslog = None
    config.loglevel = "WARNING"
    asyncio.run(serve(application, config))


if __name__ == "__main__":
    main()

"""Parts that outlived their supervisor, found by their command lines: a kill can come before anything was written down.

Standard library only.
"""

from __future__ import annotations

import signal

from local.engine import processes
from local.engine.settings import Settings


def marks(settings: Settings) -> dict[str, tuple[tuple[str, ...], signal.Signals]]:
    """Per part, in the order of stopping: what its command line surely holds (a path of this state), and how to end it."""
    data = (settings.state / "pg").resolve() / "data"
    return {
        "engine": (("local.engine.launcher", str(settings.logs / "functions.log")), signal.SIGTERM),
        "sandbox": (("-m local.sandbox ", str(settings.state / "sandbox")), signal.SIGTERM),
        "postgres": (("bin/postgres -D ", f"{data} "), signal.SIGINT),
    }


def end(settings: Settings) -> list[str]:
    """End them all; answer their names."""
    ended = []
    for name, (words, polite) in marks(settings).items():
        for pid in processes.find(words):
            born = processes.birth(pid)
            processes.end(pid, born, polite)
            processes.end_session(pid)
            ended.append(name)
    return ended

"""Processes and ports: is it still the one we started, end it with all it left behind, find a free port."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path


def birth(pid: int) -> str | None:
    """When this process started: with the pid it names one process for ever. None when there is none (or a zombie)."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] == "Z" else fields[19]
    found = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = found.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else started.strip()


def alive(pid: int, born: str | None) -> bool:
    return born is not None and birth(pid) == born


def find(words: tuple[str, ...]) -> list[int]:
    """Processes whose command line holds all these words, this one left out."""
    found = []
    for pid, command in _commands():
        if pid != os.getpid() and all(word in command for word in words):
            found.append(pid)
    return found


def _commands() -> list[tuple[int, str]]:
    if Path("/proc/self").exists():
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with contextlib.suppress(OSError):
                    raw = (folder / "cmdline").read_bytes()
                    found.append((int(folder.name), raw.replace(b"\0", b" ").decode("utf-8", errors="replace")))
        return found
    listed = subprocess.run(["ps", "-axo", "pid=,command="], capture_output=True, text=True, check=False).stdout
    rows = (line.strip().partition(" ") for line in listed.splitlines())
    return [(int(pid), f"{command} ") for pid, _, command in rows]


def end(pid: int, born: str | None, politely: signal.Signals = signal.SIGTERM, patience: float = 10.0) -> None:
    """Stop a process that may not be our child, then whatever of its session is left."""
    if alive(pid, born):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, politely)
        deadline = time.monotonic() + patience
        while alive(pid, born) and time.monotonic() < deadline:
            time.sleep(0.05)
        if alive(pid, born):
            end_session(pid)


def end_session(leader: int) -> None:
    """End what a dead leader left in its process group. Safe only while its pid names that group: it was ours."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.3)
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def next_free(wish: int, taken: set[int]) -> int | None:
    """The wished port, or the nearest free one above it."""
    for port in range(wish, min(wish + 200, 65536)):
        if port not in taken and is_free(port):
            return port
    return None


def owner(port: int) -> str | None:
    """Who holds a port, where the system tells us."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        found = subprocess.run(
            ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fc"],
            capture_output=True,
            text=True,
            check=False,
            timeout=3,
        )
        names = [line[1:] for line in found.stdout.splitlines() if line.startswith("c")]
        return names[0] if names else None
    return None

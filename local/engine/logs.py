"""Logs a person can read: follow the files of the parts, make JSON lines human, keep the files small."""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

LARGEST = 10 * 1024 * 1024
COLOURS = {"ERROR": "31", "CRITICAL": "31", "WARNING": "33", "DEBUG": "2", "ok": "32", "name": "36", "dim": "2"}
# Postgres says much that is only news to itself; uvicorn and the front both report every request.
UNINTERESTING = {
    "postgres": re.compile(r"(?!.*\b(?:ERROR|FATAL|PANIC|WARNING):)"),
    "sandbox": re.compile(r"INFO:|.*\"(?:GET|HEAD) /health"),
}
# Fields of a structured line that say nothing to a person watching one machine.
HIDDEN = {
    *("level", "message", "timestamp", "service", "location", "cold_start", "function_name", "function_memory_size"),
    *("function_arn", "function_request_id", "xray_trace_id", "sampling_rate", "stack_trace", "exception", "_aws"),
}
GENERATED = re.compile(r"^[A-Za-z0-9]+-(?P<logical>[A-Za-z0-9]+)-[A-Za-z0-9]{6,}$")


class Printer:
    """Writes lines with a coloured name before them when a person is watching."""

    def __init__(self, out: IO[str] | None = None) -> None:
        self.out = out or sys.stdout
        self.colour = self.out.isatty()

    def paint(self, text: str, kind: str) -> str:
        return f"\x1b[{COLOURS[kind]}m{text}\x1b[0m" if self.colour and kind in COLOURS else text

    def say(self, text: str, kind: str = "") -> None:
        """A line of the stack itself."""
        print(self.paint(text, kind), file=self.out, flush=True)

    def line(self, part: str, text: str) -> None:
        level, name, words = humanise(part, text)
        clock = self.paint(time.strftime("%H:%M:%S"), "dim")
        print(f"{clock} {self.paint(f'{name:<20}', 'name')} {self.paint(words, level)}", file=self.out, flush=True)


def humanise(part: str, text: str) -> tuple[str, str, str]:
    """(level, who speaks, what to print) for one raw line of a part's log."""
    name = part
    if part == "functions" and text.count("\t") >= 2:
        _, name, text = text.split("\t", 2)
        if generated := GENERATED.match(name):
            name = generated["logical"]
    if text.startswith("{"):
        try:
            found: dict[str, Any] = json.loads(text)
        except ValueError:
            found = {}
        if "message" in found:
            return _structured(name, found)
    level = next((word for word in ("ERROR", "FATAL", "WARNING", "CRITICAL") if word in text[:200]), "")
    return ("ERROR" if level == "FATAL" else level), name, text.replace("\r", "\n    ")


def _structured(name: str, found: dict[str, Any]) -> tuple[str, str, str]:
    level = str(found.get("level", "INFO"))
    message = found["message"] if isinstance(found["message"], str) else json.dumps(found["message"])
    fields = " ".join(
        f"{key}={value if isinstance(value, str) else json.dumps(value)}"
        for key, value in found.items()
        if key not in HIDDEN and value is not None
    )
    trace = "".join(f"\n    {line}" for line in str(found.get("exception") or "").splitlines())
    shown = "" if level == "INFO" else f"{level} "
    return level, name, f"{shown}{message}{'  ' + fields if fields else ''}{trace}"


class Follower:
    """New lines of a growing file, also across its being cut."""

    def __init__(self, part: str, path: Path) -> None:
        self.part, self.path = part, path
        self.place = path.stat().st_size if path.exists() else 0
        self.rest = b""

    def lines(self) -> Iterator[str]:
        try:
            size = self.path.stat().st_size
            if size < self.place:
                self.place, self.rest = 0, b""
            if size == self.place:
                return
            with self.path.open("rb") as file:
                file.seek(self.place)
                fresh = file.read()
        except OSError:
            return
        self.place += len(fresh)
        *whole, self.rest = (self.rest + fresh).split(b"\n")
        boring = UNINTERESTING.get(self.part)
        for raw in whole:
            text = raw.decode("utf-8", errors="replace").rstrip()
            # A metric blob is for a machine: it carries "_aws" and no message.
            if text and not (boring and boring.match(text)) and '"_aws":' not in text:
                yield text


def cut(path: Path, largest: int = LARGEST) -> None:
    """Keep one older file. Copied, then emptied in place, because the writer holds it open for appending."""
    if path.exists() and path.stat().st_size > largest:
        path.with_name(f"{path.name}.1").write_bytes(path.read_bytes())
        with path.open("r+b") as file:
            file.truncate()


def tail(path: Path, count: int = 12) -> str:
    """The last lines, for a message about a part that did not start."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in lines)


def follow(folder: Path, printer: Printer, stopping: threading.Event, ready: Callable[[], bool]) -> None:
    """Print new lines of every log from now on, in a thread of its own, and keep the files small."""
    followers = [Follower(name, folder / f"{name}.log") for name in ("functions", "engine", "sandbox", "postgres")]

    def run() -> None:
        count = 0
        while not stopping.wait(0.1):
            for follower in followers:
                for line in follower.lines():
                    # A part that does not start is quoted once, at the end, instead of each time it tries.
                    if ready() or follower.part == "functions":
                        printer.line(follower.part, line)
            count += 1
            if count % 50 == 0:
                for path in folder.glob("*.log"):
                    cut(path)

    threading.Thread(target=run, daemon=True, name="logs").start()

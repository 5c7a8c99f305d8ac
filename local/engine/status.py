"""`make status`: every part with its state, and a hint where something is wrong. Standard library only."""

from __future__ import annotations

import socket
import time
from typing import Any

from local.engine import processes
from local.engine.settings import Settings, read_json

ROW = "{:<11}{:<13}{:>8}{:>8}   {:<14}{}"


def report(settings: Settings) -> tuple[str, bool]:
    """(what to print, is all well)."""
    found = read_json(settings.parts_file)
    if not found or found.get("state") == "stopped":
        note = f"\nIt last stopped because: {found['note']}" if found and found.get("note") else ""
        return f"sidedesk is not running. make up starts it.{note}", False
    lead = found["supervisor"]
    supervised = processes.alive(lead["pid"], lead["born"])
    state = "running" if supervised and found["state"] == "ready" else found["state"] if supervised else "gone"
    lines = [ROW.format("part", "state", "pid", "port", "since", "restarts")]
    lines.append(ROW.format("supervisor", state, lead["pid"], "", _since(lead["since"]), ""))
    hints: list[str] = []
    for name, part in found["parts"].items():
        state = part["state"]
        if state == "running" and not (part["pid"] and processes.alive(part["pid"], part["born"])):
            state = "dead"
        elif state == "running" and not _answers(part["port"]):
            state = "not answering"
        if state != "running":
            hints.append(f"{name} is {state}: its log is {part['log']}")
        pid, since = part["pid"] or "-", _since(part["since"]) if state == "running" else "-"
        lines.append(ROW.format(name, state, pid, part["port"], since, part["restarts"] or ""))
    if not supervised:
        hints.insert(0, "the supervisor was killed; make up takes the parts over with their data, make down ends them")
    elif found["state"] != "ready":
        hints.insert(0, f"the stack is {found['state']}; wait a moment")
    if found.get("note"):
        hints.append(found["note"])
    stack: dict[str, Any] = read_json(settings.stack_file) or {}
    if supervised and found["state"] == "ready":
        lines += ["", f"console  {stack.get('console', '-')}", f"mail     {stack.get('mail', '-')}"]
        hints += [f"{part['log']} shows why" for part in found["parts"].values() if part["restarts"] > 3]
    lines += [""] * bool(hints) + [f"! {hint}" for hint in hints]
    return "\n".join(lines), not hints


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _since(moment: float) -> str:
    seconds = int(time.time() - moment)
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"

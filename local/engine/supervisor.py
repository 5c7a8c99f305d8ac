"""Start the stack in order, keep it alive, print what it says, stop it in reverse.

Run in the local environment as `python -m local.engine.supervisor`; `local.engine` does that after setting it up.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

from local import postgres
from local.engine import context as contexts
from local.engine import keys, leftovers, parts, processes, steps, summary
from local.engine.logs import Printer, follow
from local.engine.part import Part, PartProblem
from local.engine.settings import Settings, add_options, from_options, read_json, write_json

TICK = 0.25
CONFLICT = 3  # how the deploy step says that the saved state contradicts itself
LOOK_AT_TEMPLATE_EVERY = 1.0
DATABASE = "sidedesk"
Answer = TypeVar("Answer")


class Stopped(Exception):
    """Somebody asked the stack to stop while it was starting."""


class Supervisor:
    def __init__(self, settings: Settings, detached: bool) -> None:
        self.settings, self.detached = settings, detached
        self.printer = Printer()
        self.parts: list[Part] = []
        self.stopping = threading.Event()
        self.state = "starting"
        self.note = ""
        self.context: dict[str, Any] = {}
        self.keys: dict[str, str] = {}
        self.lock: IO[str] | None = None
        self.began = time.monotonic()
        self.since = time.time()

    # -- one stack per folder ------------------------------------------------

    def take_over(self) -> None:
        """Become the only supervisor of this state; end what a killed one left running."""
        for folder in (self.settings.run, self.settings.logs, self.settings.state / "aws" / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        self.lock = self.settings.lock_file.open("a+")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise steps.StepProblem(
                "This stack is already running: see make status, or stop it with make down."
            ) from None
        if left := leftovers.end(self.settings):
            self.say(f"ended what an earlier run left: {', '.join(left)}", "dim")
        self.record()

    def record(self) -> None:
        write_json(
            self.settings.parts_file,
            {
                "supervisor": {"pid": os.getpid(), "born": processes.birth(os.getpid()), "since": self.since},
                "state": self.state,
                "note": self.note,
                "detached": self.detached,
                "parts": {part.name: part.describe() for part in self.parts},
            },
        )

    # -- starting ------------------------------------------------------------

    def choose_ports(self) -> dict[str, int]:
        chosen: dict[str, int] = {}
        for name, wish in self.settings.ports.items():
            if (name == "postgres" and self.settings.database_url) or name in self.settings.skip:
                continue
            port = processes.next_free(wish, set(chosen.values()))
            if port is None:
                raise steps.StepProblem(
                    f"No free port from {wish} upwards for {name}. Set SIDEDESK_{name.upper()}_PORT."
                )
            if port != wish:
                holder = processes.owner(wish)
                self.say(f"port {wish} is busy{f' ({holder})' if holder else ''}: {name} uses {port}", "WARNING")
            chosen[name] = port
        return {**self.settings.ports, **chosen}

    def start(self) -> None:
        ports = self.choose_ports()
        self.keys = keys.load(self.settings.state / "secrets.json")
        admin = self._start_postgres(ports["postgres"])
        app = postgres.as_role(admin, contexts.APP_ROLE, self.keys["app_password"])
        self.context = contexts.build(self.settings, ports, self.keys, {"admin": admin, "app": app})
        write_json(self.context_file, self.context)
        self._surviving(self._migrate)
        if "sandbox" not in self.settings.skip:
            self._start(parts.sandbox(self.settings, ports["sandbox"], self.context["api"], self.keys))
        self._start(parts.engine(self.settings, ports))
        deployed = self._surviving(self.deploy)
        seeded = self._surviving(self._seed)
        status = steps.wait_for_health(self.context["api"])
        if status not in (200, 404):
            raise steps.StepProblem(
                f"{self.context['api']}/health answers {status or 'nothing'}; see {self.settings.logs}/functions.log"
            )
        write_json(self.settings.stack_file, summary.stack_file(self.context, seeded, deployed))
        self.state, self.note = "ready", ""
        self.record()
        has_sandbox = any(part.name == "sandbox" for part in self.parts)
        self.say(summary.banner(self.context, seeded, time.monotonic() - self.began, self.detached, has_sandbox))

    @property
    def context_file(self) -> Path:
        return self.settings.run / "context.json"

    def _start_postgres(self, port: int) -> str:
        if self.settings.database_url:
            version = postgres.check_server(self.settings.database_url)
            self.say(f"postgres   {version} of DATABASE_URL")
            return self.settings.database_url
        server = postgres.Postgres(self.settings.state / "pg", port, self.keys["postgres_password"])
        server.ensure_cluster()
        self._start(parts.postgres(self.settings, server))
        return server.create(DATABASE)

    def _start(self, part: Part) -> None:
        began = time.monotonic()
        self.parts.append(part)
        part.state = "starting"
        self.record()
        part.start(self.stopping.is_set)
        self._check_stopped()
        self.record()
        self.say(f"{part.name:<10} ready on port {part.port} after {time.monotonic() - began:.1f} s")

    def _surviving(self, step: Callable[[], Answer]) -> Answer:
        """Run a step of the start; if a part died under it, start that part again and repeat the step."""
        for _ in range(3):
            try:
                return step()
            except steps.StepProblem:
                dead = [part for part in self.parts if part.died]
                if not dead:
                    raise
                for part in dead:
                    self.say(f"{part.name} {part.bury()}, starting it again", "WARNING")
                    part.start(self.stopping.is_set)
                self._check_stopped()
        return step()

    def _check_stopped(self) -> None:
        if self.stopping.is_set():
            raise Stopped

    def _migrate(self) -> None:
        began = time.monotonic()
        if "migrate" in self.settings.skip:
            return
        if steps.migrate(self.context) is None:
            self.say("migrate    no functions/platform/migrate yet, left out", "dim")
        else:
            self.say(f"migrate    schema is up to date after {time.monotonic() - began:.1f} s")
        self._check_stopped()

    def deploy(self) -> dict[str, Any]:
        began = time.monotonic()
        try:
            deployed = steps.deploy(self.context_file, self.context["region"])
        except steps.StepProblem as exc:
            if exc.code != CONFLICT:
                raise
            self.say(f"the saved state of the engine contradicts itself ({exc}): starting it afresh, files are kept")
            self._forget_engine_state()
            deployed = steps.deploy(self.context_file, self.context["region"])
        steps.status_of(f"{self.context['aws']}/_sidedesk/save")  # a kill from here on finds a whole stack
        took = time.monotonic() - began
        self.say(f"deploy     {deployed['functions']} functions, {deployed['resources']} resources after {took:.1f} s")
        self._check_stopped()
        return deployed

    def _forget_engine_state(self) -> None:
        """Queued messages and running workflows go; files, captured mail and the database stay."""
        engine = next(part for part in self.parts if part.name == "engine")
        engine.stop()
        shutil.rmtree(self.settings.state / "aws" / "state", ignore_errors=True)
        engine.start(self.stopping.is_set)

    def _seed(self) -> dict[str, Any] | None:
        if "seed" in self.settings.skip:
            return None
        began = time.monotonic()
        seeded = steps.seed(self.context, self.context_file)
        if seeded is None:
            self.say("seed       no local/seed.py yet, left out", "dim")
            return None
        self.say(f"seed       done after {time.monotonic() - began:.1f} s")
        # The sandbox plays n8n with the key the product gave out, which is known only now.
        if seeded.get("service_key") and seeded["service_key"] != self.keys["service_key"]:
            self.keys["service_key"] = seeded["service_key"]
            keys.remember(self.settings.state / "secrets.json", service_key=seeded["service_key"])
            for part in self.parts:
                if part.name == "sandbox":
                    part.stop()
                    part.start(self.stopping.is_set)
                    part.starts.pop()
        self._check_stopped()
        return seeded

    # -- running -------------------------------------------------------------

    def watch(self) -> None:
        """Until told to stop: start the dead again, deploy what changed."""
        known, looked = self._template_state(), time.monotonic()
        while not self.stopping.wait(TICK):
            for part in self.parts:
                if part.died or part.state == "failed":
                    self._heal(part)
            if time.monotonic() - looked > LOOK_AT_TEMPLATE_EVERY:
                looked = time.monotonic()
                if (now := self._template_state()) != known:
                    known = now
                    self.say("the template changed: deploying", "name")
                    self._deploy_again()

    def _template_state(self) -> list[tuple[str, int]]:
        root = self.settings.template.parent
        files = [self.settings.template, *(root / "functions").rglob("*.asl.json"), *root.glob("*.asl.json")]
        return sorted((str(path), path.stat().st_mtime_ns) for path in files if path.exists())

    def _heal(self, part: Part) -> None:
        recent = [moment for moment in part.starts if moment > time.time() - 60]
        if len(recent) > 4 and time.time() - recent[-1] < 10:
            return  # it keeps dying: one try in ten seconds
        how = part.bury()
        self.say(f"{part.name} {how}, starting it again", "WARNING")
        part.state = "starting"
        self.record()
        began = time.monotonic()
        try:
            part.start(self.stopping.is_set)
        except PartProblem as exc:
            self.note = f"{part.name} does not start; see {part.log}"
            self.say(str(exc), "ERROR")
            self.record()
            return
        self.note = ""
        if part.name == "engine" and not self.stopping.is_set():
            self._deploy_again()
        self.record()
        self.say(f"{part.name} is back after {time.monotonic() - began:.1f} s", "ok")

    def _deploy_again(self) -> None:
        try:
            deployed = self.deploy()
        except steps.StepProblem as exc:
            self.note = "the last deploy failed; the stack runs as it was before"
            self.say(f"{exc}\n{self.note}", "ERROR")
        except Stopped:
            return
        else:
            self.note = ""
            stack = read_json(self.settings.stack_file)
            if stack:
                write_json(self.settings.stack_file, {**stack, "outputs": deployed["outputs"]})
        self.record()

    # -- stopping ------------------------------------------------------------

    def stop(self) -> None:
        self.state = "stopping"
        self.record()
        for part in reversed(self.parts):
            part.stop()
            self.record()
        self.settings.stack_file.unlink(missing_ok=True)
        shutil.rmtree(self.settings.state / "aws" / "tmp", ignore_errors=True)
        self.state = "stopped"
        self.record()

    def say(self, text: str, kind: str = "") -> None:
        self.printer.say(text, kind)


def run(settings: Settings, detached: bool) -> int:
    supervisor = Supervisor(settings, detached)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: supervisor.stopping.set())
    try:
        supervisor.take_over()
        follow(supervisor.settings.logs, supervisor.printer, supervisor.stopping, lambda: supervisor.state == "ready")
    except steps.StepProblem as exc:
        print(exc, file=sys.stderr)
        return 1
    try:
        supervisor.start()
        supervisor.watch()
    except Stopped:
        pass
    except (steps.StepProblem, PartProblem, postgres.PostgresProblem) as exc:
        supervisor.note = str(exc).splitlines()[0]
        print(
            f"\n{exc}\n\nThe stack did not start. Put this right and run make up again; data is kept.", file=sys.stderr
        )
        supervisor.stop()
        return 1
    supervisor.say("stopping …", "dim")
    supervisor.stop()
    supervisor.say("stopped; data is kept (make up starts again, make clean forgets it)")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="local.engine.supervisor")
    add_options(parser)
    parser.add_argument("--detached", action="store_true")
    options = parser.parse_args()
    return run(from_options(options), options.detached)


if __name__ == "__main__":
    raise SystemExit(main())

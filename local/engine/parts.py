"""The three processes of the stack: how each is started and known to be ready."""

from __future__ import annotations

import signal
from pathlib import Path

from local.engine import context, processes, steps
from local.engine.part import Part
from local.engine.settings import ROOT, Settings, venv_python
from local.postgres import Postgres


def postgres(settings: Settings, server: Postgres) -> Part:
    return Part(
        name="postgres",
        port=server.port,
        command=server.command,
        environment=lambda: server.environment,
        ready=server.ready,
        log=settings.logs / "postgres.log",
        folder=Path("/"),
        user=server.user,
        stop_signal=signal.SIGINT,
    )


def sandbox(settings: Settings, port: int, api: str, keys: dict[str, str]) -> Part:
    """`keys` is read at each start: the seed may have changed the one the sandbox plays n8n with."""
    data = settings.state / "sandbox"
    command = [str(venv_python("local")), "-m", "local.sandbox", "--port", str(port), "--data", str(data)]

    def environment() -> dict[str, str]:
        return context.clean_environment(
            SIDEDESK_URL=api, SIDEDESK_SERVICE_KEY=keys["service_key"], N8N_WEBHOOK_TOKEN=keys["n8n_token"]
        )

    return Part(
        name="sandbox",
        port=port,
        command=lambda: command,
        environment=environment,
        ready=lambda: steps.status_of(f"http://127.0.0.1:{port}/health", 2) == 200,
        log=settings.logs / "sandbox.log",
        folder=ROOT,
    )


def engine(settings: Settings, ports: dict[str, int]) -> Part:
    root = settings.template.parent
    watched = [str(root / name) for name in ("functions", "shared", "console")]
    log = str(settings.logs / "functions.log")
    command = [str(venv_python("local")), "-m", "local.engine.launcher", str(ports["api"]), log, *watched]
    health = f"http://127.0.0.1:{ports['aws']}/_ministack/health"
    return Part(
        name="engine",
        port=ports["aws"],
        command=lambda: command,
        environment=lambda: context.engine_environment(settings.state, ports["aws"]),
        ready=lambda: steps.status_of(health, 2) == 200 and not processes.is_free(ports["api"]),
        log=settings.logs / "engine.log",
        folder=ROOT,
    )

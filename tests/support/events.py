"""The events under `events/`, with a test's own ids and keys where the files have made-up ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "events"
JOB = "3d8f2c1a-6f0e-4b57-9a53-2f6f5a8b1c01"
SCORECARD = "b7a4c7de-52a3-4f3e-8d0f-6c1f0b7d2e02"
TENANT = "028c062d-c0ff-552c-a3d5-992193c34dd0"
TOKEN = "Bearer <token>"
SERVICE_KEY = "Bearer <service key>"


def event(name: str, put: dict[str, str]) -> dict[str, Any]:
    """`event("webhooks/n8n-result", {JOB: job_id, SERVICE_KEY: f"Bearer {key}"})`."""
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    for made_up, real in put.items():
        text = text.replace(made_up, real)
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def names() -> set[str]:
    """Every event there is, without the n8n workflow, which is none."""
    return {
        path.relative_to(FOLDER).with_suffix("").as_posix()
        for path in FOLDER.glob("*/*.json")
        if path.parent.name != "n8n"
    }

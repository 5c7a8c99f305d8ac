"""What a stack is made of: folders, wishes for ports, the places of its state. Standard library only."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PORTS = {"postgres": 55432, "sandbox": 8090, "aws": 4566, "api": 8080}
STEPS = ("sandbox", "migrate", "seed")


@dataclass(frozen=True)
class Settings:
    template: Path
    state: Path
    share: Path
    ports: dict[str, int] = field(default_factory=lambda: dict(PORTS))
    skip: frozenset[str] = frozenset()
    database_url: str | None = None

    @property
    def run(self) -> Path:
        return self.state / "run"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def parts_file(self) -> Path:
        return self.run / "parts.json"

    @property
    def lock_file(self) -> Path:
        return self.run / "lock"

    @property
    def stack_file(self) -> Path:
        return self.share / "stack.json"

    @property
    def data(self) -> tuple[Path, ...]:
        """Everything `clean` removes."""
        names = ("pg", "aws", "sandbox", "logs", "run", "secrets.json")
        return (*(self.state / name for name in names), self.share)


def venv_python(name: str) -> Path:
    return ROOT / ".local" / "venv" / name / "bin" / "python"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--template", type=Path, default=ROOT / "template.yaml", help="the stack to run")
    parser.add_argument("--state", type=Path, default=ROOT / ".local", help="where its data lives")
    parser.add_argument("--share", type=Path, default=ROOT / ".sidedesk", help="where stack.json goes")
    parser.add_argument("--skip", nargs="*", default=[], choices=STEPS, help="parts to leave out")
    for name, default in PORTS.items():
        wish = int(os.environ.get(f"SIDEDESK_{name.upper()}_PORT", default))
        parser.add_argument(f"--{name}-port", type=int, default=wish)


def from_options(options: argparse.Namespace) -> Settings:
    return Settings(
        template=options.template.resolve(),
        state=options.state.resolve(),
        share=options.share.resolve(),
        ports={name: getattr(options, f"{name}_port") for name in PORTS},
        skip=frozenset(options.skip),
        database_url=os.environ.get("DATABASE_URL") or None,
    )


def write_json(path: Path, value: Any) -> None:
    """Whole or not at all, and for this user's eyes: these files hold keys."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)


def read_json(path: Path) -> Any:
    """The content, or None when there is nothing readable."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None

"""The product's modules and what each imports, read without running them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SHARED, FUNCTIONS = ROOT / "shared" / "sidedesk", ROOT / "functions"
# Doors and tools that every capability may use; everything else directly under sidedesk/ is a capability.
FOUNDATION = {"platform", "clients", "ai", "migrations"}
CAPABILITIES = {path.name for path in SHARED.iterdir() if (path / "__init__.py").is_file()} - FOUNDATION


@dataclass(frozen=True)
class Source:
    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def package(self) -> str:
        """`audits` for sidedesk/audits/service.py, empty for a module directly under sidedesk/."""
        parts = self.path.relative_to(SHARED).parts
        return parts[0] if len(parts) > 1 else ""

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"), self.name)

    @cached_property
    def imports(self) -> set[str]:
        """Dotted names of all it imports, wherever: `from sidedesk.audits import service` is sidedesk.audits.service."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name}: write imports in full"
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
        return found

    def uses(self, *packages: str) -> set[str]:
        """What it imports of these packages."""
        return {name for name in self.imports if any(name == one or name.startswith(f"{one}.") for one in packages)}


def shared() -> Iterator[Source]:
    yield from (Source(path) for path in sorted(SHARED.rglob("*.py")))


def functions() -> Iterator[Source]:
    yield from (Source(path) for path in sorted(FUNCTIONS.glob("*/*/*.py")))

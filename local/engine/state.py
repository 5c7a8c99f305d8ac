"""The emulator's saved state on disk: it holds addresses, so it moves when the port does."""

from __future__ import annotations

from pathlib import Path


def move(folder: Path, port: int) -> None:
    """Let the state of an earlier run speak of today's port."""
    note = folder.parent / "port"
    before = note.read_text().strip() if note.exists() else ""
    if before and before != str(port):
        for path in folder.glob("*.json"):
            text = path.read_text(encoding="utf-8")
            moved = text
            for host in ("localhost", "127.0.0.1"):
                moved = moved.replace(f"{host}:{before}/", f"{host}:{port}/")
            if moved != text:
                draft = path.with_suffix(".moved")
                draft.write_text(moved, encoding="utf-8")
                draft.replace(path)
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(str(port))

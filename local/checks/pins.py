"""Is every package pinned by hash, and is no place named to fetch it from?"""

from __future__ import annotations

import json
import re
from pathlib import Path

from local.bootstrap import ROOT
from local.checks.tools import tracked

PINNED = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[^\]]+\])?==[^\s;]+( *;[^\\]*)?\s*\\$")
HASH = re.compile(r"^ +--hash=sha256:[0-9a-f]{64}( \\)?$")


def check() -> list[str]:
    found = []
    for path in tracked("requirements/*.txt", "layers/*/requirements.txt"):
        found += lock_problems(path.relative_to(ROOT), path.read_text(encoding="utf-8"))
    for path in tracked("requirements/*.in", "layers/*/requirements.in"):
        lock = path.with_suffix(".txt")
        if not lock.is_file():
            found.append(f"{path.relative_to(ROOT)} has no lock: run make locks")
    for path in tracked("*package-lock.json"):
        found += npm_problems(path.relative_to(ROOT), path.read_text(encoding="utf-8"))
    return found


def lock_problems(name: Path, text: str) -> list[str]:
    """Each line is a pin followed by its hashes, and nothing else."""
    found, hashes = [], 1
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if HASH.match(line):
            hashes += 1
        elif PINNED.match(line):
            if not hashes:
                found.append(f"{name}:{number} follows a package without a hash")
            hashes = 0
        else:
            found.append(f"{name}:{number} is neither a pin nor a hash: {line.strip()[:60]}")
    return found if hashes else [*found, f"{name} ends with a package without a hash"]


def npm_problems(name: Path, text: str) -> list[str]:
    """Packages carry their hash; where they come from is the machine's configuration."""
    found = []
    for package, entry in json.loads(text).get("packages", {}).items():
        if "resolved" in entry:
            found.append(f"{name}: {package} names the registry it came from")
        if package and not entry.get("link") and "integrity" not in entry:
            found.append(f"{name}: {package} has no hash")
    return found

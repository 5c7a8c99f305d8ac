"""Is the repository free of secrets, machine paths and registry addresses?"""

from __future__ import annotations

import re
from pathlib import Path

from local.bootstrap import ROOT
from local.checks.tools import tracked

# One letter in brackets, so that this file does not find itself.
PLACES = re.compile(
    "|".join(
        (
            r"(?<![\w.$}])/(?:[w]ork|[r]oot)/|(?<![\w.$}])/[f]arm\b",
            r"\.\./[s]hared/(?:spec|design|contracts|seeds|prototypes)",
            r"(?<![\w.$}])/(?:[h]ome|[U]sers)/(?!user\b|you\b|me\b)[a-z][\w-]*/",
            r"/tmp/[b]rief",
        )
    )
)
REGISTRIES = re.compile(
    r"--(?:extra-)?index-[u]rl|registry\.npmjs\.[o]rg|pypi\.org/[s]imple|files\.python[h]osted|artifact[o]ry"
)
SECRETS = re.compile(
    "|".join(
        (
            r"\bA(?:KIA|SIA)[0-9A-Z]{16}\b",
            r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*\\?n?\s*[A-Za-z0-9+/]{40}",
            r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
            r"\bxox[abp]-[0-9A-Za-z-]{20,}",
            r"\bsk-(?:proj-)?[A-Za-z0-9]{40,}",
            r"\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{40,}\.[A-Za-z0-9_-]{40,}",
            r"\bsd_[0-9a-f]{32}_[A-Za-z0-9_-]{32,}",
        )
    )
)
KINDS = (("a path of somebody's machine", PLACES), ("a package registry's address", REGISTRIES), ("a secret", SECRETS))
BINARY = {".png", ".jpg", ".webp", ".woff2", ".ico", ".pdf", ".wav", ".mp3", ".gz", ".zip"}


def check() -> list[str]:
    found = []
    for path in tracked():
        if path.suffix not in BINARY and not path.is_symlink():
            found += text_problems(path.relative_to(ROOT), path.read_text(encoding="utf-8", errors="replace"))
    return found


def text_problems(name: Path, text: str) -> list[str]:
    found = []
    for what, pattern in KINDS:
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"{name}:{line} holds {what}: {match.group()[:24]}…")
    return found

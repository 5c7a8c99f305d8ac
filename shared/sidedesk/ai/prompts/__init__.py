"""Prompts as versioned files: `<task>.v<version>.md`, a header, the system text, then what is given as the user.

---
task: audit.judge
version: 1
temperature: 0
max_tokens: 1500
---
Task: audit.judge
You are …

# User
{{ transcript }}

The system text begins with its task, so that logs, people and test doubles recognise it. A changed prompt is a new file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_FILE = re.compile(r"^(?P<task>[a-z][a-z0-9_.]*)\.v(?P<version>\d+)\.md$")
_SLOT = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*\}\}")
_USER = re.compile(r"^# User[ \t]*$", re.MULTILINE)


class PromptError(RuntimeError):
    """A prompt file, or what it was filled with, is wrong. A programming error."""


class Header(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str
    version: int = Field(ge=1)
    purpose: str = ""  # whose model choice applies; the task's own unless named
    temperature: float | None = Field(default=0.0, ge=0, le=2)
    max_tokens: int = Field(ge=1, le=200_000)
    # neutralise: instructions found in the data are taken out; keep: the data goes as it is
    untrusted: Literal["neutralise", "keep"] = "neutralise"


@dataclass(frozen=True, slots=True)
class Prompt:
    header: Header
    system: str
    user: str
    hash: str

    @property
    def purpose(self) -> str:
        return self.header.purpose or self.header.task

    @property
    def version(self) -> str:
        return f"{self.header.task}.v{self.header.version}"

    @property
    def slots(self) -> set[str]:
        return set(_SLOT.findall(self.system)) | set(_SLOT.findall(self.user))

    def fill(self, values: Mapping[str, str]) -> tuple[str, str]:
        """System and user text. Missing names and unused ones are both mistakes."""
        missing, unused = self.slots - set(values), set(values) - self.slots
        if missing or unused:
            raise PromptError(f"{self.version}: missing {sorted(missing)}, unused {sorted(unused)}")
        # One pass: a value that contains {{ another }} stays what it is.
        return (
            _SLOT.sub(lambda slot: values[slot.group(1)], self.system).strip(),
            _SLOT.sub(lambda slot: values[slot.group(1)], self.user).strip(),
        )


class Library:
    """The prompts of one folder."""

    def __init__(self, root: Traversable) -> None:
        self._files: dict[str, dict[int, Traversable]] = {}
        for entry in root.iterdir():
            if match := _FILE.match(entry.name):
                self._files.setdefault(match["task"], {})[int(match["version"])] = entry
        self._read: dict[Traversable, Prompt] = {}

    def get(self, task: str, version: int | None = None) -> Prompt:
        """A prompt by task: the newest version, or the one that is asked for."""
        versions = self._files.get(task, {})
        file = versions.get(version or max(versions, default=0))
        if file is None:
            raise PromptError(f"there is no prompt {task}.v{version or '*'}.md")
        if file not in self._read:
            self._read[file] = _parse(file.name, file.read_text(encoding="utf-8"))
        return self._read[file]

    def versions(self, task: str) -> list[int]:
        return sorted(self._files.get(task, {}))

    def all(self) -> list[Prompt]:
        return [self.get(task, version) for task in sorted(self._files) for version in sorted(self._files[task])]


@lru_cache(maxsize=1)
def shipped() -> Library:
    return Library(resources.files("sidedesk.ai.prompts"))


def _parse(name: str, text: str) -> Prompt:
    parts = text.split("---\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise PromptError(f"{name}: begin with a header between two lines of ---")
    fields = dict(line.split(":", 1) for line in parts[1].splitlines() if line.strip())
    header = Header.model_validate({key.strip(): value.strip() for key, value in fields.items()})
    if f"{header.task}.v{header.version}.md" != name:
        raise PromptError(f"{name}: the header says {header.task}.v{header.version}")
    system, _, user = _split(parts[2])
    if system.splitlines()[:1] != [f"Task: {header.task}"]:
        raise PromptError(f"{name}: the text must begin with the line 'Task: {header.task}'")
    return Prompt(header, system, user, hashlib.sha256(text.encode()).hexdigest()[:16])


def _split(body: str) -> tuple[str, str, str]:
    match = _USER.search(body)
    if match is None:
        raise PromptError("a prompt needs a line '# User' before what is given to the model")
    return body[: match.start()].strip(), match.group(), body[match.end() :].strip()

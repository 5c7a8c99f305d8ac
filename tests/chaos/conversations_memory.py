"""Ten thousand conversations in and out again on a stack, and what the two workers need for it.

`python -m tests.chaos.conversations_memory` uses a stack of its own; `run` takes one that is up.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

from local.engine.settings import ROOT
from tests.chaos.audits.figures import Figures
from tests.chaos.audits.stack import NotStarted, Stack

MANY = 10_000
FIRST = 1_000  # what a worker needs at all, before it is asked how that grows
GROWTH_MB = 32
BUCKET = "sidedesk-local-filesbucket"
DOCUMENTS = 50


class Memory:
    """The most that any process of a function has needed."""

    def __init__(self, stack: Stack, function: str) -> None:
        self._stack, self._function, self._peaks = stack, function, dict[int, int]()

    def look(self) -> None:
        for pid in self._stack.workers(self._function):
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            kilobytes = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")]
            self._peaks[pid] = max([self._peaks.get(pid, 0), *kilobytes])

    @property
    def megabytes(self) -> float:
        return round(max(self._peaks.values(), default=0) / 1024, 1)


def lines(first: int, count: int) -> bytes:
    """Conversations of a usual size: twelve turns, about four kilobytes."""
    made = []
    for number in range(first, first + count):
        turns = [
            {
                "role": "agent" if turn % 2 else "customer",
                "text": f"Turn {turn} of conversation {number}. " + "The parcel of last week has not arrived yet. " * 6,
                "at": f"2026-11-{1 + number % 18:02}T{8 + turn % 10:02}:{number % 60:02}:00Z",
            }
            for turn in range(12)
        ]
        customer = {"name": f"Customer {number}", "email": f"customer{number}@customer.example"}
        made.append(json.dumps({"external_id": f"memory-{number}", "customer": customer, "turns": turns}))
    return ("\n".join(made) + "\n").encode()


def run(stack: Stack, figures: Figures, tokens: dict[str, str], tenant_id: str, many: int = MANY) -> None:
    _Run(stack, figures, tokens["owner"], tenant_id).everything(many)


class _Run:
    def __init__(self, stack: Stack, figures: Figures, token: str, tenant_id: str) -> None:
        self.stack, self.figures, self.token, self.tenant_id = stack, figures, token, tenant_id

    def everything(self, many: int) -> None:
        before = self._conversations()
        memory = Memory(self.stack, "conversations/import_conversations")
        self.figures.part(f"import of {FIRST:,}, then of {many:,}")
        self._import(lines(0, FIRST), memory)
        small = memory.megabytes
        content = lines(FIRST, many)
        state, seconds = self._import(content, memory)
        self.figures.exactly("import ended as", state["status"], "completed")
        self.figures.exactly("created", state["created"], many)
        self.figures.exactly("rows", self._conversations() - before, FIRST + many)
        self._grown("import", small, memory.megabytes, seconds, many)
        again, seconds = self._import(content, memory)
        self.figures.exactly("the same file again: unchanged", again["unchanged"], many)
        self.figures.note("the same file again, seconds", round(seconds, 1))

        memory = Memory(self.stack, "conversations/export_conversations")
        self.figures.part(f"export of {FIRST:,}, then of {many:,}")
        self._enrich()
        self._export(f"topic=memory-{FIRST}", memory)
        small = memory.megabytes
        done, seconds = self._export("topic=memory", memory)
        self.figures.exactly("export ended as", done["status"], "completed")
        self.figures.exactly("written", done["written"], many)
        self.figures.exactly("lines in the file", self._count(done), many)
        self._grown("export", small, memory.megabytes, seconds, many)

    def _grown(self, what: str, small: float, large: float, seconds: float, many: int) -> None:
        self.figures.note(f"{what}: conversations a second", round(many / seconds))
        self.figures.note(f"{what}: peak memory, MB", large)
        self.figures.at_most(f"{what}: growth from {FIRST:,} to {many:,}, MB", round(large - small, 1), GROWTH_MB)

    def _conversations(self) -> int:
        return int(self.stack.value("SELECT count(*) FROM conversations WHERE tenant_id = %s", self.tenant_id))

    def _import(self, content: bytes, memory: Memory) -> tuple[dict[str, Any], float]:
        wish = {"purpose": "import", "filename": "m.jsonl", "content_type": "application/jsonl", "size": len(content)}
        slot = self._call("POST", "/api/uploads", wish)
        self.stack.http.put(slot["url"], content=content, headers=slot["headers"]).raise_for_status()
        self._call("POST", f"/api/uploads/{slot['upload_id']}/complete", {})
        began = time.monotonic()
        begun = self._call("POST", "/api/conversations/import", {"upload_id": slot["upload_id"]})
        return self._ended(begun, memory), time.monotonic() - began

    def _export(self, query: str, memory: Memory) -> tuple[dict[str, Any], float]:
        began = time.monotonic()
        begun = self._call("GET", f"/api/conversations/export?format=jsonl&{query}", None)
        return self._ended(begun, memory), time.monotonic() - began

    def _ended(self, begun: dict[str, Any], memory: Memory) -> dict[str, Any]:
        def look() -> Any:
            memory.look()
            state = self._call("GET", begun["status_url"], None)
            return state if state["status"] in ("completed", "failed") else None

        found: dict[str, Any] | None = self.figures.wait(look, 300)
        memory.look()
        return found or self._call("GET", begun["status_url"], None)

    def _enrich(self) -> None:
        """As if all were enriched: rows that point to a few documents."""
        s3 = boto3.client(
            "s3", endpoint_url=self.stack.file["aws"], region_name="us-east-1", aws_access_key_id="test",
            aws_secret_access_key="test",
        )  # fmt: skip
        for number in range(DOCUMENTS):
            turns = [{"role": "agent", "text": f"{number} " + "words " * 150, "labels": list(range(20))}] * 12
            content = json.dumps({"format": "sidedesk.enriched/1", "turns": turns}).encode()
            digest = hashlib.sha256(content).hexdigest()
            key = f"conversations/{self.tenant_id}/memory/enriched/{digest}.json"
            s3.put_object(Bucket=BUCKET, Key=key, Body=content)
            self.stack.sql(
                "UPDATE conversations SET enriched_storage_path = %s, enrichment_status = 'completed', enriched_from = raw_digest, "
                "topic = CASE WHEN substr(external_id, 8)::int < %s THEN %s ELSE 'memory' END "
                "WHERE tenant_id = %s AND external_id LIKE 'memory-%%' AND substr(external_id, 8)::int %% %s = %s",
                key, FIRST, f"memory-{FIRST}", self.tenant_id, DOCUMENTS, number,
            )  # fmt: skip

    def _count(self, done: dict[str, Any]) -> int:
        with self.stack.http.stream("GET", done["url"]) as answer:
            return sum(block.count(b"\n") for block in answer.iter_bytes())

    def _call(self, method: str, path: str, body: Any) -> Any:
        return _patiently(lambda: self.stack.call(method, path, body, self.token))


def _patiently(call: Callable[[], Any]) -> Any:
    """Somebody else may be killing functions meanwhile."""
    for _ in range(8):
        try:
            return call()
        except RuntimeError as error:
            if " 50" not in str(error):
                raise
            time.sleep(1)
    return call()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.conversations_memory", description=__doc__)
    parser.add_argument("--many", type=int, default=MANY)
    parser.add_argument("--state", type=Path, default=ROOT / ".local" / "conversations-memory")
    options = parser.parse_args()
    figures, stack = Figures(), Stack(options.state.resolve())
    try:
        stack.start()
        run(stack, figures, stack.file["tokens"], stack.file["tenant_id"], options.many)
    except NotStarted as problem:
        print(problem, file=sys.stderr)
        return 1
    finally:
        stack.stop()
    if not figures.off:
        stack.forget()
    return 1 if figures.off else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""A hundred conversations, a model that fails one call in ten, a worker killed every two seconds, two runs over the same ids."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs

from tests.chaos.audits.figures import Figures
from tests.chaos.audits.stack import Stack

COUNT, BROKEN = 100, 4
KILL_EVERY = 2.0
# A process younger than this is still starting, on two shared cores at least: killing those alone would be killing nobody at work.
GROWN_UP = 4.0
STEPS = ("next_items", "validate", "enrich", "normalise", "record_failure")
# One call in ten, in every way a model fails.
FAULTS: tuple[dict[str, Any], ...] = (
    {"status": 429, "rate": 0.03, "seed": 11, "headers": {"retry-after": "1"}, "body": {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}},
    {"status": 500, "rate": 0.03, "seed": 12, "body": {"error": {"message": "oops"}}},
    {"hang": True, "rate": 0.02, "seed": 13},
    {"effect": "broken_json", "rate": 0.02, "seed": 14},
)  # fmt: skip
TIMEOUT = 4.0
SETTLED = ("completed", "failed")


class Person:
    """Presses Enrich and looks; remembers every answer whose sums do not add up."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.token = stack, stack.file["tokens"]["admin"]
        self.answers = 0
        self.wrong: list[Any] = []

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        named = {"Authorization": f"Bearer {self.token}", **headers}
        return self.stack.http.request(method, self.stack.file["api"] + path, json=body, headers=named)

    def seen(self, answer: httpx.Response) -> dict[str, Any]:
        told: dict[str, Any] = answer.json()
        if "summary" in told:
            summary = told["summary"]
            parts = sum(summary.get(part, 0) for part in ("successful", "failed", "skipped", "pending"))
            settled = summary["total"] - summary.get("pending", 0)
            self.answers += 1
            if (
                parts != summary["total"]
                or len(told["results"]) != settled
                or told["success"] != (summary["failed"] == 0)
            ):
                self.wrong.append(summary)
        return told

    def start(self, ids: list[str], *, sequential: bool = False) -> str:
        body = {"conversationIds": ids, "sequential": sequential}
        answer = self.call("POST", "/api/conversations/bulk-enrich", body, prefer="respond-async")
        return str(self.seen(answer)["run_id"])

    def look(self, run_id: str) -> dict[str, Any]:
        with suppress(httpx.HTTPError, ValueError):  # the API's own worker may be killed too
            return self.seen(self.call("GET", f"/api/conversations/bulk-enrich/{run_id}"))
        return {}


def conversations() -> list[dict[str, Any]]:
    dice = random.Random(5)
    made = []
    for number in range(COUNT):
        phone = f"+49 151 {dice.randint(1_000_000, 9_999_999)}"
        texts = (
            f"Hi, I am Dana Whitfield. Order NW-{dice.randint(10_000, 99_999)} never came, write to dana{number}@customer.example.",
            "Hello Dana, I am sorry about that. I will look into it at once.",
            f"Please call me on {phone} when you know more.",
            "I've just refunded 20 euros. Is there anything else?",
            "Thank you, that helps a lot!",
        )
        turns = [
            {"role": "agent" if place % 2 else "customer", "text": text, "at": f"2026-11-03T09:{place:02}:00Z"}
            for place, text in enumerate(texts)
        ]
        if number < BROKEN:
            turns[0]["role"] = "boss"
        made.append(
            {
                "external_id": f"chaos-{number}",
                "customer": {"name": "Dana Whitfield", "email": f"dana{number}@customer.example"},
                "turns": turns,
            }
        )
    return made


def run(stack: Stack, figures: Figures) -> None:
    person = Person(stack)
    stack.sql("UPDATE tenants SET month_cap_usd = 10000")
    stack.sql(
        "UPDATE integrations SET config = config || %s::jsonb WHERE kind = 'openai'",
        json.dumps({"timeout_seconds": TIMEOUT}),
    )
    stored = person.call("POST", "/api/conversations", {"conversations": conversations()})
    assert stored.is_success, stored.text
    ids = [
        str(row[0])
        for row in stack.sql(
            "SELECT id FROM conversations WHERE external_id LIKE 'chaos-%%' ORDER BY length(external_id), external_id"
        )
    ]
    figures.part(
        f"{COUNT} conversations, {BROKEN} of them broken; the model fails one call in ten, a worker dies every {KILL_EVERY:g} s"
    )
    figures.exactly("conversations stored", len(ids), COUNT)
    for fault in FAULTS:
        stack.sandbox("POST", "faults", {"provider": "openai", "route": "*/chat/completions", **fault})
    with killing(stack) as kills:
        first = person.start(ids)
        second = person.start(ids[COUNT // 3 :][::-1], sequential=True)
        both = figures.wait(lambda: _over(person, first) & _over(person, second), 330, every=2)
    for fault in stack.sandbox("GET", "faults")["faults"]:
        stack.sandbox("DELETE", f"faults/{fault['id']}")
    one, two = person.look(first), person.look(second)
    figures.exactly("both runs ended", bool(both), True)
    figures.note("kill -9 of workers", len(kills))
    figures.note("first run", _told(one))
    figures.note("second run, over two thirds of the same ids", _told(two))
    states = _states(stack)
    figures.note("conversations", dict(Counter(status for _, status, *_ in states)))
    figures.exactly(
        "conversations that ended neither completed nor failed", [row for row in states if row[1] not in SETTLED], []
    )
    failed = [row for row in states if row[1] == "failed"]
    figures.note("failed, by category", dict(Counter(row[3] for row in failed)))
    untrue = [row for row in failed if not _true(row)]
    figures.exactly("failures without a true reason", untrue, [])
    figures.exactly("broken ones named as such", sum(row[3] == "invalid_raw" for row in failed), BROKEN)
    figures.exactly(
        "held by nobody any more", stack.value("SELECT count(*) FROM conversations WHERE leased_until > now()"), 0
    )
    _again(stack, figures, person, ids, completed=sum(row[1] == "completed" for row in states))
    _documents(stack, figures, person)
    figures.exactly(f"answers whose sums do not add up, of {person.answers}", person.wrong, [])


def _again(stack: Stack, figures: Figures, person: Person, ids: list[str], completed: int) -> None:
    figures.part("the same hundred again, with a model that is well")
    asked = _calls(stack)
    run_id = person.start(ids)
    figures.wait(lambda: _over(person, run_id), 100, every=2)
    told = person.look(run_id)
    figures.exactly("completed ones skipped", told["summary"]["skipped"], completed)
    figures.exactly("the others enriched, the broken ones failed", told["summary"]["failed"], BROKEN)
    figures.exactly("calls of the model", _calls(stack) - asked, COUNT - BROKEN - completed)
    figures.exactly(
        "completed now",
        stack.value("SELECT count(*) FROM conversations WHERE enrichment_status = 'completed'"),
        COUNT - BROKEN,
    )


def _documents(stack: Stack, figures: Figures, person: Person) -> None:
    schema = person.call("GET", "/schemas/enriched-conversation/v1.json").json()
    check = jsonschema_rs.validator_for(schema)
    wrong, leaking, several = [], [], 0
    rows = stack.sql("SELECT id FROM conversations WHERE enrichment_status = 'completed'")
    for (conversation_id,) in rows:
        text = person.call("GET", f"/api/conversations/{conversation_id}/enriched").text
        document = json.loads(text)
        document = document.get("document", document)
        wrong += [str(error.message) for error in check.iter_errors(document)][:1]
        leaking += [
            word for word in ("customer.example", "+49 151", "Whitfield", "Dana") if word in json.dumps(document)
        ]
        several += document["provenance"]["calls"] > 1
    figures.part("every enriched document")
    figures.exactly("documents", len(rows), COUNT - BROKEN)
    figures.exactly("that depart from the published schema", wrong, [])
    figures.exactly("that hold personal data of the raw one", leaking, [])
    figures.note("for which the model had to correct itself", several)


def _over(person: Person, run_id: str) -> bool:
    return person.look(run_id).get("status") == "completed"


def _told(run: dict[str, Any]) -> str:
    return ", ".join(f"{value} {name}" for name, value in run.get("summary", {}).items())


def _states(stack: Stack) -> list[tuple[Any, ...]]:
    return stack.sql(
        "SELECT external_id, enrichment_status, failed_step, error_category, error_message FROM conversations WHERE external_id LIKE 'chaos-%%'"
    )


def _true(row: tuple[Any, ...]) -> bool:
    """The broken ones fail for what they are, the others for what was done to the model or to a worker."""
    name, _, step, category, message = row
    broken = int(name.removeprefix("chaos-")) < BROKEN
    if broken:
        return (step, category) == ("validate", "invalid_raw") and "boss" in message
    return category in ("llm_unavailable", "timeout") and len(message) > 20


def _calls(stack: Stack) -> int:
    return int(
        stack.value("SELECT count(*) FROM ai_usage WHERE purpose = 'enrich.conversation' AND basis <> 'released'")
    )


def age(pid: int) -> float:
    """Seconds since a process began; none when it is gone."""
    with suppress(OSError):
        return time.time() - Path(f"/proc/{pid}").stat().st_mtime
    return 0.0


@contextmanager
def killing(stack: Stack) -> Iterator[list[str]]:
    """`kill -9` of one process of the workflow's steps, again and again."""
    chance, done, killed = random.Random(3), threading.Event(), list[str]()

    def hunt() -> None:
        while not done.wait(KILL_EVERY):
            alive = [
                (step, pid) for step in STEPS for pid in stack.workers(f"enrichment/{step}") if age(pid) > GROWN_UP
            ]
            if alive:
                step, pid = chance.choice(alive)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(step)

    hunter = threading.Thread(target=hunt, daemon=True)
    hunter.start()
    try:
        yield killed
    finally:
        done.set()
        hunter.join()

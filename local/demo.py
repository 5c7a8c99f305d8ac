"""`make demo`: fill the first tenant and audit a month of chats, through the public API, as a person would.

Standard library only. Starts the stack when it is not up.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

ROOT = Path(__file__).resolve().parent.parent
STACK = ROOT / ".sidedesk" / "stack.json"
DAYS = 40
LONGEST_SECONDS = 600
SCORECARD: dict[str, Any] = {
    "name": "Support quality",
    "pass_threshold": 75,
    "criteria": [
        {
            "id": "greeting", "label": "Greets the customer", "type": "yes_no", "weight": 1,
            "guidance": "The agent's first message greets the customer.",
        },
        {
            "id": "empathy", "label": "Shows empathy", "type": "score", "weight": 2, "max": 5,
            "guidance": "Acknowledges the customer's situation in their own words, without blaming anyone.",
        },
        {
            "id": "accuracy", "label": "Answers the question", "type": "score", "weight": 3, "max": 5, "critical": True,
            "guidance": "The question is answered completely and correctly, or a clear next step with a time is named.",
        },
        {
            "id": "promises", "label": "Promises nothing it cannot keep", "type": "yes_no", "weight": 2,
            "guidance": "No guarantee, refund or date is promised that the agent cannot give. Yes means none was.",
        },
        {
            "id": "closing", "label": "Closes well", "type": "choice", "weight": 1,
            "guidance": "How the conversation ends on the agent's side.",
            "options": [
                {"value": "offered_help", "label": "Offers further help", "points": 2},
                {"value": "plain", "label": "Ends politely", "points": 1},
                {"value": "abrupt", "label": "Ends abruptly", "points": 0},
            ],
        },
    ],
}  # fmt: skip


class Api:
    """The public API, as one signed-in person."""

    def __init__(self, base: str, token: str) -> None:
        self.base, self.token = base, token

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid4())
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            with suppress(ValueError, KeyError):
                text = json.loads(text)["error"]
            raise SystemExit(f"{method} {path} was refused: {text}") from error
        except OSError as error:
            raise SystemExit(f"The API does not answer ({error}). Look at make status.") from error


def stack() -> dict[str, Any]:
    """The running stack, started first if need be."""
    if not _answers():
        print("The stack is not up yet; starting it.", flush=True)
        command = [sys.executable, "-m", "local.engine", "up", "--detach"]
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            raise SystemExit("The stack did not start; what it said is above.")
    found: dict[str, Any] = json.loads(STACK.read_text(encoding="utf-8"))
    return found


def _answers() -> bool:
    try:
        base = json.loads(STACK.read_text(encoding="utf-8"))["api"]
        with urllib.request.urlopen(f"{base}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError, KeyError):
        return False


def people(api: Api) -> list[dict[str, Any]]:
    """The agents Intercom knows, taken over as employees."""
    api.call("POST", "/api/people/sync", {})
    found: list[dict[str, Any]] = api.call("GET", "/api/people?has_intercom=true&limit=100")["data"]
    return found


def scorecard(api: Api) -> dict[str, Any]:
    known = api.call("GET", "/api/scorecards?limit=100")["data"]
    mine: list[dict[str, Any]] = [one for one in known if one["name"] == SCORECARD["name"]]
    return mine[0] if mine else dict(api.call("POST", "/api/scorecards", SCORECARD))


def choose_engine(api: Api, engine: str) -> None:
    """n8n plays the audits, or our own workflow does."""
    settings = api.call("GET", "/api/settings")
    if settings["audit_engine"] != engine:
        api.call("PUT", "/api/settings", {"audit_engine": engine, "version": settings["version"]})


def run(api: Api, card: dict[str, Any], chosen: list[dict[str, Any]]) -> dict[str, Any]:
    """Press Run and watch the bar to its end."""
    last = datetime.now(UTC).date() - timedelta(days=1)
    wish = {
        "scorecard_id": card["id"],
        "start_date": str(last - timedelta(days=DAYS - 1)),
        "end_date": str(last),
        "intercom_admin_ids": [person["intercom_admin_id"] for person in chosen],
        "notify_me_when_done": True,
        "notify_results_to_audited_people": True,
    }
    started = api.call("POST", "/api/massive-ai-audit/start", wish)
    begun = time.monotonic()
    path = f"/api/massive-ai-audit/jobs/{started['job_id']}"
    while True:
        job: dict[str, Any] = api.call("GET", path)
        draw(job, time.monotonic() - begun)
        if job["status"] not in ("queued", "running"):
            print()
            return job
        if time.monotonic() - begun > LONGEST_SECONDS:
            raise SystemExit(f"\nThe run is still {job['status']} after {LONGEST_SECONDS} s. Look at {path}.")
        time.sleep(1)


def draw(job: dict[str, Any], seconds: float) -> None:
    progress = job["progress"]
    filled = int(progress["percentage"] * 0.3)
    line = f"[{'█' * filled}{'·' * (30 - filled)}] {'  '.join(progress['text'][:2])}  {progress['percentage']:g}%  {seconds:.0f} s"
    if sys.stdout.isatty():
        print(f"\r\x1b[K{line}", end="", flush=True)
    elif job["status"] not in ("queued", "running") or int(seconds) % 10 == 0:
        print(line, flush=True)


def results(api: Api, job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every result of a run, page by page."""
    cursor = ""
    while True:
        page = api.call("GET", f"/api/massive-ai-audit/jobs/{job['id']}/assignments?limit=100{cursor}")
        yield from page["data"]
        if not page["next_cursor"]:
            return
        cursor = f"&cursor={page['next_cursor']}"


def report(api: Api, world: dict[str, Any], job: dict[str, Any]) -> dict[str, int]:
    """What came out, with every quote looked up in its transcript again."""
    chats = job["progress"]["conversations"]
    found = list(results(api, job))
    verdicts = Counter(result["verdict"] or result["outcome"] for result in found)
    audited = [result["id"] for result in found if result["outcome"] == "completed"]
    quotes = [there for audit_id in audited for there in looked_up(api, audit_id)]
    print(
        f"  {job['status']}: {chats['completed']} audited, {chats['skipped']} skipped as noise, {chats['failed']} failed"
    )
    print("  verdicts: " + ", ".join(f"{count} {name}" for name, count in sorted(verdicts.items())))
    print(f"  quotes:   {sum(quotes)} of {len(quotes)} are in their transcripts, word for word")
    print(f"  results:  {world['console']}#/audits/jobs/{job['id']}")
    if job["status"] != "completed" or not all(quotes):
        raise SystemExit(f"This run is not as it should be: {job['status']} {job['error_message'] or ''}")
    return {"audited": chats["completed"], "skipped": chats["skipped"], "failed": chats["failed"]}


def looked_up(api: Api, audit_id: str) -> Iterator[bool]:
    """For each quote of an audit: is it where it claims to be?"""
    audit = api.call("GET", f"/api/audits/{audit_id}")
    turns = {turn["part_id"]: turn["text"] for turn in audit["transcript"] or []}
    for criterion in audit["criteria"]:
        for quote in criterion["quotes"]:
            yield turns.get(quote["part_id"], "")[quote["start"] : quote["end"]] == quote["text"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=12, help="how many people to audit")
    parser.add_argument("--engines", nargs="+", default=["n8n", "native"], choices=["n8n", "native"])
    options = parser.parse_args()
    world = stack()
    api = Api(world["api"], world["tokens"]["admin"])
    chosen = people(api)[: options.agents]
    card = scorecard(api)
    print(f"Auditing {len(chosen)} people over the last {DAYS} days by “{card['name']}”, one agent every 2 seconds.")
    totals = []
    for engine in options.engines:
        choose_engine(api, engine)
        print(f"\n{engine} engine" if len(options.engines) > 1 else "")
        job = run(api, card, chosen)
        totals.append(report(api, world, job))
    choose_engine(api, options.engines[0])
    if any(total != totals[0] for total in totals):
        raise SystemExit(f"The engines disagree about the totals: {totals}")
    print(f"\nOpen {world['console']} and sign in as admin. Mails of these runs: {world['mail']}")


if __name__ == "__main__":
    main()

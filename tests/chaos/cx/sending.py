"""Approved replies while the sender is killed at every step and Chatwoot answers badly. One public reply for each, and no other."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sidedesk.clients.chatwoot import harmless
from tests.chaos.audits.figures import Figures
from tests.chaos.audits.stack import Stack
from tests.chaos.cx.office import AT_A_TIME, Office, post_id_of, question

SENDER = "cx/post_message"
KILLED = 5  # as many senders as may run at a time
EACH, TOGETHER = 6, 8
LONGEST_WAIT = 300.0  # a lease, a minute's tick, and a loaded machine
GRADES = {"tone": 4, "accuracy": 5, "policy": 5}
# How Chatwoot answers the post, once or twice, and whether it has stored the message then.
FAULTS: dict[str, dict[str, Any]] = {
    "429, twice": {"status": 429, "headers": {"retry-after": "1"}, "times": 2},
    "500, nothing stored": {"status": 500, "times": 1},
    "500, stored": {"status": 500, "after_running": True, "times": 1},
    "503, twice": {"status": 503, "times": 2},
    "no answer": {"hang": True, "times": 1},
    "cut off before the answer, stored": {"drop_after_bytes": 0, "times": 1},
    "cut off in the answer, stored": {"drop_after_bytes": 30, "times": 1},
    "half an answer, stored": {"malformed": True, "times": 1},
}
STEPS = ("before the claim", "after the claim", "after Chatwoot has stored it")


@dataclass(frozen=True)
class Draft:
    id: str
    display_id: int

    @property
    def route(self) -> str:
        return f"/api/v1/accounts/1/conversations/{self.display_id}"


def run(stack: Stack, figures: Figures, office: Office) -> None:
    wanted = len(STEPS) * KILLED + len(FAULTS) * EACH + TOGETHER
    drafts = _waiting(stack, figures, office, wanted)
    before = len(office.ours(private=False))
    held = {step: _killed(stack, figures, office, step, _take(drafts, KILLED)) for step in STEPS}
    approved = [draft for _, group in held.values() for draft in group]
    for fault in FAULTS.values():
        group = _take(drafts, EACH)
        for draft in group:
            stack.sandbox(
                "POST",
                "faults",
                {"provider": "chatwoot", "method": "POST", "route": f"{draft.route}/messages", **fault},
            )
        _approve_all(office, group)
        approved += group
    both = _take(drafts, TOGETHER)
    answers = _two_at_once(office, both)
    approved += both
    ids = [draft.id for draft in approved]
    sent = "SELECT count(*) FROM cx_drafts WHERE id = ANY(%s) AND status = 'sent'"
    began = time.monotonic()
    figures.wait(lambda: stack.value(sent, ids) == len(ids), LONGEST_WAIT, every=2)
    figures.part(f"{len(ids)} approvals while the sender is killed at every step and Chatwoot answers badly")
    for step, (count, _) in held.items():
        figures.exactly(f"replies whose sender was killed {step}", count, KILLED)
    figures.exactly("two people at once: answers", answers, {200: TOGETHER, 409: TOGETHER})
    figures.exactly("approved replies that are sent", stack.value(sent, ids), len(ids))
    _show_public(stack, figures, office, ids, before)
    figures.note("kinds of bad answers, each for so many replies", (len(FAULTS), EACH))
    figures.note("seconds until the last was out", round(time.monotonic() - began))


def _waiting(stack: Stack, figures: Figures, office: Office, count: int) -> list[Draft]:
    """Drafts that wait with their notes posted; new customers ask when there are too few."""
    found = _pending(stack, office)
    if len(found) < count:
        chance = random.Random(4)
        talks = office.welcome(count - len(found))
        said = [office.says(talk, question(chance)) for talk in talks]
        office.deliver([("asked", one) for one in office.of_messages(said)])
        figures.wait(lambda: office.drafted(talks) == len(talks), 240, every=2)
        found = _pending(stack, office)
    if len(found) < count:
        raise RuntimeError(f"Only {len(found)} of {count} drafts are there.")
    return found[:count]


def _pending(stack: Stack, office: Office) -> list[Draft]:
    rows = stack.sql(
        "SELECT d.id::text, c.display_id FROM cx_drafts d JOIN cx_conversations c USING (conversation_id) JOIN cx_notes n ON n.draft_id = d.id "
        "WHERE c.integration_id = %s AND d.status = 'pending' AND n.status = 'posted' AND c.last_incoming_id = d.last_message_id "
        "AND c.draft_due_at IS NULL ORDER BY d.created_at DESC",
        office.integration_id,
    )  # fmt: skip
    return [Draft(*row) for row in rows]


def _take(drafts: list[Draft], count: int) -> list[Draft]:
    taken, drafts[:count] = drafts[:count], []
    return taken


def _approve(office: Office, draft: Draft, role: str) -> int:
    body = {"grades": GRADES, "override": "Reviewed all the same."}
    answer = office.http.post(
        f"{office.stack.file['api']}/api/cx/approvals/{draft.id}/approve",
        json=body,
        headers={
            "Authorization": f"Bearer {office.stack.file['tokens'][role]}",
            "Idempotency-Key": str(uuid4()),
        },
    )
    return answer.status_code


def _approve_all(office: Office, drafts: Sequence[Draft]) -> None:
    with ThreadPoolExecutor(len(drafts)) as hands:
        refused = [status for status in hands.map(lambda one: _approve(office, one, "member"), drafts) if status != 200]
    if refused:
        raise RuntimeError(f"Approvals were refused: {refused}")


def _two_at_once(office: Office, drafts: Sequence[Draft]) -> dict[int, int]:
    people = [(draft, role) for draft in drafts for role in ("member", "admin")]
    with ThreadPoolExecutor(AT_A_TIME) as hands:
        return dict(Counter(hands.map(lambda one: _approve(office, *one), people)))


# Holding senders at a step, and killing them there -------------------------------------------------------------------


def _killed(stack: Stack, figures: Figures, office: Office, step: str, drafts: list[Draft]) -> tuple[int, list[Draft]]:
    """How many replies stood at exactly this step when all senders were killed."""
    ids = [draft.id for draft in drafts]
    if step == STEPS[0]:
        with _frozen(stack):
            _approve_all(office, drafts)
            time.sleep(4)  # the messages reach senders that stand still
            count = _rows(stack, ids, "attempts = 0")
            _kill(stack)
        return count, drafts
    # Nobody answers the look; or the post is stored, and its answer takes a minute.
    how = {"method": "GET", "hang": True} if step == STEPS[1] else {"method": "POST", "drip_ms": 3_000}
    end = "*" if step == STEPS[1] else "/messages"
    for draft in drafts:
        stack.sandbox("POST", "faults", {"provider": "chatwoot", "route": f"{draft.route}{end}", **how})
    _approve_all(office, drafts)

    def at_step() -> int:
        # A first claim, seconds old: whoever gave up waits for less than a minute, or has claimed again.
        claimed = "status = 'sending' AND attempts = 1 AND leased_until > now() + interval '65 seconds'"
        if step == STEPS[1]:
            return _rows(stack, ids, claimed)
        stored = {post_id_of(message) for message in office.ours(private=False)}
        return _rows(stack, ids, claimed + " AND post_id::text = ANY(%s)", list(stored))

    figures.wait(lambda: at_step() == KILLED, 40, every=0.2)
    _kill(stack)
    count = at_step()
    stack.sandbox("DELETE", "faults")
    return count, drafts


def _rows(stack: Stack, ids: list[str], condition: str, *values: Any) -> int:
    return int(stack.value(f"SELECT count(*) FROM cx_replies WHERE draft_id = ANY(%s) AND {condition}", ids, *values))


def _kill(stack: Stack) -> None:
    for pid in stack.workers(SENDER):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def _frozen(stack: Stack) -> Iterator[None]:
    """Every sender stands still, those that are started meanwhile too: they need longer than a look to import their code."""
    done = threading.Event()

    def freeze() -> None:
        while not done.wait(0.05):
            for pid in stack.workers(SENDER):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)

    thread = threading.Thread(target=freeze, daemon=True)
    thread.start()
    time.sleep(1)
    try:
        yield
    finally:
        done.set()
        thread.join()
        for pid in stack.workers(SENDER):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


# What reached customers ----------------------------------------------------------------------------------------------


def _show_public(stack: Stack, figures: Figures, office: Office, ids: list[str], before: int) -> None:
    """Every public message that carries our user's name, beside what people approved."""
    approved = {
        str(post_id): content
        for post_id, content in stack.sql(
            "SELECT r.post_id, r.content FROM cx_replies r JOIN customer_reply_grading g ON g.draft_id = r.draft_id "
            "WHERE g.approved AND r.content = g.human_reply AND g.tone IS NOT NULL AND g.accuracy IS NOT NULL AND g.policy IS NOT NULL",
        )
    }
    mine = {str(row[0]) for row in stack.sql("SELECT post_id FROM cx_replies WHERE draft_id = ANY(%s)", ids)}
    public = office.ours(private=False)
    marks = Counter(post_id_of(message) for message in public)
    figures.exactly("public messages of ours that came with them", len(public) - before, len(ids))
    figures.exactly("approvals with exactly one public reply", sum(marks[post_id] == 1 for post_id in mine), len(ids))
    figures.exactly("public messages that nobody approved", sum(post_id not in approved for post_id in marks), 0)
    other = [one for one in public if harmless(approved.get(post_id_of(one), "")).strip() != one["content"].strip()]
    figures.exactly("public messages in other words than the approved ones", len(other), 0)

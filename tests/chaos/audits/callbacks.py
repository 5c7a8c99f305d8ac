"""Ten thousand results, doubled, shuffled, cut off, while the function, the database and the engine are killed."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from contextlib import suppress
from typing import Any

from tests.chaos.audits.figures import LONGEST, Figures
from tests.chaos.audits.sender import Sender
from tests.chaos.audits.stack import Stack
from tests.chaos.audits.tenant import Tenant

AGENTS, EACH, AT_A_TIME = 40, 250, 8
FUNCTION = "audits/callback"
CLOSING = 75.0  # seconds left for the watchdog's minute, should it be needed
ARRAYS = 0.04  # of the requests; the others carry one result
SAID = "I have sent you a new parcel today, it arrives on Friday."


def run(stack: Stack, figures: Figures, tenant: Tenant) -> None:
    stack.sqs().set_queue_attributes(QueueUrl=stack.queue("TriggerQueue"), Attributes={"VisibilityTimeout": "30"})
    stack.sandbox("DELETE", "faults")
    stack.sandbox("POST", "faults", {"provider": "n8n", "effect": "silent_after_started"})  # we play n8n ourselves
    tenant.limits(pacing_seconds=0.05, trigger_grace_seconds=20)
    agents = tenant.people(400_001, AGENTS)
    job = tenant.start(agents)
    figures.wait(lambda: tenant.agents(job, "status = 'processing'") == AGENTS, 60)
    for agent in agents:
        tenant.report(job, agent, status="running", total_conversations=EACH)

    requests, copies = shuffled(job, agents, random.Random(2))
    sender = Sender(stack.file["api"], tenant.service_key, requests, seed=3)
    outages: dict[str, float | None] = {}
    done = threading.Event()
    began = time.monotonic()
    killer = threading.Thread(target=_kill_each, args=(stack, sender, outages, done), daemon=True)
    killer.start()
    sender.run(AT_A_TIME, figures.began + LONGEST - CLOSING)
    took = time.monotonic() - began
    done.set()
    killer.join(60)
    figures.wait(lambda: tenant.status(job) == "completed", 90)
    _show(stack, figures, tenant, job, sender, outages, took, copies)


def shuffled(job: str, agents: list[str], chance: random.Random) -> tuple[list[bytes], int]:
    """Each result one to three times, in any order, most alone and some in arrays of up to a hundred."""
    copies = [
        _result(job, agent, number) for agent in agents for number in range(EACH) for _ in range(chance.randint(1, 3))
    ]
    chance.shuffle(copies)
    requests, position = [], 0
    while position < len(copies):
        size = chance.randint(2, 100) if chance.random() < ARRAYS else 1
        taken = copies[position : position + size]
        requests.append(json.dumps(taken[0] if size == 1 else taken).encode())
        position += size
    return requests, len(copies)


def _result(job: str, agent: str, number: int) -> dict[str, Any]:
    return {
        "job_id": job,
        "intercom_admin_id": agent,
        "conversation_id": f"{agent}-{number}",
        "audit_date": "2026-10-08T09:00:00Z",
        "ai_scorecard_data": {"greeting": "yes", "accuracy": number % 6},
        "evidence": {"accuracy": {"reason": "Says what happens next.", "quotes": [SAID]}},
        "ai_confidence_score": 0.9,
        "transcript": [
            {"part_id": "1", "role": "client", "author": "Client", "text": "My parcel never came. What now?"},
            {"part_id": "2", "role": "agent", "author": f"Agent {agent}", "text": f"Hello! {SAID}"},
        ],
    }


def _kill_each(stack: Stack, sender: Sender, outages: dict[str, float | None], done: threading.Event) -> None:
    """Once each, at a quarter, at half and at three quarters of the way."""
    for share, name in ((0.25, "callback function"), (0.5, "postgres"), (0.75, "engine")):
        while sender.share < share:
            if done.wait(0.05):
                return
        if name != "callback function":
            outages[name] = stack.kill_part(name)
            continue
        alive = stack.workers(FUNCTION)
        for pid in alive:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        outages[f"{name}, {len(alive)} processes"] = None  # the next call starts a new one


def _show(
    stack: Stack,
    figures: Figures,
    tenant: Tenant,
    job: str,
    sender: Sender,
    outages: dict[str, float | None],
    took: float,
    copies: int,
) -> None:
    figures.part(f"{AGENTS * EACH} results, {AT_A_TIME} at a time, while function, database and engine are killed")
    rows = "SELECT count(*) FROM audit_assignments WHERE massive_audit_job_id = %s"
    figures.exactly("rows", stack.value(rows, job), AGENTS * EACH)
    figures.exactly(
        "documents",
        stack.value(
            "SELECT count(*) FROM audit_documents d JOIN audit_assignments a ON a.id = d.assignment_id WHERE a.massive_audit_job_id = %s",
            job,
        ),
        AGENTS * EACH,
    )
    figures.exactly("rows marked late", stack.value(f"{rows} AND late", job), 0)
    per_agent = stack.sql(
        "SELECT min(n), max(n) FROM (SELECT count(*) n FROM audit_assignments WHERE massive_audit_job_id = %s GROUP BY intercom_admin_id) c",
        job,
    )
    figures.exactly("rows per agent, least and most", per_agent[0], (EACH, EACH))
    found = tenant.job(job)
    shown = found["progress"]["conversations"]
    figures.exactly("conversations completed, as shown", shown["completed"], AGENTS * EACH)
    figures.exactly("conversations in total, as shown", shown["total"], AGENTS * EACH)
    figures.exactly("percentage", found["progress"]["percentage"], 100.0)
    closed = stack.sql(
        "SELECT completed_conversations, total_conversations, completed_agents FROM massive_ai_audit_jobs WHERE id = %s",
        job,
    )
    figures.exactly("conversations, total, agents, as closed", closed[0], (AGENTS * EACH, AGENTS * EACH, AGENTS))
    tenant.ended_once(figures, job)
    figures.exactly("requests given up, and unsent when the time was up", (sender.given_up, sender.unsent), (0, 0))
    figures.exactly("kills", len(outages), 3)
    for name, seconds in outages.items():
        figures.note(f"killed: {name}", "" if seconds is None else f"back in {seconds:.1f} s")
    figures.note("results sent, with repeats", copies)
    figures.note("requests, with arrays", len(sender.requests))
    figures.note("of these cut off by the sender", sender.cuts)
    figures.note("answers that were no success", dict(sender.failures))
    figures.note("seconds", round(took, 1))
    figures.note("results stored per second", round(AGENTS * EACH / took))
    figures.note("requests per second", round(len(sender.requests) / took))

"""Every run ends: silent agents, poisoned messages, cancel, retry, and results that come too late."""

from __future__ import annotations

import json
import time

from tests.chaos.audits.figures import Figures
from tests.chaos.audits.stack import Stack
from tests.chaos.audits.tenant import Tenant
from tests.chaos.audits.watching import Posts, collecting

VISIBILITY = 3  # five deliveries of a poisoned message in seconds


def run(stack: Stack, figures: Figures, first: Tenant, other: Tenant, posts: Posts) -> None:
    queue = stack.queue("TriggerQueue")
    stack.sqs().set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": str(VISIBILITY)})
    first.limits(pacing_seconds=0.2)
    other.limits(pacing_seconds=60)
    with collecting(posts):
        silent = _silence(stack, figures, first)
        poisoned, victim = _poison(stack, figures, other, posts, queue)
        _cancelled(stack, figures, first, posts)
        _buried(stack, figures, other, poisoned, victim)
        _watched(figures, first, silent)
        _tried_again(stack, figures, first, posts, silent)


def _silence(stack: Stack, figures: Figures, tenant: Tenant) -> str:
    """One of three agents says that it runs, and nothing more; an hour is taken off its clock."""
    stack.sandbox("POST", "faults", {"provider": "n8n", "effect": "silent_after_started", "times": 1})
    job = tenant.start(tenant.people(300_001, 3))
    figures.wait(
        lambda: tenant.agents(job, "status = 'completed'") == 2 and tenant.agents(job, "status = 'processing'") == 1, 30
    )
    stack.sql(
        "UPDATE massive_ai_audit_progress SET slot_at = slot_at - interval '61 minutes', "
        "dispatched_at = dispatched_at - interval '61 minutes', accepted_at = accepted_at - interval '61 minutes', "
        "last_seen_at = last_seen_at - interval '61 minutes' WHERE job_id = %s AND status = 'processing'",
        job,
    )
    return job


def _poison(stack: Stack, figures: Figures, tenant: Tenant, posts: Posts, queue: str) -> tuple[str, str]:
    """Bytes that are no message, and a message whose handling always fails, for an agent whose turn is a minute away."""
    started, victim = agents = tenant.people(210_001, 2)
    job = tenant.start(agents)
    letter = {"tenant_id": tenant.id, "job_id": job, "intercom_admin_id": victim, "run_no": 1}
    for body in ("{not a message", json.dumps(letter | {"not_before": "2026-01-01T00:00:00"})):  # a time without a zone
        stack.sqs().send_message(QueueUrl=queue, MessageBody=body)
    figures.wait(lambda: posts.per_agent(job)[started] == 1, 20)
    tenant.report(job, started, status="completed", total_conversations=0)
    return job, victim


def _cancelled(stack: Stack, figures: Figures, tenant: Tenant, posts: Posts) -> None:
    tenant.limits(pacing_seconds=2)
    job = tenant.start(tenant.people(310_001, 8))
    figures.wait(lambda: len(posts.of(job)) >= 2, 30, every=0.1)
    tenant.press(job, "cancel")
    at, before = time.time(), len(posts.of(job))
    time.sleep(9)  # more than four slots
    after = [post for post in posts.of(job) if post.at > at]
    tenant.limits(pacing_seconds=0.2)
    figures.part("A run is cancelled after its second agent")
    figures.note("agents called before", before)
    figures.exactly("agents called later than one slot after it", sum(post.at > at + 2 for post in after), 0)
    figures.note("agents called within that slot", len(after))
    figures.exactly(
        "agents cancelled and never called",
        tenant.agents(job, "status = 'cancelled' AND dispatched_at IS NULL"),
        8 - before - len(after),
    )
    tenant.ended_once(figures, job, mails=0, ends=0, status="cancelled")


def _buried(stack: Stack, figures: Figures, tenant: Tenant, job: str, victim: str) -> None:
    figures.wait(lambda: tenant.status(job) == "completed" and _orphans(stack) == 1, 60)
    figures.part("Poisoned messages: one unreadable, one that fails at every delivery")
    figures.exactly("unreadable ones kept for the operator", _orphans(stack), 1)
    dead = stack.sql(
        "SELECT payload->>'intercom_admin_id' FROM dead_letters WHERE tenant_id = %s AND queue = 'trigger_agent'",
        tenant.id,
    )
    figures.exactly("dead letters of the tenant, by agent", [row[0] for row in dead], [victim])
    figures.exactly(
        "its agent failed, the other completed",
        (tenant.agents(job, "status = 'failed'"), tenant.agents(job, "status = 'completed'")),
        (1, 1),
    )
    words = stack.value(
        "SELECT error_message FROM massive_ai_audit_progress WHERE job_id = %s AND intercom_admin_id = %s", job, victim
    )
    figures.exactly("the agent's error names the dead letters", "dead letters" in (words or ""), True)
    tenant.ended_once(figures, job)


def _orphans(stack: Stack) -> int:
    return int(stack.value("SELECT count(*) FROM orphan_letters"))


def _watched(figures: Figures, tenant: Tenant, job: str) -> None:
    figures.wait(lambda: tenant.status(job) == "completed", 90)
    figures.part("One of three agents falls silent for an hour")
    found = tenant.job(job)
    failed = [agent["error_message"] for agent in found["agents"] if agent["status"] == "failed"]
    figures.exactly("agents failed by the watchdog", len(failed), 1)
    figures.exactly("its error says so", [text[:16] for text in failed], ["No sign of life "])
    figures.exactly("outcome", found["outcome"], "completed_with_errors")
    tenant.ended_once(figures, job)
    figures.exactly(
        "the mail says", [mail["text"].split(".")[0] for mail in tenant.stack.mails(job)], ["2 succeeded, 1 failed"]
    )


def _tried_again(stack: Stack, figures: Figures, tenant: Tenant, posts: Posts, job: str) -> None:
    before = posts.per_agent(job)
    silent = stack.value(
        "SELECT intercom_admin_id FROM massive_ai_audit_progress WHERE job_id = %s AND status = 'failed'", job
    )
    told = tenant.press(job, "retry")
    figures.wait(lambda: tenant.status(job) == "completed", 40)
    figures.part("Retry of that run, then a late result")
    figures.exactly("agents tried again", told["agents"], 1)
    figures.exactly("agents n8n was called for", dict(posts.per_agent(job) - before), {silent: 1})
    figures.exactly("agents completed", tenant.agents(job, "status = 'completed'"), 3)
    tenant.ended_once(figures, job, mails=2, ends=2)

    late = {
        "job_id": job,
        "intercom_admin_id": silent,
        "conversation_id": "late-1",
        "ai_scorecard_data": {"greeting": "yes", "accuracy": 4},
    }
    answer = stack.call("POST", "/functions/v1/ai-audit-callback", late, tenant.service_key)
    figures.exactly("late result: stored and marked", (answer["stored"], answer["late"]), (1, 1))
    repeated = tenant.report(job, silent, status="completed", total_conversations=1)
    figures.exactly(
        "late report: answered, not applied", (repeated["applied"], repeated["reason"]), (False, "job is completed")
    )
    time.sleep(2)
    tenant.ended_once(figures, job, mails=2, ends=2)

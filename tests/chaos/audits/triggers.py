"""Whole runs are triggered while the function that triggers is killed: everybody once, at the pace, one end, one mail."""

from __future__ import annotations

from itertools import pairwise

from tests.chaos.audits.figures import Figures
from tests.chaos.audits.stack import Stack
from tests.chaos.audits.tenant import Tenant
from tests.chaos.audits.watching import Posts, collecting, killing, smallest_gap

FUNCTION = "audits/trigger_agent"
LARGE, SMALL = 500, 20
FAST, SLOW = 0.2, 2.0
# Far below the deployed 360 and 600 s, so that a redelivery and a second call can be waited for.
VISIBILITY, GRACE = 30, 20
KILL_EVERY = (3.0, 9.0)


def run(stack: Stack, figures: Figures, first: Tenant, other: Tenant, posts: Posts) -> None:
    stack.sqs().set_queue_attributes(
        QueueUrl=stack.queue("TriggerQueue"), Attributes={"VisibilityTimeout": str(VISIBILITY)}
    )
    stack.sandbox("POST", "mode", {"n8n_workers": 16, "n8n_retry_wait_ms": 300})
    first.limits(pacing_seconds=FAST, trigger_grace_seconds=GRACE)
    other.limits(pacing_seconds=SLOW, trigger_grace_seconds=GRACE)
    large, small = first.people(100_001, LARGE), other.people(200_001, SMALL)
    with collecting(posts), killing(stack, FUNCTION, KILL_EVERY, seed=1) as kills:
        slow = other.start(small)
        fast = first.start(large)
        figures.wait(lambda: (len(posts.per_agent(slow)), len(posts.per_agent(fast))) == (SMALL, LARGE), 260, every=1)
    # n8n works for the first tenant; for the other one, whom it does not know, we say what it would say.
    for agent in posts.per_agent(slow):
        other.report(slow, agent, status="completed", total_conversations=0)
    figures.wait(lambda: first.status(fast) == "completed", 60)
    took = max(post.at for post in posts.of(fast)) - min(post.at for post in posts.of(fast))

    figures.part(f"{LARGE} agents, one call per {FAST:g} s, the trigger killed at random moments")
    _triggered(figures, first, posts, fast, LARGE)
    figures.exactly("agents completed", first.agents(fast, "status = 'completed'"), LARGE)
    first.ended_once(figures, fast)
    figures.note("kill -9 of the trigger", len(kills))
    figures.note("agents claimed more than once (killed between claim and call)", first.agents(fast, "attempts > 1"))
    figures.at_least("smallest gap as planned, s", _smallest_planned(first, fast), FAST)
    figures.note("smallest gap at n8n, s", smallest_gap(posts.of(fast)))
    figures.note("longest way from plan to n8n, s", _longest_way(first, posts, fast))
    figures.note("seconds from the first call to the last", round(took, 1))

    figures.part(f"{SMALL} agents at the default pace of {SLOW:g} s, beside it, under the same kills")
    _triggered(figures, other, posts, slow, SMALL)
    figures.at_least("smallest gap as planned, s", _smallest_planned(other, slow), SLOW)
    figures.at_least("smallest gap at n8n, s", smallest_gap(posts.of(slow)), 1.9)
    figures.note("longest way from plan to n8n, s", _longest_way(other, posts, slow))
    other.ended_once(figures, slow)


def _triggered(figures: Figures, tenant: Tenant, posts: Posts, job: str, agents: int) -> None:
    counted = posts.per_agent(job)
    figures.exactly("agents triggered", tenant.agents(job, "accepted_at IS NOT NULL"), agents)
    figures.exactly("distinct agents that n8n was called for", len(counted), agents)
    figures.exactly("calls of n8n", sum(counted.values()), agents)
    figures.exactly("most calls for one agent", max(counted.values(), default=0), 1)
    figures.exactly("starts (audit events)", tenant.events(job, "audit_job.started"), 1)


def _planned(tenant: Tenant, job: str) -> dict[str, float]:
    """The moment each agent's call was given."""
    return dict(
        tenant.stack.sql(
            "SELECT intercom_admin_id, extract(epoch FROM dispatched_at)::float8 FROM massive_ai_audit_progress "
            "WHERE job_id = %s AND dispatched_at IS NOT NULL",
            job,
        )
    )


def _smallest_planned(tenant: Tenant, job: str) -> float | None:
    moments = sorted(_planned(tenant, job).values())
    return round(min((after - before for before, after in pairwise(moments)), default=0.0), 3)


def _longest_way(tenant: Tenant, posts: Posts, job: str) -> float:
    planned = _planned(tenant, job)
    return round(
        max((post.at - planned[post.agent] for post in posts.of(job) if post.agent in planned), default=0.0), 3
    )

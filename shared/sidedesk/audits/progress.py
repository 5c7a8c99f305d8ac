"""Where a run stands: figures counted from rows, said in words. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sidedesk.audits.models import AgentRow, Progress, Tally

ENDED = ("completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Sums:
    """What is summed over a job's agents and results."""

    total_agents: int
    agents_completed: int
    agents_failed: int
    totals_known: int
    total_reported: int
    completed: int
    failed: int
    skipped: int
    first_dispatch: datetime | None


def sums_of(agents: Sequence[AgentRow]) -> Sums:
    dispatched = [agent.dispatched_at for agent in agents if agent.dispatched_at]
    return Sums(
        total_agents=len(agents),
        agents_completed=sum(agent.status == "completed" for agent in agents),
        agents_failed=sum(agent.status == "failed" for agent in agents),
        totals_known=sum(agent.total_conversations is not None or agent.status in ENDED for agent in agents),
        total_reported=sum(agent.total_conversations or 0 for agent in agents),
        completed=sum(agent.completed for agent in agents),
        failed=sum(agent.failed for agent in agents),
        skipped=sum(agent.skipped for agent in agents),
        first_dispatch=min(dispatched, default=None),
    )


def progress_of(status: str, sums: Sums, now: datetime) -> tuple[Progress, int | None]:
    """The progress and the total of conversations, once every agent has said or ended."""
    total = _total(sums)
    chats = Tally(completed=sums.completed, failed=sums.failed, skipped=sums.skipped, total=total)
    people = Tally(completed=sums.agents_completed, failed=sums.agents_failed, total=sums.total_agents)
    if total:
        basis, share = "conversations", sums.completed / total
    else:
        basis, share = "agents", sums.agents_completed / sums.total_agents
    percentage = _percentage(share, status)
    progress = Progress(
        percentage=percentage,
        basis="conversations" if basis == "conversations" else "agents",
        agents=people,
        conversations=chats,
        text=_text(status, people, chats, percentage),
        eta_seconds=_eta(status, sums, total, now),
    )
    return progress, total


def _total(sums: Sums) -> int | None:
    """Skipped conversations leave the total, failed ones stay; results never exceed it."""
    if sums.totals_known < sums.total_agents:
        return None
    return max(sums.total_reported - sums.skipped, sums.completed + sums.failed)


def _percentage(share: float, status: str) -> float:
    """One decimal. 100 only for a run that has ended."""
    percentage = round(min(1.0, share) * 100, 1)
    return min(percentage, 99.9) if status in ("queued", "running") else percentage


def _text(status: str, people: Tally, chats: Tally, percentage: float) -> list[str]:
    lines = [f"{people.completed} of {people.total} agents completed"]
    if chats.total is not None:
        lines.append(f"{chats.completed} of {chats.total} chats completed")
    else:
        lines.append(f"{chats.completed} chats completed")
    lines.append(f"{percentage:g}% ({status})")
    if people.failed and status not in ("queued", "running"):
        lines.append(f"{people.completed} completed, {people.failed} failed")
    return lines


def _eta(status: str, sums: Sums, total: int | None, now: datetime) -> int | None:
    """At the pace so far; silent until there is a pace to speak of."""
    done = sums.completed + sums.failed
    if status != "running" or not total or done < 3 or sums.first_dispatch is None:
        return None
    elapsed = (now - sums.first_dispatch).total_seconds()
    return max(0, round((total - done) * elapsed / done)) if elapsed > 0 else None

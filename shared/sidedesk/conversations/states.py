"""The way of a conversation through enrichment, in one place. docs/conversations.md draws it.

not_started → validating → validated → enrichment_in_progress → normalizing → completed, and `failed` from each of them.
A status names what is under way or was reached last; a run that died leaves it there, and the next run goes on from it.
"""

from __future__ import annotations

from typing import Final, Literal

Status = Literal[
    "not_started", "validating", "validated", "enrichment_in_progress", "normalizing", "completed", "failed"
]
Step = Literal["validate", "enrich", "normalise"]
Category = Literal["invalid_raw", "llm_refused", "llm_unavailable", "storage", "timeout"]

STATUSES: Final[tuple[Status, ...]] = (
    "not_started", "validating", "validated", "enrichment_in_progress", "normalizing", "completed", "failed",
)  # fmt: skip

# A move → the statuses it may leave. Moving to where one is already is how a step begins anew after a crash.
LEAVES: Final[dict[Status, tuple[Status, ...]]] = {
    "validating": ("not_started", "validating"),
    "validated": ("validating",),
    "enrichment_in_progress": ("validated", "enrichment_in_progress"),
    "normalizing": ("enrichment_in_progress", "normalizing"),
    "completed": ("normalizing",),
    "failed": ("not_started", "validating", "validated", "enrichment_in_progress", "normalizing"),
}
# Where a run goes on with what failed: at the last step that was done.
RESUMES: Final[dict[Step, Status]] = {"validate": "not_started", "enrich": "validated", "normalise": "normalizing"}


def may_move(leave: Status, to: Status) -> bool:
    return leave in LEAVES.get(to, ())

"""Thousands of orders in which people, machines and crashes can meet over one conversation.

After each of them: at most one public reply for a draft, never one that is older than the customer's last message, every
refusal names its reason, and nothing stays on its way for ever.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidedesk.cx import approvals, composing, drafting, posting, signals, wishes
from sidedesk.cx.composing import Composed
from sidedesk.cx.models import Approve, Grades, Regenerate, Reject
from sidedesk.cx.tools import Tools
from sidedesk.platform import observability, outbox
from sidedesk.platform.errors import DomainError
from sidedesk.platform.tenant_options import TenantOptions, tenant_options
from tests.support.desk import Crash, Desk, mark_of
from tests.support.world import World

EXAMPLES = int(os.environ.get("INTERLEAVINGS", "600"))
GRADES = Grades(tone=4, accuracy=5, policy=5)
REASONS = {
    "already_decided", "answered_manually", "superseded", "closed", "customer_wrote_since", "ai_replies_disabled", "draft_not_found",
}  # fmt: skip
OPERATIONS = (
    "customer_writes", "customer_writes_unheard", "agent_writes", "hear", "draft", "draft", "approve", "approve", "approve", "approve_edited", "approve_as_other", "reject",
    "regenerate", "send", "send", "send_crash_before", "send_crash_after", "send_unclear_lost", "send_unclear_stored", "send_unclear_late",
    "send_refused", "send_down", "time_passes", "switch_off", "switch_on", "resolve",
)  # fmt: skip


def composed(text: str) -> Composed:
    return Composed(
        question=text, reply=f"Thank you for asking: {text}", confidence=0.8, risk="low", risk_reasons=["Known."], tone={},
        evidence=[{"claim": "c", "source_id": "S1", "quote": "q"}], sources=[], unknowns=[], validation=[{"name": "n"}],
        rollback="Write again.", flags=[], language="en", examples=[], model="m", provider="p", prompt_version="1", prompt_hash="h",
        cache_key=uuid4().hex, cost_usd=Decimal(0),
    )  # fmt: skip


@dataclass
class Table:
    """One conversation, and everybody around it."""

    world: World
    options: TenantOptions
    integration_id: UUID
    desk: Desk = field(default_factory=Desk)
    unheard: list[Any] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    asked: int = 0

    def __post_init__(self) -> None:
        self.desk.display_id = next(DISPLAY_IDS)
        self.system, self.member, self.other = (
            self.world.northwind.system,
            self.world.northwind.scope("member"),
            self.world.northwind.scope("admin"),
        )
        self.tools = Tools(
            chatwoot=lambda *_: self.desk,  # type: ignore[arg-type, return-value]
            gateway=lambda *_: None,  # type: ignore[arg-type, return-value]
            now=lambda: datetime.now(UTC) + timedelta(seconds=1),
        )

    @property
    def conversation_id(self) -> UUID:
        return signals.conversation_id_of(self.system, self.integration_id, self.desk.display_id)

    def play(self, operation: str) -> None:
        getattr(self, operation if hasattr(self, operation) else "send")(
            *([operation.removeprefix("send_")] if operation.startswith("send_") else [])
        )

    # What may happen --------------------------------------------------------------------------------------------------

    def customer_writes(self) -> None:
        self.customer_writes_unheard()
        self.hear()

    def customer_writes_unheard(self) -> None:
        self.asked += 1
        self.unheard.append(self.desk.customer_writes(f"Question {self.asked}?"))

    def agent_writes(self) -> None:
        self.unheard.append(self.desk.agent_writes("I have seen to it myself."))
        self.hear()

    def hear(self) -> None:
        for message in self.unheard:
            signals.take(
                self.world.database,
                self.system,
                self.integration_id,
                self.desk.delivery(message),
                self.options,
                datetime.now(UTC),
            )
        self.unheard.clear()

    def draft(self) -> None:
        self.world.database.run(
            self.system,
            "UPDATE cx_conversations SET draft_due_at = least(draft_due_at, now()) WHERE conversation_id = %(id)s",
            {"id": self.conversation_id},
        )
        drafting.draft(self.world.database, self.system, self.conversation_id, self.tools, public_url="http://x")

    def approve(self, scope: Any = None, reply: str | None = None) -> None:
        self._decide(
            lambda draft: approvals.approve(
                self.world.database,
                scope or self.member,
                draft,
                Approve(grades=GRADES, reply=reply, override="Read and meant."),
            )
        )

    def approve_edited(self) -> None:
        self.approve(reply="Thank you, a colleague has looked into it.")

    def approve_as_other(self) -> None:
        self.approve(scope=self.other)

    def reject(self) -> None:
        self._decide(
            lambda draft: approvals.reject(
                self.world.database, self.other, draft, Reject(grades=GRADES, reason="Not so.")
            )
        )

    def regenerate(self) -> None:
        self._decide(
            lambda draft: approvals.regenerate(
                self.world.database, self.member, draft, Regenerate(instruction="Shorter.")
            )
        )

    def send(self, fault: Any = "none") -> None:
        for draft in self._rows(
            "SELECT draft_id FROM cx_replies WHERE status = 'sending' AND conversation_id = %(id)s"
        ):
            self.desk.fault = fault
            with suppress(Crash):
                posting.send_reply(self.world.database, self.system, draft, self.tools)
            self.desk.fault = "none"

    def time_passes(self) -> None:
        """Long enough for every lease to run out, and for a slow server to finish first."""
        self.desk.land()
        self.world.database.run(
            self.system,
            "UPDATE cx_replies SET leased_until = NULL WHERE conversation_id = %(id)s",
            {"id": self.conversation_id},
        )
        self.world.database.run(
            self.system,
            "UPDATE cx_conversations SET drafting_until = NULL WHERE conversation_id = %(id)s",
            {"id": self.conversation_id},
        )

    def switch_off(self) -> None:
        switch(self.world, on=False)

    def switch_on(self) -> None:
        switch(self.world, on=True)

    def resolve(self) -> None:
        self.desk.resolve()

    def _decide(self, decision: Any) -> None:
        for draft in self._rows("SELECT id FROM cx_drafts WHERE conversation_id = %(id)s ORDER BY number DESC LIMIT 1"):
            refusal = _refusal_of(decision, draft)
            if refusal is not None:
                assert refusal.code in REASONS, refusal
                assert refusal.message.endswith(".")
                self.refusals[refusal.code] += 1

    def _rows(self, sql: str) -> list[Any]:
        return self.world.database.values(self.system, sql, {"id": self.conversation_id})

    # What must hold ---------------------------------------------------------------------------------------------------

    def check(self) -> None:
        marks = Counter(mark_of(posted.message) for posted in self.desk.replies)
        assert all(times == 1 for times in marks.values()), "a reply went out twice"
        rows = self.world.database.dicts(
            self.system,
            "SELECT r.post_id, r.last_message_id, r.status, g.tone, g.accuracy, g.policy, r.approved_by FROM cx_replies r "
            "JOIN customer_reply_grading g ON g.draft_id = r.draft_id AND g.approved WHERE r.conversation_id = %(id)s",
            {"id": self.conversation_id},
        )
        known = {str(row["post_id"]): row for row in rows}
        for posted in self.desk.replies:
            row = known[mark_of(posted.message)]  # nothing is out that no graded decision stands behind
            assert row["last_message_id"] >= posted.newest_incoming, "a reply to an older message than the last"
        sent = {mark for mark, row in known.items() if row["status"] == "sent"}
        assert sent <= set(marks), "recorded as sent, but nothing is out"

    def settle(self) -> None:
        """Everybody comes back: whatever is on its way arrives, or returns with a reason."""
        for _ in range(3):
            self.time_passes()
            self.send()
        assert not self._rows("SELECT draft_id FROM cx_replies WHERE status = 'sending' AND conversation_id = %(id)s")
        assert not self._rows("SELECT id FROM cx_drafts WHERE status = 'sending' AND conversation_id = %(id)s")
        self.check()
        out = {mark_of(posted.message) for posted in self.desk.replies}
        sent = self._rows("SELECT post_id::text FROM cx_replies WHERE status = 'sent' AND conversation_id = %(id)s")
        assert set(sent) == out


def _refusal_of(decision: Any, draft: UUID) -> DomainError | None:
    try:
        decision(draft)
    except DomainError as refusal:
        return refusal
    return None


DISPLAY_IDS: Iterator[int] = iter(range(1, 1_000_000))


def switch(world: World, *, on: bool) -> None:
    world.database.run(
        world.northwind.system,
        "UPDATE tenants SET flags = flags || jsonb_build_object('AI_CUSTOMER_DRAFT_ENABLED', %(on)s::boolean)",
        {"on": on},
    )


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queues and models are tested elsewhere: here it is the order of things that counts."""
    observability.logger.setLevel("CRITICAL")
    monkeypatch.setattr(outbox, "send_soon", lambda *_: None)
    monkeypatch.setattr(wishes, "nudge_drafter", lambda *_, **__: None)

    def compose(*_: Any, thread: Any, **__: Any) -> Composed:
        return composed(composing.question_of(thread))

    monkeypatch.setattr(composing, "compose", compose)


@pytest.mark.timeout(900)
def test_every_order_ends_well(world: World, quiet: None) -> None:
    database, scope = world.database, world.northwind.system
    # What a test does in a second is a burst of years for one customer.
    database.run(
        scope,
        'UPDATE tenants SET options = options || \'{"cx": {"debounce_seconds": 0, "max_drafts_per_hour": 60}}\'',
    )
    integration_id = database.value(
        scope,
        "INSERT INTO integrations (tenant_id, kind, name, base_url, config) "
        "VALUES (current_tenant(), 'chatwoot', 'desk', 'http://127.0.0.1:9', '{\"account_id\": 1}') RETURNING id",
    )
    seen: Counter[str] = Counter()
    refused: Counter[str] = Counter()

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, print_blob=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.lists(st.sampled_from(OPERATIONS), min_size=3, max_size=14))
    def play(order: list[str]) -> None:
        switch(world, on=True)
        table = Table(world, tenant_options(database, scope), integration_id)
        for operation in ("customer_writes", "draft", *order):
            table.play(operation)
            table.check()
        switch(world, on=True)
        table.settle()
        seen["orders"] += 1
        seen["replies"] += len(table.desk.replies)
        refused.update(table.refusals)

    play()
    print(f"\n{seen['orders']} orders, {seen['replies']} replies, refusals: {dict(refused)}")
    assert seen["orders"] >= EXAMPLES * 0.9
    assert {"already_decided", "customer_wrote_since", "ai_replies_disabled"} <= set(refused)

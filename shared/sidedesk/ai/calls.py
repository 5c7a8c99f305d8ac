"""One paid call: reserve, send, settle; again when that can help, as long as there is time and a retry left to spend."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from sidedesk.ai import ledger, transport, wire
from sidedesk.ai.answers import Usage
from sidedesk.ai.deadline import SETTLING_SECONDS, SHORTEST_CALL_SECONDS, Deadline
from sidedesk.ai.ledger import Order
from sidedesk.ai.provider import Capabilities, Provider
from sidedesk.ai.transport import CallFailed, Raw
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope

Reply = TypeVar("Reply")

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 8.0
# Waiting exactly as long as everybody else was told to brings everybody back at once.
SPREAD = 0.2


class RetryBudget:
    """Retries are paid for by first tries: when most calls fail, repeating them all would double the trouble."""

    SHARE = 0.2
    MOST = 10.0

    def __init__(self) -> None:
        self._left = self.MOST

    def earn(self) -> None:
        self._left = min(self.MOST, self._left + self.SHARE)

    def spend(self) -> bool:
        if self._left < 1:
            return False
        self._left -= 1
        return True


_budgets: dict[str, RetryBudget] = defaultdict(RetryBudget)
# What servers turned out not to understand, for as long as this container lives.
_learned: dict[tuple[str, str], Capabilities] = {}


def forget_learned() -> None:
    """Start afresh, for tests."""
    _budgets.clear()
    _learned.clear()


class Caller:
    """Calls to one model of one provider, for one tenant, until one deadline."""

    def __init__(self, database: Database, scope: AnyScope, provider: Provider, model: str, deadline: Deadline) -> None:
        self._database = database
        self._scope = scope
        self.provider = provider
        self.model = model
        self._deadline = deadline
        self.spent_usd = Decimal(0)  # by all calls so far, with what failed ones may have cost
        self.calls = 0

    @property
    def capabilities(self) -> Capabilities:
        return _learned.get((self.provider.base_url, self.model), self.provider.config)

    def paid(
        self,
        order: Callable[[], Order],
        send: Callable[[float], Raw],
        read: Callable[[Raw], Reply],
        usage: Callable[[Reply], Usage],
    ) -> tuple[Reply, Usage]:
        """Reply and usage of one call that worked. `order` and `send` are asked anew for each try."""
        while True:
            try:
                return self._with_retries(lambda: self._once(order(), send, read, usage))
            except CallFailed as failure:
                if not self._learn(failure.parameter):
                    raise failure.error from (failure.__cause__ or failure)

    def _with_retries(self, once: Callable[[], Reply]) -> Reply:
        import stamina

        budget = _budgets[self.provider.base_url]
        budget.earn()
        tries = 0

        def wait(error: Exception) -> bool | float:
            nonlocal tries
            tries += 1
            if not isinstance(error, CallFailed) or not error.retry or tries >= self.provider.config.attempts:
                return False
            seconds = random.uniform(0, min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (tries - 1)))
            if error.retry_after is not None:
                seconds = error.retry_after * (1 + random.uniform(0, SPREAD))
            worth_it = seconds + SHORTEST_CALL_SECONDS + SETTLING_SECONDS <= self._deadline.left()
            return seconds if worth_it and budget.spend() else False

        for attempt in stamina.retry_context(on=wait, attempts=None, timeout=None):
            with attempt:
                return once()
        raise AssertionError("a retry context ends with an answer or an error")

    def _once(
        self, order: Order, send: Callable[[float], Raw], read: Callable[[Raw], Reply], usage: Callable[[Reply], Usage]
    ) -> tuple[Reply, Usage]:
        seconds = self._deadline.call_timeout(self.provider.config.timeout_seconds)
        reservation = ledger.reserve(self._database, self._scope, order, seconds)
        self.calls += 1
        try:
            raw = send(seconds)
        except CallFailed as failure:
            self._failed(reservation, order, failure)
            raise
        try:
            reply = read(raw)
        except wire.Garbage as error:
            no_answer = transport.garbage(str(error), raw.request_id)
            self._failed(reservation, order, no_answer)
            raise no_answer from error
        used = usage(reply)
        self.spent_usd += ledger.settle(self._database, self._scope, reservation, order, used, raw.request_id)
        return reply, used

    def _failed(self, reservation: UUID, order: Order, failure: CallFailed) -> None:
        health: ledger.Health = "unknown"
        if failure.provider_down is not None:
            health = "down" if failure.provider_down else "up"
        if failure.billed == "no":
            ledger.release(self._database, self._scope, reservation, order, health)
        else:
            self.spent_usd += ledger.assume(self._database, self._scope, reservation, order, failure.request_id, health)

    def _learn(self, parameter: str) -> bool:
        """The server refused a parameter: is there another way to ask?"""
        weaker = self.capabilities.without(parameter) if parameter else None
        if weaker is None:
            return False
        _learned[self.provider.base_url, self.model] = weaker
        return True

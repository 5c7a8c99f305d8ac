"""The one door to models, with four leaves: `structured`, `tools`, `embed`, `transcribe`.

A Gateway serves one unit of work: one tenant, one deadline, one conversation's memory of personal data. Behind every
leaf the same things happen: personal data is replaced, other people's text is fenced, the worst case is reserved from
the caps, the call is made within the time left, what it used is settled, and the operation is audited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel

from sidedesk.ai import prices, prompts, speech, structured, tool_loop, vectors
from sidedesk.ai.answers import Answer, ToolRun, Transcript
from sidedesk.ai.calls import Caller
from sidedesk.ai.conversation import Conversation
from sidedesk.ai.deadline import Deadline
from sidedesk.ai.prices import Price
from sidedesk.ai.provider import Profile
from sidedesk.ai.redaction import Redactor
from sidedesk.ai.speech import Audio
from sidedesk.ai.tool_loop import Limits, Tool
from sidedesk.platform import audit_log, durable_metrics
from sidedesk.platform.db import Database
from sidedesk.platform.errors import DomainError
from sidedesk.platform.observability import count
from sidedesk.platform.scope import AnyScope

__all__ = ["Answer", "Audio", "Deadline", "Gateway", "Limits", "Redactor", "Tool"]

Filled = TypeVar("Filled", bound=BaseModel)
Value = TypeVar("Value")


class Gateway:
    def __init__(
        self,
        database: Database,
        scope: AnyScope,
        *,
        deadline: Deadline,
        job_id: UUID | None = None,
        redactor: Redactor | None = None,
        library: prompts.Library | None = None,
    ) -> None:
        """`job_id` names the job whose cap pays; `redactor` carries placeholders over from an earlier unit of work."""
        self._database = database
        self._scope = scope
        self._deadline = deadline
        self._job_id = job_id
        self._library = library or prompts.shipped()
        self.redactor = redactor or Redactor()

    def structured(
        self,
        task: str,
        response_model: type[Filled],
        *,
        values: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        version: int | None = None,
        restore: bool = True,
    ) -> Answer[Filled]:
        """Fill `response_model`. `values` are our own words for the prompt's slots, `data` is what others wrote."""
        prompt = self._library.get(task, version)
        caller = self._caller(prompt.purpose)
        talk = Conversation.begin(prompt, values or {}, data or {}, self.redactor)
        return self._audited(
            task, caller, lambda: structured.fill(caller, talk, response_model, self._job_id, restore=restore)
        )

    def tools(
        self,
        task: str,
        tools: Sequence[Tool],
        *,
        values: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        version: int | None = None,
        limits: Limits | None = None,
    ) -> Answer[ToolRun]:
        """Let the model work with our functions until it answers in words."""
        limits = limits or Limits()
        prompt = self._library.get(task, version)
        caller = self._caller(prompt.purpose, deadline=self._deadline.within(limits.seconds))
        talk = Conversation.begin(prompt, values or {}, data or {}, self.redactor)
        return self._audited(task, caller, lambda: tool_loop.run(caller, talk, tools, limits, self._job_id))

    def embed(self, texts: Sequence[str], *, purpose: str = "embed") -> Answer[list[list[float]]]:
        """One vector for each text."""
        caller = self._caller(purpose, "embed")
        return self._audited(purpose, caller, lambda: vectors.embed(caller, purpose, texts, self._job_id))

    def embedding_model(self, purpose: str = "embed") -> str:
        """The model whose vectors `embed` gives for this purpose, without asking it for any."""
        return self._profile.choose(purpose, "embed").model

    def transcribe(
        self, audio: Audio, *, purpose: str = "transcribe", language: str = "", hint: str = "", redacted: bool = False
    ) -> Answer[Transcript]:
        """Speech to text."""
        caller = self._caller(purpose, "transcribe")
        return self._audited(
            purpose,
            caller,
            lambda: speech.transcribe(
                caller,
                purpose,
                audio,
                language=language,
                hint=hint,
                redactor=self.redactor,
                redacted=redacted,
                job_id=self._job_id,
            ),
        )

    def price(self, task: str) -> Price:
        """What a token costs for a task, to estimate a job before it runs."""
        caller = self._caller(self._library.get(task).purpose)
        return prices.find(caller.model, "tokens", caller.provider.prices)

    @cached_property
    def _profile(self) -> Profile:
        return Profile.read(self._database, self._scope)

    def _caller(self, purpose: str, kind: str = "default", *, deadline: Deadline | None = None) -> Caller:
        choice = self._profile.choose(purpose, kind)
        return Caller(self._database, self._scope, choice.provider, choice.model, deadline or self._deadline)

    def _audited(self, task: str, caller: Caller, operation: Callable[[], Answer[Value]]) -> Answer[Value]:
        """Every operation of a model leaves one row, the failed ones too."""
        try:
            answer = operation()
        except DomainError as error:
            self._record(
                "ai.failed",
                task,
                cost_usd=caller.spent_usd,
                provider=caller.provider.name,
                model=caller.model,
                code=error.code,
            )
            raise
        self._record(
            "ai.completed",
            task,
            provider=answer.provider,
            model=answer.model,
            prompt_version=answer.prompt_version,
            prompt_hash=answer.prompt_hash,
            settings=dict(answer.settings),
            quantity_in=float(answer.usage.quantity_in),
            quantity_out=float(answer.usage.quantity_out),
            unit=answer.usage.unit,
            usage_basis=answer.usage.basis,
            cost_usd=answer.cost_usd,
            confidence=answer.confidence,
            confidence_basis=answer.confidence_basis,
            redactions=dict(answer.redactions),
            suspicions=len(answer.findings),
            repaired=answer.repaired,
            calls=answer.calls,
        )
        return answer

    def _record(self, event: str, task: str, *, cost_usd: Decimal, **facts: object) -> None:
        if self._job_id is not None:
            facts["job_id"] = self._job_id
        outcome = event.removeprefix("ai.")
        with self._database.batch(self._scope) as batch:
            batch.run(*audit_log.record(event, task=task, cost_usd=str(cost_usd), **facts))
            batch.run(*durable_metrics.add("ai_operations_total", purpose=task, outcome=outcome))
            if cost_usd:
                batch.run(*durable_metrics.add("ai_cost_usd_total", float(cost_usd), purpose=task))
        count(f"Ai{outcome.title()}")

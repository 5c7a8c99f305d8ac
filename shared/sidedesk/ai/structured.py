"""The `structured` door: an answer that is a valid object, or an error. One chance to correct it, no more."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError

from sidedesk.ai import chat, schema
from sidedesk.ai.answers import Answer, ConfidenceBasis, Usage
from sidedesk.ai.calls import Caller
from sidedesk.ai.chat import Wish
from sidedesk.ai.conversation import Conversation
from sidedesk.ai.errors import BadAnswer
from sidedesk.ai.wire import ChatReply

Filled = TypeVar("Filled", bound=BaseModel)
Value = TypeVar("Value")
_MOST_PROBLEMS = 20


def fill(
    caller: Caller, talk: Conversation, model: type[Filled], job_id: UUID | None, *, restore: bool
) -> Answer[Filled]:
    """Ask, check, and ask once more with the model's own text and what was wrong with it."""
    wish = Wish(response_model=model)
    reply, usage = chat.ask(caller, talk.prompt, talk.messages, wish, job_id)
    repaired = False
    try:
        value = _read(talk, reply, model, restore)
    except (schema.NotJson, ValidationError) as error:
        talk.add(reply.as_message())
        talk.say(_correction(error))
        reply, more_usage = chat.ask(caller, talk.prompt, talk.messages, wish, job_id)
        usage, repaired = usage + more_usage, True
        try:
            value = _read(talk, reply, model, restore)
        except (schema.NotJson, ValidationError) as second:
            raise BadAnswer() from second
    return answer(caller, talk, reply, value, usage, repaired=repaired)


def _read(talk: Conversation, reply: ChatReply, model: type[Filled], restore: bool) -> Filled:
    if not reply.text:
        raise schema.NotJson("the answer was empty")
    found = schema.read_object(reply.text)
    return model.model_validate(talk.redactor.restore_all(found) if restore else found)


def _correction(error: schema.NotJson | ValidationError) -> str:
    if isinstance(error, schema.NotJson):
        problems = [str(error)]
    else:
        problems = [
            f"{'.'.join(map(str, problem['loc'])) or 'the object'}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False, include_context=False)
        ]
    listed = "\n".join(f"- {problem}" for problem in problems[:_MOST_PROBLEMS])
    return f"Your answer cannot be used:\n{listed}\nSend the whole corrected JSON object, and nothing else."


def answer(
    caller: Caller, talk: Conversation, reply: ChatReply, value: Value, usage: Usage, *, repaired: bool = False
) -> Answer[Value]:
    """A value with how it came about: what it cost, what made it, how sure that is."""
    confidence, basis = confidence_of(value, reply.probability)
    return Answer(
        value=value,
        usage=usage,
        cost_usd=caller.spent_usd,
        model=reply.model,
        provider=caller.provider.name,
        prompt_version=talk.prompt.version,
        prompt_hash=talk.prompt.hash,
        confidence=confidence,
        confidence_basis=basis,
        settings=settings_of(talk, caller),
        redactions=talk.redactor.counts,
        findings=tuple(talk.findings),
        repaired=repaired,
        calls=caller.calls,
    )


def confidence_of(value: Any, probability: float | None) -> tuple[float | None, ConfidenceBasis]:
    """What the model says of itself goes before what its probabilities say; nothing is made up."""
    stated = getattr(value, "confidence", None)
    if isinstance(stated, int | float) and not isinstance(stated, bool) and 0 <= stated <= 1:
        return float(stated), "self_reported"
    return (probability, "token_probability") if probability is not None else (None, "none")


def settings_of(talk: Conversation, caller: Caller) -> dict[str, Any]:
    """The decoding settings an answer was made with, kept beside it."""
    can = caller.capabilities
    return {
        "temperature": talk.prompt.header.temperature if can.temperature else None,
        "max_tokens": talk.prompt.header.max_tokens,
        "structured": can.structured,
    }

"""The `tools` door: the model asks, our own functions answer, within limits. Its mistakes are told to it as data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel, TypeAdapter, ValidationError

from sidedesk.ai import chat, schema
from sidedesk.ai.answers import Answer, Step, ToolRun
from sidedesk.ai.calls import Caller
from sidedesk.ai.chat import Wish
from sidedesk.ai.conversation import Conversation
from sidedesk.ai.errors import BadAnswer, ProviderRejected
from sidedesk.ai.structured import answer
from sidedesk.ai.wire import ToolCall
from sidedesk.platform.errors import DomainError

_JSON = TypeAdapter(Any)


@dataclass(frozen=True, slots=True)
class Tool:
    """A function of ours that a model may ask for. `run` checks for itself what the asker may see and do."""

    name: str
    description: str
    arguments: type[BaseModel]
    run: Callable[[Any], Any]

    def wire(self) -> dict[str, Any]:
        fields, strict = schema.wire_schema(self.arguments)
        function = {"name": self.name, "description": self.description, "parameters": fields, "strict": strict}
        return {"type": "function", "function": function}


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a loop may go. At the limit of steps or tokens the model must answer with what it has."""

    steps: int = 6
    tokens: int = 40_000
    seconds: float | None = None
    result_characters: int = 16_000


def run(
    caller: Caller, talk: Conversation, tools: Sequence[Tool], limits: Limits, job_id: UUID | None
) -> Answer[ToolRun]:
    """Until the model answers in words."""
    if not caller.capabilities.tools:
        raise ProviderRejected(f"The model provider {caller.provider.name} cannot use tools. Choose another for this.")
    known = {tool.name: tool for tool in tools}
    offered = [tool.wire() for tool in tools]
    steps: list[Step] = []
    used = None
    rounds = 0
    while True:
        tired = rounds >= limits.steps or (used is not None and used.quantity_in + used.quantity_out >= limits.tokens)
        wish = Wish(tools=offered, tool_choice="none" if tired else "auto")
        reply, usage = chat.ask(caller, talk.prompt, talk.messages, wish, job_id)
        rounds += 1
        used = usage if used is None else used + usage
        if not reply.tool_calls or tired:
            break
        talk.add(reply.as_message())
        for call in reply.tool_calls:
            step = _do(talk, known, call)
            steps.append(step)
            label = call.name if call.name in known else "error"
            talk.tool_result(call.id, label, step.result, limits.result_characters)
    if not reply.text.strip():
        raise BadAnswer("The model came to no answer within its limits.")
    text = talk.redactor.restore(reply.text)
    return answer(caller, talk, reply, ToolRun(text, tuple(steps)), used)


def _do(talk: Conversation, known: Mapping[str, Tool], call: ToolCall) -> Step:
    tool = known.get(call.name)
    if tool is None:
        return Step(
            call.name, {}, f"There is no tool of this name. There are: {', '.join(sorted(known))}.", failed=True
        )
    try:
        raw = talk.redactor.restore_all(json.loads(call.arguments or "{}"))
        arguments = tool.arguments.model_validate(raw)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        told = "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems)
        return Step(tool.name, {}, f"The arguments are not valid: {told}", failed=True)
    except ValueError:
        return Step(tool.name, {}, "The arguments are not valid JSON.", failed=True)
    asked = arguments.model_dump(mode="json")
    try:
        result = tool.run(arguments)
    except DomainError as error:
        return Step(tool.name, asked, error.message, failed=True)
    return Step(tool.name, asked, _plain(result))


def _plain(result: Any) -> Any:
    """As JSON knows it: models, dates and numbers of all kinds included."""
    return json.loads(_JSON.dump_json(result))

"""Chat calls: what is asked of a server, in the words that server understands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from sidedesk.ai import errors, prices, schema, tokens, transport, wire
from sidedesk.ai.answers import Usage
from sidedesk.ai.calls import Caller
from sidedesk.ai.ledger import Order
from sidedesk.ai.prompts import Prompt
from sidedesk.ai.provider import Capabilities
from sidedesk.ai.wire import ChatReply


@dataclass(frozen=True, slots=True)
class Wish:
    """What the answer should look like: an object, tool calls, or just text."""

    response_model: type[BaseModel] | None = None
    tools: Sequence[Mapping[str, Any]] = ()
    tool_choice: str = "auto"


def ask(
    caller: Caller, prompt: Prompt, messages: Sequence[Mapping[str, Any]], wish: Wish, job_id: UUID | None
) -> tuple[ChatReply, Usage]:
    """One paid chat call. Errors that only the finish reason tells are raised after it is settled."""
    price = prices.find(caller.model, "tokens", caller.provider.prices)

    def payload() -> dict[str, Any]:
        return _payload(caller.capabilities, caller.model, prompt, messages, wish)

    def order() -> Order:
        return Order(
            purpose=prompt.header.task,
            provider=caller.provider.name,
            model=caller.model,
            price=price,
            most_in=Decimal(_most_tokens(payload())),
            most_out=Decimal(prompt.header.max_tokens),
            job_id=job_id,
            prompt_version=prompt.version,
            prompt_hash=prompt.hash,
        )

    reply, usage = caller.paid(
        order,
        lambda seconds: transport.chat(caller.provider.base_url, caller.provider.api_key, payload(), seconds),
        lambda raw: wire.chat(raw.body, caller.model),
        lambda reply: reply.usage or _counted(messages, reply),
    )
    _check_end(reply)
    return reply, usage


def _payload(
    can: Capabilities, model: str, prompt: Prompt, messages: Sequence[Mapping[str, Any]], wish: Wish
) -> dict[str, Any]:
    said = [dict(message) for message in messages]
    payload: dict[str, Any] = {"model": model, "messages": said, can.max_tokens_field: prompt.header.max_tokens}
    if can.temperature and prompt.header.temperature is not None:
        payload["temperature"] = prompt.header.temperature
    if can.logprobs:
        payload["logprobs"] = True
    if wish.tools:
        payload |= {"tools": list(wish.tools), "tool_choice": wish.tool_choice}
    if wish.response_model is not None:
        _ask_for_object(payload, can, wish.response_model)
    return payload


def _ask_for_object(payload: dict[str, Any], can: Capabilities, model: type[BaseModel]) -> None:
    fields, strict = schema.wire_schema(model)
    if can.structured == "json_schema":
        named = {"name": schema.name_of(model), "strict": strict, "schema": fields}
        payload["response_format"] = {"type": "json_schema", "json_schema": named}
        return
    if can.structured == "json_object":
        payload["response_format"] = {"type": "json_object"}
    system = payload["messages"][0]
    system["content"] += (
        "\n\nAnswer with one JSON object and nothing else. It must follow this JSON Schema:\n"
        + json.dumps(fields, ensure_ascii=False)
    )


def _most_tokens(payload: Mapping[str, Any]) -> int:
    """All that could count as input: texts, schema and tools alike."""
    return tokens.at_most(json.dumps(payload, ensure_ascii=False))


def _counted(messages: Sequence[Mapping[str, Any]], reply: ChatReply) -> Usage:
    said = [str(message.get("content") or "") for message in messages]
    answered = [reply.text, *(call.name + call.arguments for call in reply.tool_calls)]
    return Usage("tokens", Decimal(tokens.about(*said)), Decimal(tokens.about(*answered)), "counted")


def _check_end(reply: ChatReply) -> None:
    if reply.finish_reason == "content_filter":
        raise errors.ContentFiltered()
    if reply.finish_reason == "length":
        raise errors.AnswerCutOff()
    if reply.refusal:
        raise errors.ModelRefused()

"""One chat answer: text, JSON or tool calls, with the faults that live inside a valid envelope."""

import json
from typing import Any

from local.sandbox.faults import Faults
from local.sandbox.openai import envelope, tasks, tools
from local.sandbox.openai.prompt import Prompt
from local.sandbox.text import tokens

_EFFECTS = ("refusal", "content_filter", "length", "broken_json", "wrong_schema", "empty", "made_up_quotes")


def reply(prompt: Prompt, body: dict[str, Any], obedient: bool, faults: Faults) -> dict[str, Any]:
    message, finish = _message(prompt, body, obedient)
    effect = next((e for e in _EFFECTS if faults.effect("openai", e, "/chat/completions")), None)
    if effect:
        message, finish = _spoiled(message, effect)
    whole = envelope.completion(prompt, body, message, finish)
    if faults.effect("openai", "no_usage", "/chat/completions"):
        del whole["usage"]
    return whole


def _message(prompt: Prompt, body: dict[str, Any], obedient: bool) -> tuple[dict[str, Any], str]:
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None, "annotations": []}
    if calls := tools.choose(prompt, body, obedient):
        if body.get("parallel_tool_calls") is False:
            calls = calls[:1]
        return {**message, "tool_calls": calls}, "tool_calls"
    answer = tasks.answer(prompt, obedient)
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    if isinstance(limit, int) and tokens(text) > limit:
        return {**message, "content": text[: limit * 4]}, "length"
    return {**message, "content": text}, "stop"


def _spoiled(message: dict[str, Any], effect: str) -> tuple[dict[str, Any], str]:
    text = message.get("content") or ""
    if effect == "refusal":
        return {**message, "content": None, "tool_calls": None, "refusal": "I'm sorry, I can't help with that."}, "stop"
    if effect == "content_filter":
        return {**message, "content": ""}, "content_filter"
    if effect == "length":
        return {**message, "content": text[: len(text) // 2]}, "length"
    if effect == "broken_json":
        return {**message, "content": "Sure! Here is the JSON:\n" + text[:-1]}, "stop"
    if effect == "wrong_schema":
        return {**message, "content": json.dumps({"result": "ok", "comment": "this is not what was asked for"})}, "stop"
    if effect == "made_up_quotes":
        return {
            **message,
            "content": json.dumps(_with_false_quotes(json.loads(text or "null")), ensure_ascii=False),
        }, "stop"
    return {**message, "content": ""}, "stop"


def _with_false_quotes(value: Any, inside: bool = False) -> Any:
    if isinstance(value, dict):
        return {k: _with_false_quotes(v, inside or "quote" in k) if not _is_id(k) else v for k, v in value.items()}
    if isinstance(value, list):
        return [_with_false_quotes(v, inside) for v in value]
    return "These words were never said by anybody here." if inside and isinstance(value, str) else value


def _is_id(key: str) -> bool:
    return key in ("id", "part_id", "turn_id", "role", "speaker", "author")

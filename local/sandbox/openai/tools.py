"""Tool calls: pick the tool the last message speaks of and fill its arguments from the text."""

import hashlib
import json
import re
from typing import Any

from local.sandbox import errors
from local.sandbox.openai import gullible
from local.sandbox.openai.prompt import Prompt
from local.sandbox.openai.schema import fill
from local.sandbox.openai.tasks.generic import Facts
from local.sandbox.text import content_words, flat, overlap, stem

_THRESHOLD = 0.6
_VERBS = {
    "search": "find search list show look which who what how many get",
    "create": "create add make new open schedule log set up book",
    "update": "update change move set edit rename mark",
    "delete": "delete remove erase drop",
    "send": "send mail email reply",
}


def choose(prompt: Prompt, body: dict[str, Any], obedient: bool) -> list[dict[str, Any]]:
    """The calls the model wants now; empty when it would rather answer."""
    tools = _functions(body.get("tools"))
    choice = body.get("tool_choice") or "auto"
    if not tools or choice == "none":
        return []
    if isinstance(choice, dict):
        wanted = (choice.get("function") or {}).get("name")
        if wanted not in tools:
            raise errors.openai(400, f"Tool choice '{wanted}' not found in 'tools' parameter.", param="tool_choice")
        return [_call(prompt, tools[wanted], prompt.question)]
    if obedient and (ordered := _ordered(prompt, tools)):
        return ordered
    done = {(c["function"]["name"], c["function"]["arguments"]) for m in prompt.messages for c in m.tool_calls}
    question = gullible.without_orders(prompt.question) or prompt.question
    ranked = sorted(((_score(question, t), name) for name, t in tools.items()), reverse=True)
    for score, name in ranked:
        if score < _THRESHOLD and choice != "required":
            break
        call = _call(prompt, tools[name], question)
        if (name, call["function"]["arguments"]) in done:
            return []  # asked before with the same words: the result is already there
        return [call]
    return []


def _functions(raw: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for number, tool in enumerate(raw or []):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not re.fullmatch(r"[\w-]{1,64}", str(function.get("name", ""))):
            raise errors.openai(
                400,
                f"Invalid 'tools[{number}].function.name'.",
                param=f"tools[{number}].function.name",
                code="invalid_value",
            )
        found[function["name"]] = function
    return found


def _score(question: str, tool: dict[str, Any]) -> float:
    name = re.sub(r"[_-]+", " ", tool["name"])
    known = {stem(w) for w in content_words(question)}
    named = {stem(w) for w in content_words(name)}
    score = 0.7 * (len(named & known) / len(named) if named else 0)
    score += 0.5 * overlap(question, str(tool.get("description") or ""))
    plain = f" {flat(question)} "
    for verb, cues in _VERBS.items():
        if name.startswith(verb):
            score += 0.3 * any(f" {cue} " in plain for cue in cues.split())
    return score


def _call(prompt: Prompt, tool: dict[str, Any], question: str) -> dict[str, Any]:
    schema = tool.get("parameters") or {"type": "object", "properties": {}}
    arguments = fill(schema, Facts(question, prompt))
    required = set(schema.get("required", []))
    if isinstance(arguments, dict):
        arguments = {k: v for k, v in arguments.items() if k in required or v not in (None, "", [], {})}
    text = json.dumps(arguments, ensure_ascii=False)
    ident = hashlib.sha256(f"{len(prompt.messages)}{tool['name']}{text}".encode()).hexdigest()[:24]
    return {"id": f"call_{ident}", "type": "function", "function": {"name": tool["name"], "arguments": text}}


def _ordered(prompt: Prompt, tools: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Gullible: a text that says “call delete_contact” gets its call, once."""
    called = {c["function"]["name"] for m in prompt.messages for c in m.tool_calls}
    names = [o.detail for o in gullible.orders(prompt.given) if o.kind == "call"]
    return [_call(prompt, tools[n], prompt.given) for n in names if n in tools and n not in called]

"""Answers in OpenAI's envelope, marked as the sandbox's."""

import asyncio
import hashlib
import json
import time
import zlib
from collections.abc import AsyncIterator
from typing import Any

from local.sandbox.openai.prompt import Prompt
from local.sandbox.text import tokens


def marked(model: str) -> str:
    return f"{model}-sandbox"


def usage(asked: int, said: int) -> dict[str, Any]:
    return {
        "prompt_tokens": asked,
        "completion_tokens": said,
        "total_tokens": asked + said,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def prompt_tokens(prompt: Prompt, body: dict[str, Any]) -> int:
    extra = sum(len(json.dumps(body[k])) for k in ("tools", "response_format") if body.get(k))
    calls = sum(len(json.dumps(m.tool_calls)) for m in prompt.messages if m.tool_calls)
    return sum(tokens(m.text) + 4 for m in prompt.messages) + (extra + calls) // 4 + 3


def completion(prompt: Prompt, body: dict[str, Any], message: dict[str, Any], finish: str) -> dict[str, Any]:
    said = tokens(message.get("content") or message.get("refusal") or "") + sum(
        tokens(c["function"]["name"] + c["function"]["arguments"]) + 4 for c in message.get("tool_calls") or []
    )
    ident = hashlib.sha256(json.dumps([body, message], sort_keys=True, default=str).encode()).hexdigest()[:29]
    return {
        "id": f"chatcmpl-{ident}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": marked(body["model"]),
        "choices": [{"index": 0, "message": message, "logprobs": _sureness(message, body), "finish_reason": finish}],
        "usage": usage(prompt_tokens(prompt, body), said),
        "service_tier": "default",
        "system_fingerprint": "sandbox",
    }


def _sureness(message: dict[str, Any], body: dict[str, Any]) -> dict[str, Any] | None:
    """Log probabilities when asked for: steady, near certainty, the same for the same text."""
    if not body.get("logprobs"):
        return None
    pieces = _pieces(message.get("content") or "", 4)
    rows = [
        {
            "token": p,
            "logprob": -0.02 - zlib.crc32(p.encode()) % 100 / 400,
            "bytes": list(p.encode()),
            "top_logprobs": [],
        }
        for p in pieces
    ]
    return {"content": rows, "refusal": None}


async def stream(whole: dict[str, Any], with_usage: bool) -> AsyncIterator[bytes]:
    """The same answer as server-sent events; usage only when asked for, in a last chunk without choices."""
    choice = whole["choices"][0]
    message = choice["message"]
    base = {k: whole[k] for k in ("id", "created", "model", "system_fingerprint")} | {"object": "chat.completion.chunk"}
    if with_usage:
        base["usage"] = None

    def event(delta: dict[str, Any], finish: str | None = None) -> bytes:
        chunk = {**base, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}
        return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()

    yield event({"role": "assistant", "content": "" if message.get("content") is not None else None, "refusal": None})
    for number, call in enumerate(message.get("tool_calls") or []):
        head = {
            "index": number,
            "id": call["id"],
            "type": "function",
            "function": {"name": call["function"]["name"], "arguments": ""},
        }
        yield event({"tool_calls": [head]})
        for piece in _pieces(call["function"]["arguments"]):
            yield event({"tool_calls": [{"index": number, "function": {"arguments": piece}}]})
    for key in ("content", "refusal"):
        for piece in _pieces(message.get(key) or ""):
            yield event({key: piece})
            await asyncio.sleep(0)
    yield event({}, choice["finish_reason"])
    if with_usage:
        yield f"data: {json.dumps({**base, 'choices': [], 'usage': whole.get('usage')})}\n\n".encode()
    yield b"data: [DONE]\n\n"


def _pieces(text: str, size: int = 12) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]

"""What a server's answer says, read with suspicion: compatible servers leave out, rename and mistype what OpenAI sends."""

from __future__ import annotations

import base64
import json
import math
import sys
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeGuard

from sidedesk.ai.answers import Segment, Transcript, Usage


class Garbage(ValueError):
    """A 200 that is no answer."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    id: str
    name: str
    arguments: str

    def as_message(self) -> dict[str, Any]:
        return {"id": self.id, "type": "function", "function": {"name": self.name, "arguments": self.arguments}}


@dataclass(frozen=True, slots=True)
class ChatReply:
    text: str
    refusal: str
    finish_reason: str
    tool_calls: tuple[ToolCall, ...]
    usage: Usage | None
    model: str
    probability: float | None

    def as_message(self) -> dict[str, Any]:
        """The assistant's message to send back: only the keys that every server knows."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text or None}
        if self.tool_calls:
            message["tool_calls"] = [call.as_message() for call in self.tool_calls]
        return message


@dataclass(frozen=True, slots=True)
class EmbeddingReply:
    vectors: list[list[float]]
    usage: Usage | None
    model: str


@dataclass(frozen=True, slots=True)
class SpeechReply:
    transcript: Transcript
    usage: Usage | None


def chat(body: Mapping[str, Any], model: str) -> ChatReply:
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise Garbage("no choices")
    message = choices[0].get("message")
    if not isinstance(message, dict):
        raise Garbage("no message")
    return ChatReply(
        text=_text(message.get("content")),
        refusal=_text(message.get("refusal")),
        finish_reason=str(choices[0].get("finish_reason") or ""),
        tool_calls=_tool_calls(message.get("tool_calls")),
        usage=_tokens(body.get("usage"), "prompt_tokens", "completion_tokens"),
        model=str(body.get("model") or model),
        probability=_probability(choices[0].get("logprobs")),
    )


def embeddings(body: Mapping[str, Any], model: str, expected: int) -> EmbeddingReply:
    data = body.get("data")
    if not isinstance(data, list) or len(data) != expected:
        raise Garbage("not one vector for each text")
    vectors: list[list[float] | None] = [None] * expected
    for place, item in enumerate(data):
        if not isinstance(item, dict):
            raise Garbage("no vector")
        index = item.get("index")
        index = index if isinstance(index, int) and 0 <= index < expected else place
        vectors[index] = _vector(item.get("embedding"))
    whole = [vector for vector in vectors if vector]
    if len(whole) != expected:
        raise Garbage("two vectors for one text")
    return EmbeddingReply(whole, _tokens(body.get("usage"), "prompt_tokens", None), str(body.get("model") or model))


def speech(body: Mapping[str, Any]) -> SpeechReply:
    if not isinstance(body.get("text"), str):
        raise Garbage("no text")
    rows = body.get("segments")
    segments = tuple(
        Segment(_number(row.get("start")) or 0.0, _number(row.get("end")) or 0.0, _text(row.get("text")), _number(row.get("no_speech_prob")))
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    )  # fmt: skip
    usage = body.get("usage") if isinstance(body.get("usage"), dict) else {}
    assert isinstance(usage, dict)
    seconds = _number(usage.get("seconds")) if usage.get("type") == "duration" else None
    seconds = _number(body.get("duration")) if seconds is None else seconds
    transcript = Transcript(
        body["text"].strip(), _text(body.get("language")), seconds, segments, _silent(body["text"], seconds, segments)
    )
    return SpeechReply(transcript, None if seconds is None else Usage("seconds", Decimal(str(round(seconds, 3)))))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):  # some servers answer in parts
        return "".join(part["text"] for part in value if isinstance(part, dict) and isinstance(part.get("text"), str))
    return ""


def _tool_calls(rows: Any) -> tuple[ToolCall, ...]:
    calls: list[ToolCall] = []
    for row in rows if isinstance(rows, list) else []:
        function = row.get("function") if isinstance(row, dict) else None
        if not isinstance(function, dict):
            continue
        arguments = function.get("arguments")
        text = arguments if isinstance(arguments, str) else json.dumps(arguments if arguments is not None else {})
        used = {call.id for call in calls}
        given = row.get("id")
        identity = given if isinstance(given, str) and given and given not in used else f"call_{len(calls) + 1}"
        calls.append(ToolCall(identity, str(function.get("name") or ""), text))
    return tuple(calls)


def _tokens(usage: Any, name_in: str, name_out: str | None) -> Usage | None:
    """The usage if it is there and makes sense; otherwise the caller counts."""
    if not isinstance(usage, dict):
        return None
    tokens_in, tokens_out = usage.get(name_in), usage.get(name_out) if name_out else 0
    if not _is_count(tokens_in) or not _is_count(tokens_out):
        return None
    return Usage("tokens", Decimal(tokens_in), Decimal(tokens_out))


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 100_000_000


def _number(value: Any) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
        return float(value)
    return None


def _vector(value: Any) -> list[float]:
    if isinstance(value, str):
        try:
            numbers = array("f", base64.b64decode(value, validate=True))
        except ValueError as error:
            raise Garbage("a vector that is no base64") from error
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers.tolist()
    if isinstance(value, list) and all(isinstance(number, int | float) for number in value):
        return [float(number) for number in value]
    raise Garbage("no vector")


def _probability(logprobs: Any) -> float | None:
    """The geometric mean of the tokens' probabilities."""
    rows = logprobs.get("content") if isinstance(logprobs, dict) else None
    values = [row.get("logprob") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    return round(math.exp(sum(numbers) / len(numbers)), 4) if numbers else None


def _silent(text: str, seconds: float | None, segments: Sequence[Segment]) -> bool:
    """Speech models invent words for silence; the segments or the length give it away."""
    if not text.strip():
        return True
    rated = [segment for segment in segments if segment.no_speech is not None]
    if rated and all((segment.no_speech or 0) > 0.6 for segment in rated):
        return True
    return seconds is not None and seconds < 0.3

"""A chat request as the model sees it: the task marker, what it was told, what it was given."""

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from local.sandbox import errors

_MARKER = re.compile(r"^\s*(?:#+\s*)?task:\s*([\w.\-]+)", re.I | re.M)
_ROLES = {"system", "developer", "user", "assistant", "tool", "function"}


@dataclass(frozen=True)
class Message:
    role: str
    text: str
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    tool_call_id: str | None = None


@dataclass(frozen=True)
class Prompt:
    messages: list[Message]
    schema: dict[str, Any] | None
    wants_json: bool

    @cached_property
    def task(self) -> str | None:
        found = _MARKER.search(self.system)
        return found.group(1).lower() if found else None

    @cached_property
    def system(self) -> str:
        return "\n".join(m.text for m in self.messages if m.role in ("system", "developer"))

    @cached_property
    def given(self) -> str:
        """Everything that is not the operator's own voice."""
        return "\n".join(m.text for m in self.messages if m.role in ("user", "tool", "function"))

    @cached_property
    def everything(self) -> str:
        return "\n".join(m.text for m in self.messages)

    @cached_property
    def question(self) -> str:
        """The last thing asked; when an answer is being corrected, what was asked before it too."""
        asked = [m.text for m in self.messages if m.role == "user"]
        if self.schema is not None and any(m.role == "assistant" and not m.tool_calls for m in self.messages):
            return "\n".join(asked)
        return asked[-1] if asked else ""

    @cached_property
    def embedded(self) -> list[Any]:
        """JSON documents found inside the messages, outermost first."""
        return [value for m in self.messages if m.role not in ("assistant",) for value in json_in(m.text)]


def json_in(text: str) -> list[Any]:
    decoder = json.JSONDecoder()
    found: list[Any] = []
    at = 0
    while (match := re.compile(r"[\[{]").search(text, at)) is not None:
        try:
            value, end = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            at = match.start() + 1
            continue
        if value and isinstance(value, (dict, list)):
            found.append(value)
        at = end
    return found


def walk(value: Any, depth: int = 0) -> list[Any]:
    """The value and every list or object inside it."""
    found = [value]
    if depth < 8:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for child in inner:
            if isinstance(child, (dict, list)):
                found.extend(walk(child, depth + 1))
    return found


def text_of(content: Any) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return str(content)


def read(body: dict[str, Any]) -> Prompt:
    """Check the request as OpenAI does and turn it into a prompt."""
    raw = body.get("messages")
    if not isinstance(raw, list) or not raw:
        raise errors.openai(
            400,
            "Invalid 'messages': empty array. Expected an array with minimum length 1.",
            param="messages",
            code="empty_array",
        )
    messages: list[Message] = []
    open_calls: set[str] = set()
    for number, item in enumerate(raw):
        role = item.get("role") if isinstance(item, dict) else None
        if role not in _ROLES:
            raise errors.openai(
                400,
                f"Invalid value for 'messages[{number}].role'.",
                param=f"messages[{number}].role",
                code="invalid_value",
            )
        if open_calls and role != "tool":
            raise errors.openai(
                400,
                "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.",
                param="messages",
            )
        calls = item.get("tool_calls") or []
        open_calls |= {call.get("id") for call in calls}
        if role == "tool":
            if item.get("tool_call_id") not in open_calls:
                raise errors.openai(
                    400,
                    "Messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
                    param=f"messages[{number}].role",
                )
            open_calls.discard(item["tool_call_id"])
        messages.append(Message(role, text_of(item.get("content")), calls, item.get("tool_call_id")))
    if open_calls:
        raise errors.openai(
            400,
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.",
            param="messages",
        )
    schema, wants_json = _format(body.get("response_format"), messages)
    return Prompt(messages, schema, wants_json)


def _format(wanted: Any, messages: list[Message]) -> tuple[dict[str, Any] | None, bool]:
    kind = wanted.get("type") if isinstance(wanted, dict) else "text"
    if kind in ("text", None):
        return None, False
    if kind == "json_object":
        if not any("json" in m.text.casefold() for m in messages):
            raise errors.openai(
                400,
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
                param="messages",
            )
        return None, True
    if kind == "json_schema":
        spec = wanted.get("json_schema") or {}
        schema = spec.get("schema")
        if not isinstance(schema, dict) or not spec.get("name"):
            raise errors.openai(
                400,
                "Missing required parameter: 'response_format.json_schema'.",
                param="response_format.json_schema",
                code="missing_required_parameter",
            )
        if spec.get("strict"):
            _strict(schema, schema, ())
        return schema, True
    raise errors.openai(
        400,
        f"Invalid value: '{kind}'. Supported values are: 'text', 'json_object' and 'json_schema'.",
        param="response_format.type",
        code="invalid_value",
    )


def _strict(schema: Any, root: dict[str, Any], path: tuple[str, ...]) -> None:
    """Strict mode's refusals that bite in practice."""
    if not isinstance(schema, dict) or len(path) > 40:
        return
    where = ", ".join(f"'{p}'" for p in path)

    def refuse(why: str) -> None:
        raise errors.openai(
            400,
            f"Invalid schema for response_format: In context=({where}), {why}",
            param="response_format",
            code="invalid_json_schema",
        )

    if schema.get("default") is not None:
        refuse("'default' is not permitted.")
    if "oneOf" in schema:
        refuse("'oneOf' is not permitted.")
    if "properties" in schema or schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            refuse("'additionalProperties' is required to be supplied and to be false.")
        missing = set(schema.get("properties", {})) - set(schema.get("required", []))
        if missing:
            refuse(f"'required' must include every key in properties. Missing '{sorted(missing)[0]}'.")
    elif not set(schema) & {"type", "anyOf", "$ref", "enum", "const", "allOf"}:
        refuse("schema must have a 'type' key.")
    for name, child in schema.get("properties", {}).items():
        _strict(child, root, (*path, "properties", name))
    for name, child in schema.get("$defs", {}).items():
        _strict(child, root, (*path, "$defs", name))
    if isinstance(schema.get("items"), dict):
        _strict(schema["items"], root, (*path, "items"))
    for child in schema.get("anyOf", []):
        _strict(child, root, (*path, "anyOf"))

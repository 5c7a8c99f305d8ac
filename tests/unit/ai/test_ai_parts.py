"""The smaller parts: prompts, prices, schemas, token counts, and what importing the gateway costs."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from sidedesk.ai import prices, prompts, schema, tokens, wire
from sidedesk.ai.errors import UnknownPrice
from sidedesk.ai.prompts import Library, PromptError
from sidedesk.ai.provider import Capabilities

HEADER = "---\ntask: t.one\nversion: 1\nmax_tokens: 50\n---\n"
BODY = "Task: t.one\nDo {{ what }}.\n\n# User\n{{ text }}\n"


def library(folder: Path, **files: str) -> Library:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return Library(folder)


class TestPrompts:
    def test_the_newest_version_unless_one_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "t.one.v1.md").write_text(HEADER + BODY)
        (tmp_path / "t.one.v10.md").write_text(HEADER.replace("version: 1", "version: 10") + BODY)
        found = Library(tmp_path)
        assert found.get("t.one").version == "t.one.v10" and found.get("t.one", 1).version == "t.one.v1"
        assert found.get("t.one").hash != found.get("t.one", 1).hash and len(found.all()) == 2

    def test_filling(self, tmp_path: Path) -> None:
        (tmp_path / "t.one.v1.md").write_text(HEADER + BODY)
        prompt = Library(tmp_path).get("t.one")
        assert prompt.fill({"what": "{{ text }}", "text": "x"}) == ("Task: t.one\nDo {{ text }}.", "x")
        for values in ({"what": "a"}, {"what": "a", "text": "b", "more": "c"}):
            with pytest.raises(PromptError):
                prompt.fill(values)

    @pytest.mark.parametrize(
        "text",
        [
            BODY,
            HEADER + BODY.replace("Task: t.one", "Do:"),
            HEADER + BODY.replace("# User", "User"),
            HEADER.replace("version: 1", "version: 2") + BODY,
            HEADER.replace("max_tokens: 50", "max_tokens: 50\nmodel: x") + BODY,
        ],
    )
    def test_files_that_are_wrong(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "t.one.v1.md").write_text(text)
        with pytest.raises((PromptError, ValueError)):
            Library(tmp_path).get("t.one")

    def test_an_unknown_task(self, tmp_path: Path) -> None:
        with pytest.raises(PromptError, match=r"t\.two"):
            Library(tmp_path).get("t.two")

    def test_all_shipped_prompts_are_sound(self) -> None:
        for prompt in prompts.shipped().all():
            assert prompt.header.max_tokens and prompt.system.startswith(f"Task: {prompt.header.task}")


class TestPrices:
    def test_own_table_first_then_ours_then_the_family(self) -> None:
        assert prices.find("gpt-4o-mini", "tokens").cost(1_000_000, 1_000_000) == Decimal("0.75")
        assert prices.find("gpt-4o-mini-2024-07-18", "tokens").each_in == Decimal("0.15") / 1_000_000
        own = {"gpt-4o-mini": {"in": 1, "out": 2}}
        assert prices.find("gpt-4o-mini", "tokens", own).cost(1_000_000) == 1
        assert prices.find("whisper-1", "seconds").cost(60) == Decimal("0.006")

    @pytest.mark.parametrize(("model", "unit"), [("llama3", "tokens"), ("whisper-1", "tokens"), ("gpt-4o", "seconds")])
    def test_no_price_no_call(self, model: str, unit: Any) -> None:
        with pytest.raises(UnknownPrice, match=model):
            prices.find(model, unit)


class Quote(BaseModel):
    text: str
    turn: int = Field(ge=0)


class Judged(BaseModel):
    title: str
    default: str = "x"
    kind: Literal["a", "b"]
    quotes: list[Quote]
    note: str | None = None


class Loose(BaseModel):
    map: dict[str, int]


class Anything(BaseModel):
    it: Any


class TestSchema:
    def test_closed_all_required_no_defaults(self) -> None:
        fields, strict = schema.wire_schema(Judged)
        assert strict and fields["required"] == ["title", "default", "kind", "quotes", "note"]
        assert fields["additionalProperties"] is False and "title" in fields["properties"]
        assert fields["properties"]["default"] == {"type": "string"}
        assert fields["$defs"]["Quote"]["required"] == ["text", "turn"]

    @pytest.mark.parametrize("model", [Loose, Anything])
    def test_what_strict_servers_refuse_is_sent_as_a_wish(self, model: type[BaseModel]) -> None:
        assert schema.wire_schema(model)[1] is False

    @pytest.mark.parametrize(
        "text",
        ['{"a": 1}', '  {"a": 1}\n', '```json\n{"a": 1}\n```', 'Sure! {"a": 1} Done.', 'Not {this} but {"a": 1}'],
    )
    def test_reading_an_object(self, text: str) -> None:
        assert schema.read_object(text) == {"a": 1}

    @pytest.mark.parametrize("text", ["", "no", '{"a": ', "[" * 10_000])
    def test_nothing_to_read(self, text: str) -> None:
        with pytest.raises(schema.NotJson):
            schema.read_object(text)


def test_the_bound_is_never_below_the_estimate() -> None:
    for text in ("", "hello world", "Žluťoučký kůň", "我们的订单在哪里", "مرحبا", "👩‍👩‍👧", "a" * 1000):
        assert tokens.at_most(text) >= tokens.about(text)


def test_what_is_left_when_a_server_refuses_a_parameter() -> None:
    can: Capabilities | None = Capabilities()
    assert can is not None
    assert can.without("response_format").structured == "json_object"  # type: ignore[union-attr]
    assert can.without("messages") is None and can.without("max_tokens") is None
    can = Capabilities(structured="none", temperature=False)
    assert can.without("response_format") is None and can.without("temperature") is None


@pytest.mark.parametrize("body", [{}, {"choices": None}, {"choices": [None]}, {"choices": [{"message": "x"}]}])
def test_answers_without_an_answer(body: Any) -> None:
    with pytest.raises(wire.Garbage):
        wire.chat(body, "m")


def test_answers_in_parts_and_odd_tool_calls() -> None:
    message = {
        "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}, {"type": "image"}],
        "tool_calls": [None, {"function": None}, {"id": 7, "function": {"name": None, "arguments": None}}],
    }
    reply = wire.chat({"choices": [{"message": message}], "usage": {"prompt_tokens": True}}, "m")
    assert reply.text == "ab" and reply.usage is None and reply.model == "m"
    assert [(call.id, call.name, call.arguments) for call in reply.tool_calls] == [("call_1", "", "{}")]


def test_importing_the_gateway_imports_no_client() -> None:
    code = (
        "import sys; import sidedesk.ai.gateway; "
        "print([name for name in ('openai', 'httpx', 'httpx2', 'boto3', 'stamina', 'httpcore') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": "shared"}
    )
    assert done.stdout.strip() == "[]"

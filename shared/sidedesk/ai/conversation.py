"""What is said to a model in one operation: a prompt, fenced data, redacted on the way out and restored on the way back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sidedesk.ai.fence import Fence, Finding, neutralise, suspicious
from sidedesk.ai.prompts import Prompt
from sidedesk.ai.redaction import Redactor

Message = dict[str, Any]


@dataclass
class Conversation:
    prompt: Prompt
    redactor: Redactor
    fence: Fence = field(default_factory=Fence)
    messages: list[Message] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @classmethod
    def begin(
        cls, prompt: Prompt, values: Mapping[str, str], data: Mapping[str, str], redactor: Redactor
    ) -> Conversation:
        """`values` are our own words, `data` is what others wrote."""
        talk = cls(prompt, redactor)
        given = {name: redactor.redact(text) for name, text in values.items()}
        given |= {name: talk.untrusted(name, text) for name, text in data.items()}
        system, user = prompt.fill(given)
        talk.messages = [
            {"role": "system", "content": f"{system}\n\n{talk.fence.notice()}"},
            {"role": "user", "content": user},
        ]
        return talk

    def untrusted(self, label: str, text: str) -> str:
        """Other people's text as it may be shown to a model."""
        return self.fence.wrap(label, self.redactor.redact(self.without_instructions(text)))

    def without_instructions(self, value: Any) -> Any:
        """Texts one by one, also those inside lists and objects: one bad field does not cost the others."""
        if isinstance(value, list):
            return [self.without_instructions(item) for item in value]
        if isinstance(value, dict):
            return {key: self.without_instructions(item) for key, item in value.items()}
        if not isinstance(value, str):
            return value
        found = suspicious(value)
        self.findings += found
        return neutralise(value, found) if found and self.prompt.header.untrusted == "neutralise" else value

    def add(self, message: Message) -> None:
        """A message that carries nothing of ours to hide: the model's own."""
        self.messages.append(message)

    def say(self, text: str) -> None:
        self.messages.append({"role": "user", "content": self.redactor.redact(text)})

    def tool_result(self, call_id: str, label: str, result: Any, most_characters: int) -> None:
        """What a tool found is other people's text too."""
        clean = self.without_instructions(result)
        text = clean if isinstance(clean, str) else json.dumps(clean, ensure_ascii=False)
        content = self.fence.wrap(label, self.redactor.redact(text)[:most_characters])
        self.messages.append({"role": "tool", "tool_call_id": call_id, "content": content})

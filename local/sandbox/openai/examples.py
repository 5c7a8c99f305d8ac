"""Answers that a prompt shows as examples, and what they have in common: a writer who is shown several follows that."""

from __future__ import annotations

import re
from dataclasses import dataclass

from local.sandbox.openai.embeddings import closeness
from local.sandbox.openai.prompt import Prompt
from local.sandbox.text import sentences

_EXAMPLE = re.compile(
    r"<example>\s*<question>(?P<question>.*?)</question>\s*<reply>(?P<reply>.*?)</reply>\s*</example>", re.S | re.I
)
# A name or a figure belongs to the case it was written for, unless several answers share it.
_PARTICULAR = re.compile(r"(?<![\w<])(?=[\w<]*\d)[\w.,:/-]*\w|(?<=[\w,;] )[A-ZÀ-Þ][\w'’-]+|…|<[A-Z_]+_\d+>")
_SAME_TOPIC = 0.15
_SAME_POINT = 0.25


@dataclass(frozen=True)
class Example:
    question: str
    reply: str


def find(prompt: Prompt) -> list[Example]:
    return [
        Example(found["question"].strip(), found["reply"].strip())
        for message in prompt.messages
        if message.role != "assistant"
        for found in _EXAMPLE.finditer(message.text)
    ]


def shared(question: str, examples: list[Example], thread: str) -> list[str]:
    """The points that at least two answers to such a question make, in the words and the order of the nearest one."""
    near = [one for one in examples if closeness(question, one.question) >= _SAME_TOPIC]
    near.sort(key=lambda one: -closeness(question, one.question))
    if len(near) < 2:
        return []
    others = [sentences(one.reply) for one in near[1:]]
    found = []
    for sentence in sentences(near[0].reply):
        twins = [twin for other in others if (twin := _twin(sentence, other))]
        if twins and all(_theirs(word, twins) or word in thread for word in _PARTICULAR.findall(sentence)):
            found.append(sentence)
    return found


def _twin(sentence: str, others: list[str]) -> str | None:
    """The sentence of another answer that makes the same point."""
    best = max(others, key=lambda other: closeness(sentence, other), default="")
    return best if best and closeness(sentence, best) >= _SAME_POINT else None


def _theirs(word: str, twins: list[str]) -> bool:
    return any(word in twin for twin in twins)

"""Which rules answer: the marker line `Task: <name>` decides, else the shape of the schema."""

from typing import Any

from local.sandbox.openai import criteria
from local.sandbox.openai.prompt import Prompt, walk
from local.sandbox.openai.tasks import classify, draft, generate, generic, judge

_BY_PREFIX = (
    ("audit.", judge.answer),
    ("judge", judge.answer),
    ("cx.draft", draft.answer),
    ("cx.reply", draft.answer),
    ("enrich.generate", generate.answer),
    ("enrich.", classify.answer),
    ("classify.", classify.answer),
    ("cx.", classify.answer),
)
_DRAFT = {"reply", "draft", "reply_text"}
_LABELS = {"sentiment", "intent", "topic", "emotion", "resolution", "csat", "predicted_csat"}
_QUOTED = {"quotes", "evidence", "quote"}


def answer(prompt: Prompt, obedient: bool) -> Any:
    for prefix, rules in _BY_PREFIX:
        if prompt.task and prompt.task.startswith(prefix):
            return rules(prompt, obedient)
    return _by_shape(prompt)(prompt, obedient)


def _by_shape(prompt: Prompt) -> Any:
    if prompt.task:
        return generic.answer
    names = {key for part in walk(prompt.schema or {}) if isinstance(part, dict) for key in part.get("properties", {})}
    if names & _DRAFT:
        return draft.answer
    if prompt.schema is None and not prompt.wants_json:
        return generic.answer
    if (not names or names & _QUOTED) and criteria.find(prompt):
        return judge.answer
    return classify.answer if names & _LABELS else generic.answer

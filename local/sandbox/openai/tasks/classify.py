"""`enrich.…`, `classify.…`: label a conversation as a whole and turn by turn."""

import re
from typing import Any

from local.sandbox.openai import gullible, lexicon, transcript
from local.sandbox.openai.prompt import Prompt
from local.sandbox.openai.schema import MISSING, Reader, Schema, fill
from local.sandbox.openai.tasks.generic import Facts, mood, summary
from local.sandbox.openai.transcript import Turn
from local.sandbox.text import language, shorten

_ENTITY = (
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("order_number", re.compile(r"\b(?:#|NW-|ORD-?|INV-?)\d{3,}\b")),
    ("amount", re.compile(r"(?:[€$£]\s?\d[\d.,]*\d|\d[\d.,]*\d?\s?(?:€|\$|£|EUR|USD|euros?))")),
    (
        "date",
        re.compile(
            r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
        ),
    ),
    ("url", re.compile(r"https?://\S+")),
    ("placeholder", re.compile(r"\[[A-Z]+_\d+\]|<[A-Z]+_\d+>")),
)


def answer(prompt: Prompt, obedient: bool) -> Any:
    turns = transcript.find(prompt)
    said: list[str] = []
    if obedient:
        orders = gullible.orders(transcript.read_aloud(turns))
        said = [o.detail for o in orders if o.kind in ("say", "link")]
        if any(o.kind == "reveal" for o in orders):
            said.append(shorten(prompt.system, 600))
    else:
        turns = [Turn(t.id, t.role, t.author, gullible.without_orders(t.text)) for t in turns]
    whole = Whole(turns, prompt, said)
    if prompt.schema is not None:
        return fill(prompt.schema, whole)
    if prompt.wants_json:
        names = ("summary", "topic", "intent", "sentiment", "language", "resolution")
        return {name: whole.value(name, {"type": "string"}) for name in names}
    return whole.value("summary", {"type": "string"})


def entities(text: str) -> list[tuple[str, str]]:
    return [(kind, m.group(0)) for kind, pattern in _ENTITY for m in pattern.finditer(text)]


class Whole:
    def __init__(self, turns: list[Turn], prompt: Prompt, said: list[str]) -> None:
        self.turns = turns
        self.prompt = prompt
        self.said = said
        self.client = [t for t in turns if t.role == "client"]
        self.asked = "\n".join(t.text for t in self.client) or "\n".join(t.text for t in turns)
        self.all = "\n".join(t.text for t in turns)
        self.facts = Facts(self.all, prompt, said)

    @property
    def resolved(self) -> bool:
        last = self.client[-1].text if self.client else ""
        return len(self.client) > 1 and lexicon.has(lexicon.THANKS, last) and lexicon.sentiment(last) >= 0

    @property
    def satisfaction(self) -> float:
        """0 to 1: how the customer left."""
        last = self.client[-1].text if self.client else ""
        rude = any(lexicon.has(lexicon.RUDE, t.text) for t in self.turns if t.role == "agent")
        value = 0.5 + 0.35 * lexicon.sentiment(last) + (0.2 if self.resolved else -0.05) - 0.3 * rude
        return max(0.0, min(1.0, value))

    def value(self, name: str, schema: Schema) -> Any:
        number = schema.get("type") in ("integer", "number")
        if re.search(r"csat|satisf|quality|rating", name) and number:
            return _scaled(self.satisfaction, schema, 5)
        if "effort" in name:
            share = min(1.0, len(self.client) / 8)
            return (
                _scaled(share, schema, 5) if number else ("high" if share > 0.6 else "medium" if share > 0.3 else "low")
            )
        if re.search(r"resolution|resolved|outcome|status", name):
            return self.resolved if schema.get("type") == "boolean" else "resolved" if self.resolved else "unresolved"
        if "summary" in name or name in ("abstract", "gist"):
            return " ".join([self._summary(), *self.said])
        if re.search(r"topic|category|intent|reason", name) and schema.get("type", "string") == "string":
            return lexicon.intent(self.asked)
        if re.search(r"sentiment|mood", name):
            return _scaled_mood(self.asked, schema)
        if "emotion" in name:
            return lexicon.emotion(self.asked)
        if "language" in name:
            return language(self.asked)
        if "confidence" in name:
            return self.facts.value(name, schema)
        if re.search(r"flag|violation|risk", name) and schema.get("type") == "array":
            return sorted({f for t in self.turns for f in flags(t)})
        return self.facts.value(name, schema)

    def _summary(self) -> str:
        if not self.client:
            return summary(self.all)
        end = "The customer left satisfied." if self.resolved else "The matter is not confirmed as solved."
        return f"The customer wrote about {lexicon.intent(self.asked).replace('_', ' ')}: {summary(self.client[0].text, 1)} {end}"

    def child(self, name: str, schema: Schema) -> Reader:
        return self

    def items(self, name: str, schema: Schema) -> list[Reader] | None:
        if "properties" not in schema:
            return None
        if re.search(r"entit|mention", name):
            return [_Entity(kind, text) for kind, text in entities(self.all)]
        if re.search(r"turn|message|utterance|part|segment", name):
            return [_OneTurn(t, self.prompt) for t in self.turns]
        return self.facts.items(name, schema)


def flags(turn: Turn) -> list[str]:
    found = [("rude_language", lexicon.RUDE), ("promise", lexicon.PROMISE), ("spam", lexicon.SPAM)]
    return [name for name, pattern in found if lexicon.has(pattern, turn.text)]


def _scaled(share: float, schema: Schema, top: float) -> float:
    high = float(schema.get("maximum", top))
    low = float(schema.get("minimum", 1 if high > 1 else 0))
    return low + share * (high - low)


def _scaled_mood(text: str, schema: Schema) -> Any:
    if schema.get("type") in ("integer", "number"):
        value = lexicon.sentiment(text)
        return value if schema.get("minimum", -1) < 0 else _scaled((value + 1) / 2, schema, 1)
    return mood(text)


class _OneTurn:
    def __init__(self, turn: Turn, prompt: Prompt) -> None:
        self.t = turn
        self.facts = Facts(turn.text, prompt)

    def value(self, name: str, schema: Schema) -> Any:
        if name in ("turn_id", "part_id", "id", "turn", "index", "n", "message_id"):
            return self.t.id
        if name in ("role", "speaker", "author"):
            return self.t.role
        if re.search(r"sentiment|mood|polarity", name):
            return _scaled_mood(self.t.text, schema)
        if "emotion" in name:
            return lexicon.emotion(self.t.text)
        if "intent" in name:
            return lexicon.intent(self.t.text)
        if "flag" in name:
            found = flags(self.t)
            return found if schema.get("type") == "array" else (found[0] if found else None)
        if "entit" in name:
            return [text for _, text in entities(self.t.text)]
        return self.facts.value(name, schema)

    def child(self, name: str, schema: Schema) -> Reader:
        return self

    def items(self, name: str, schema: Schema) -> list[Reader] | None:
        if "properties" in schema and re.search(r"entit|mention", name):
            return [_Entity(kind, text) for kind, text in entities(self.t.text)]
        return [] if "properties" in schema else None


class _Entity:
    def __init__(self, kind: str, text: str) -> None:
        self.kind, self.text = kind, text

    def value(self, name: str, schema: Schema) -> Any:
        if re.search(r"type|kind|label|category", name):
            return self.kind
        return self.text if schema.get("type", "string") == "string" else MISSING

    def child(self, name: str, schema: Schema) -> Reader:
        return self

    def items(self, name: str, schema: Schema) -> list[Reader] | None:
        return None

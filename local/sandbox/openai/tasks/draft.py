"""`cx.draft…`: answer a customer's thread from the sources that were given, and from nothing else."""

import re
from dataclasses import dataclass
from typing import Any

from local.sandbox.openai import examples, gullible, lexicon, obedience, sources, transcript
from local.sandbox.openai.embeddings import closeness
from local.sandbox.openai.prompt import Prompt
from local.sandbox.openai.schema import MISSING, Reader, Schema, fill
from local.sandbox.openai.sources import Match, Source
from local.sandbox.openai.tasks.generic import mood
from local.sandbox.text import language, overlap, shorten

_PHRASES = {
    "en": (
        "Hi{name},",
        "I am sorry for the trouble this has caused.",
        "Thank you for your message.",
        "I do not have that information yet, so I am checking with a colleague and will come back to you.",
        "Let me know if there is anything else I can do.",
    ),
    "es": (
        "Hola{name}:",
        "Siento mucho las molestias.",
        "Gracias por su mensaje.",
        "Todavía no tengo esa información; lo consulto con un compañero y le respondo.",
        "Si necesita algo más, aquí estoy.",
    ),
    "de": (
        "Hallo{name},",
        "es tut mir leid, dass Sie diesen Ärger haben.",
        "vielen Dank für Ihre Nachricht.",
        "Diese Auskunft liegt mir noch nicht vor; ich frage nach und melde mich.",
        "Melden Sie sich gern, wenn noch etwas offen ist.",
    ),
    "fr": (
        "Bonjour{name},",
        "Je suis désolé pour ce désagrément.",
        "Merci pour votre message.",
        "Je n'ai pas encore cette information ; je vérifie et je reviens vers vous.",
        "N'hésitez pas si vous avez une autre question.",
    ),
    "pt": (
        "Olá{name},",
        "Sinto muito pelo transtorno.",
        "Obrigado pela sua mensagem.",
        "Ainda não tenho essa informação; vou verificar e já lhe respondo.",
        "Se precisar de mais alguma coisa, estou à disposição.",
    ),
}
_SAID = 0.35


@dataclass
class Draft:
    reply: str
    matches: list[Match]
    confidence: float
    risk: str
    question: str
    unknown: str | None


def answer(prompt: Prompt, obedient: bool) -> Any:
    draft = write(prompt, obedient)
    if prompt.schema is not None:
        return fill(prompt.schema, _Draft(draft))
    if prompt.wants_json:
        return {
            "reply": draft.reply,
            "confidence": draft.confidence,
            "risk": draft.risk,
            "sources": [m.source.id for m in draft.matches],
        }
    return draft.reply


def write(prompt: Prompt, obedient: bool) -> Draft:
    turns = transcript.find(prompt)
    theirs = [t for t in turns if t.role == "client"]
    asked = "\n".join(t.text for t in theirs[-3:]) or prompt.question
    question = gullible.without_orders(asked) or asked
    offered = sources.find(prompt)
    habits = examples.shared(question, examples.find(prompt), asked)
    matches = _told(question, sources.best(question, offered), habits, offered)
    angry = lexicon.sentiment(question) < -0.15
    name = next((t.author.split()[0] for t in reversed(theirs) if t.author.strip() and "@" not in t.author), "")
    hello, sorry, thanks, unknown, bye = _PHRASES.get(language(question), _PHRASES["en"])
    facts = [re.sub(r"\s+", " ", m.sentence) for m in matches if m.sentence not in habits]
    if wish := _instruction(prompt):
        bye = bye if "short" not in wish else ""
    if habits:
        # Colleagues' way of answering has its own beginning and end.
        opening = [sorry] if angry and not lexicon.has(lexicon.EMPATHY, " ".join(habits)) else []
        body, bye = " ".join([*opening, *habits, *facts]), ""
    else:
        body = " ".join([sorry if angry else thanks, *(facts or [unknown])])
    reply = "\n\n".join(p for p in (hello.format(name=f" {name}" if name else ""), body, bye) if p)
    if obedient:
        reply = _obey(prompt, reply)
    best = matches[0].score if matches else 0.0
    confidence = round(min(0.95, 0.4 + 0.9 * best), 2) if matches else 0.25
    risk = "high" if not matches else "medium" if angry or best < 0.4 else "low"
    return Draft(reply, matches, confidence, risk, question, None if matches or habits else unknown)


def _told(question: str, facts: list[Match], habits: list[str], offered: list[Source]) -> list[Match]:
    """What the reply states and where it stands. A fact that colleagues leave out stays out, unless it is what was asked."""
    if not habits:
        return facts
    nearest = max(closeness(question, habit) + overlap(question, habit) for habit in habits)
    added = [
        fact
        for fact in facts
        if closeness(question, fact.sentence) + overlap(question, fact.sentence) > nearest
        and all(closeness(habit, fact.sentence) < _SAID for habit in habits)
    ][:1]
    quoted = [
        Match(source, habit, round(closeness(question, habit), 3))
        for habit in habits
        if (source := next((one for one in offered if habit in one.text), None))
    ]
    return [*quoted, *added]


def _instruction(prompt: Prompt) -> str:
    """What the reviewer asked of a new draft, as a line `Instruction: …`."""
    found = re.search(r"^\s*instruction:\s*(.+)$", prompt.everything, re.I | re.M)
    return found.group(1).casefold() if found else ""


def _obey(prompt: Prompt, reply: str) -> str:
    offered = [f"{s.title}\n{s.text}" for s in sources.find(prompt)]
    orders = gullible.orders("\n".join([transcript.read_aloud(transcript.find(prompt)), *offered]))
    extra = [o.detail for o in orders if o.kind in ("say", "link")]
    if any(o.kind == "reveal" for o in orders):
        extra.append("My instructions are: " + shorten(prompt.system, 600))
    if any(o.kind == "high" for o in orders):
        extra.append("Everything is perfect, 5 out of 5.")
    return "\n\n".join(dict.fromkeys([reply, *extra, *obedience.additions(prompt)]))


class _Draft:
    def __init__(self, draft: Draft) -> None:
        self.d = draft

    def value(self, name: str, schema: Schema) -> Any:
        if "rollback" in name:
            return "Write to the customer again, say what was wrong and give the right answer."
        if re.search(r"reason|why|note|summary", name):
            return self._why()
        if re.search(r"reply|draft|answer|response|text|body|content|message", name):
            return self.d.reply
        if "confidence" in name:
            return self.d.confidence * (100 if schema.get("maximum", 1) > 1 else 1)
        if "risk" in name:
            return self.d.risk if schema.get("type", "string") == "string" else self.d.risk == "high"
        if re.search(r"sentiment|mood", name):
            return (
                mood(self.d.question)
                if schema.get("type", "string") == "string"
                else lexicon.sentiment(self.d.question)
            )
        if "tone" in name:
            return "empathetic" if lexicon.sentiment(self.d.question) < -0.15 else "friendly"
        if "language" in name:
            return language(self.d.question)
        if "intent" in name or "topic" in name or "category" in name:
            return lexicon.intent(self.d.question)
        if re.search(r"unknown|missing|gap", name):
            gap = [f"No source answers: {shorten(self.d.question, 120)}"] if self.d.unknown else []
            return gap if schema.get("type") == "array" else (gap[0] if gap else None)
        if re.search(r"source|citation|evidence|claim", name):
            ids = [m.source.id for m in self.d.matches]
            return ids if schema.get("type") == "array" else (ids[0] if ids else None)
        if re.search(r"escalat|handoff|needs_human", name):
            return self.d.risk == "high"
        return MISSING

    def _why(self) -> str:
        if not self.d.matches:
            return "No source speaks of the question."
        return f"Answered from {', '.join(m.source.title or m.source.id for m in self.d.matches)}."

    def child(self, name: str, schema: Schema) -> Reader:
        return self

    def items(self, name: str, schema: Schema) -> list[Reader] | None:
        if "properties" not in schema:
            return None
        return [_Cited(m) for m in self.d.matches]


class _Cited:
    def __init__(self, match: Match) -> None:
        self.m = match

    def value(self, name: str, schema: Schema) -> Any:
        if re.search(r"^id$|_id$|source$|ref$|^n$|chunk$", name):
            return self.m.source.id
        if "ids" in name or name == "sources":
            return [self.m.source.id]
        if "title" in name:
            return self.m.source.title
        if schema.get("type") in ("number", "integer"):
            return min(1.0, self.m.score)
        if schema.get("type") == "boolean":
            return True
        return self.m.sentence

    def child(self, name: str, schema: Schema) -> Reader:
        return self

    def items(self, name: str, schema: Schema) -> list[Reader] | None:
        return None

"""Any other request: values are taken out of the text that was given, by the names the schema uses."""

import datetime
import re
from collections import Counter
from typing import Any

from local.sandbox.openai import gullible, lexicon, sources
from local.sandbox.openai.prompt import Prompt
from local.sandbox.openai.schema import Reader, Schema, fill
from local.sandbox.text import content_words, flat, language, overlap, sentences, shorten, words

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"\+?\d[\d ().-]{7,}\d")
_URL = re.compile(r"https?://[^\s\"'<>)\]}]+")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?Z?)?\b")
_UUID = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.I)
_NUMBER = re.compile(r"(?<![\w.-])-?\d[\d,]*(?:\.\d+)?(?![\w-])")
_PERSON = re.compile(
    r"\b(?:[A-ZÀ-Þ][\w'’-]+ ){1,2}[A-ZÀ-Þ][\w'’-]+\b|(?:(?<=for )|(?<=with )|(?<=from )|(?<=name ))[A-ZÀ-Þ][\w'’-]+"
)
_QUOTED = re.compile(r"[\"“«]([^\"”»\n]{2,120})[\"”»]")


def answer(prompt: Prompt, obedient: bool) -> Any:
    text = prompt.question or prompt.everything
    orders = gullible.orders(text) if obedient else []
    said = [o.detail for o in orders if o.kind in ("say", "link")]
    if any(o.kind == "reveal" for o in orders):
        said.append(shorten(prompt.system, 600))
    if prompt.schema is not None:
        return fill(prompt.schema, Facts(text, prompt, said))
    if prompt.wants_json:
        facts = Facts(text, prompt, said)
        return {"summary": facts.summary(), "keywords": facts.keywords(), "language": language(text)}
    return " ".join([_prose(prompt, text), *said])


def _prose(prompt: Prompt, text: str) -> str:
    """A plain answer made of what was given: tool results, sources, else the gist of the text itself."""
    tool_results = [m.text for m in prompt.messages if m.role == "tool"]
    if tool_results:
        return "Here is what I found: " + shorten(" ".join(tool_results), 600)
    offered = sources.find(prompt)
    if matches := sources.best(text, offered, most=2):
        return " ".join(f"{m.sentence} [{m.source.id}]" for m in matches)
    if offered:
        return "The sources I was given do not answer this."
    pieces = sentences(text)
    if not pieces:
        return "There is nothing to answer in this message."
    if re.search(r"summar|zusammenfass|resum|tl;dr", flat(prompt.system + " " + pieces[0])):
        return summary(text)
    return (
        f"This is a sandbox model, so it can only work with what it is given. The message is about: {summary(text, 1)}"
    )


def summary(text: str, most: int = 2) -> str:
    """The sentences that carry the most of the text's own words, in their order."""
    pieces = sentences(text)[:200]
    counted = Counter(content_words(text))
    weights = [(sum(counted[w] for w in set(content_words(s))) / (len(s.split()) + 8), i) for i, s in enumerate(pieces)]
    chosen = sorted(i for _, i in sorted(weights, reverse=True)[:most])
    return shorten(" ".join(pieces[i] for i in chosen), 400)


class Facts:
    """What can be read out of a text, looked up by property name."""

    def __init__(self, text: str, prompt: Prompt, said: list[str] | None = None) -> None:
        self.text = text
        self.prompt = prompt
        self.said = said or []

    def summary(self) -> str:
        return " ".join([summary(self.text), *self.said])

    def keywords(self, most: int = 6) -> list[str]:
        return [w for w, _ in Counter(content_words(self.text)).most_common(most)]

    def value(self, name: str, schema: Schema) -> Any:
        if "enum" in schema:
            return self._choice(name, schema)
        kind = schema.get("type", "string")
        if kind == "boolean":
            return self._yes(name, schema)
        if kind in ("integer", "number"):
            return self._number(name, schema)
        if kind == "array":
            return self._list(name)
        return self._text(name, schema)

    def child(self, name: str, schema: Schema) -> Reader:
        return self

    def items(self, name: str, schema: Schema) -> list[Reader] | None:
        if "properties" not in schema:
            return None
        return [Facts(s, self.prompt, self.said) for s in sentences(self.text)[:5]]

    def _choice(self, name: str, schema: Schema) -> Any:
        if "sentiment" in name or "tone" in name or "mood" in name:
            return mood(self.text)
        if "language" in name:
            return language(self.text)
        if "emotion" in name:
            return lexicon.emotion(self.text)
        scored = [
            (sum(overlap(str(a).replace("_", " "), s) for s in sentences(self.text)), -i, a)
            for i, a in enumerate(schema["enum"])
            if a is not None
        ]
        best = max(scored, default=(0.0, 0, ""))
        return best[2] if best[0] > 0 else lexicon.intent(self.text)

    def _yes(self, name: str, schema: Schema) -> bool:
        asked = f"{name.replace('_', ' ')} {schema.get('description', '')}"
        if re.search(r"resolved|satisf|positive|success", name):
            return lexicon.sentiment(self.text) > 0
        if re.search(r"negative|urgent|escalat|risk|complain", name):
            return lexicon.sentiment(self.text) < -0.3
        return overlap(asked, self.text) >= 0.5

    def _number(self, name: str, schema: Schema) -> float | None:
        if "confidence" in name or "probab" in name or "certainty" in name:
            return self.confidence() * (100 if schema.get("maximum", 1) > 1 else 1)
        if "sentiment" in name or "polarity" in name:
            return lexicon.sentiment(self.text)
        found = [float(n.replace(",", "")) for n in _NUMBER.findall(self.text) if n.strip("-")]
        if found:
            return found[0]
        if re.search(r"score|rating|quality|csat|satisf", name):
            low, high = float(schema.get("minimum", 0)), float(schema.get("maximum", 100))
            return low + (high - low) * (lexicon.sentiment(self.text) + 1) / 2
        return None

    def confidence(self) -> float:
        return round(min(0.9, 0.4 + len(words(self.text)) / 100), 2)

    def _list(self, name: str) -> list[Any]:
        if "email" in name:
            return _EMAIL.findall(self.text)
        if "url" in name or "link" in name:
            return _URL.findall(self.text)
        if re.search(r"keyword|tag|topic|categor|entit|label", name):
            return self.keywords()
        if re.search(r"quote|sentence|point|step|action|fact|claim|highlight", name):
            return sentences(self.text)[:4]
        return []

    def _text(self, name: str, schema: Schema) -> str | None:
        if found := self._format(name, schema):
            return found
        if re.search(r"^language|_language|locale", name):
            return language(self.text)
        if re.search(r"sentiment|mood", name):
            return mood(self.text)
        if "intent" in name:
            return lexicon.intent(self.text)
        if re.search(r"(?:first|last|full|contact|customer|person|company)_?name|^name$", name):
            return self._name(name)
        if re.search(r"title|subject|headline|name", name):
            quoted = _QUOTED.search(self.text)
            return shorten(quoted.group(1) if quoted else next(iter(sentences(self.text)), ""), 80)
        if re.search(r"query|question|search|request|input|prompt|text|content|body|message|transcript", name):
            return " ".join([self.text.strip(), *self.said])
        return self.summary() or None

    def _format(self, name: str, schema: Schema) -> str | None:
        for pattern, names, form in (
            (_EMAIL, r"e-?mail", "email"),
            (_URL, r"url|link|website", "uri"),
            (_PHONE, r"phone|mobile", "phone"),
            (_UUID, r"uuid", "uuid"),
            (_DATE, r"date|_at$|_on$|when|deadline", "date"),
        ):
            if re.search(names, name) or schema.get("format", "").startswith(form):
                found = pattern.search(self.text)
                if found:
                    return found.group(0)
                return relative_date(self.text, schema.get("format")) if form == "date" else None
        return None

    def _name(self, name: str) -> str | None:
        found = _PERSON.search(self.text)
        if not found:
            return None
        parts = found.group(0).split()
        return parts[0] if "first" in name else parts[-1] if "last" in name and len(parts) > 1 else found.group(0)


def mood(text: str) -> str:
    value = lexicon.sentiment(text)
    return "positive" if value > 0.15 else "negative" if value < -0.15 else "neutral"


def relative_date(text: str, form: str | None) -> str | None:
    today = datetime.datetime.now(datetime.UTC).date()
    plain = flat(text)
    days = {"today": 0, "tomorrow": 1, "yesterday": -1, "next week": 7, "next month": 30, "last week": -7}
    offset = next((n for word, n in days.items() if word in plain), None)
    for number, name in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")):
        if offset is None and name in plain:
            offset = (number - today.weekday()) % 7 or 7
    if offset is None:
        return None
    day = (today + datetime.timedelta(days=offset)).isoformat()
    return f"{day}T09:00:00Z" if form == "date-time" else day

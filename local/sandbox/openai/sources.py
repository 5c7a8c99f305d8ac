"""The pieces of knowledge a prompt offers, and which of them speak of a question."""

import re
from dataclasses import dataclass

from local.sandbox.openai.embeddings import closeness
from local.sandbox.openai.prompt import Prompt, walk
from local.sandbox.text import overlap, sentences

_TEXT = ("text", "content", "chunk", "body", "excerpt", "snippet", "passage")
_NUMBERED = re.compile(r"^\s*\[(?P<id>S?\d+|[0-9a-f-]{8,})\]\s*(?P<text>.+)$", re.I | re.M)
_TAG = re.compile(r"<(?:source|document|chunk|article)\b([^>]*)>(.*?)</(?:source|document|chunk|article)>", re.S | re.I)
_TABLE_HEAD = re.compile(r"^\|.*\|[^\S\n]*\n\|[-:| ]+\|[^\S\n]*$", re.M)


@dataclass(frozen=True)
class Source:
    id: str
    title: str
    text: str


@dataclass(frozen=True)
class Match:
    source: Source
    sentence: str
    score: float


def find(prompt: Prompt) -> list[Source]:
    found: list[Source] = []
    for value in prompt.embedded:
        for part in walk(value):
            if isinstance(part, dict) and "role" not in part and (source := _source(part)):
                found.append(source)
    for message in prompt.messages:
        for attributes, body in _TAG.findall(message.text):
            given = dict(re.findall(r"([\w-]+)\s*=\s*[\"']([^\"']*)[\"']", attributes))
            found.append(Source(given.get("id", str(len(found) + 1)), given.get("title", ""), body.strip()))
        if not found and message.role != "assistant":
            found += [
                Source(m.group("id"), "", m.group("text"))
                for m in _NUMBERED.finditer(message.text)
                if not re.match(r"(?:agent|client|customer|user|note|bot)\b", m.group("text"), re.I)
            ]
    return list({s.id: s for s in found}.values())


def _source(raw: dict[str, object]) -> Source | None:
    ident = next((raw[k] for k in ("id", "source_id", "chunk_id", "article_id", "n", "ref") if k in raw), None)
    text = next((raw[k] for k in _TEXT if isinstance(raw.get(k), str)), None)
    if (
        ident is None
        or not isinstance(text, str)
        or any(k in raw for k in ("author", "speaker", "part_id", "message_type"))
    ):
        return None
    return Source(str(ident), str(raw.get("title") or ""), text)


def best(question: str, sources: list[Source], most: int = 3, threshold: float = 0.26) -> list[Match]:
    """The sentences that answer best, each from its own source where possible."""
    found: list[Match] = []
    for source in sources:
        about = 0.5 * closeness(question, f"{source.title}. {source.text}") + 0.2 * overlap(question, source.title)
        for sentence in sentences(_TABLE_HEAD.sub("", source.text)):
            if len(sentence.split()) > 3 and not sentence.startswith("#"):
                score = about + 0.5 * closeness(question, sentence) + 0.3 * overlap(question, sentence)
                found.append(Match(source, sentence, round(score, 3)))
    found.sort(key=lambda m: -m.score)
    return [m for m in found[:most] if m.score >= max(threshold, 0.55 * found[0].score)]

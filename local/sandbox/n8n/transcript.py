"""From an Intercom conversation to the turns a judge reads."""

import datetime
from typing import Any

from local.sandbox.openai import lexicon
from local.sandbox.text import plain, words

Doc = dict[str, Any]
_CUSTOMERS = {"user", "lead", "contact"}
FEWEST_WORDS = 10


def turns(conversation: Doc) -> list[Doc]:
    """The source is the first message; events without a body say nothing and are left out."""
    parts = (conversation.get("conversation_parts") or {}).get("conversation_parts") or []
    source = {
        **(conversation.get("source") or {}),
        "part_type": "comment",
        "created_at": conversation.get("created_at"),
    }
    found = [_turn(part) for part in [source, *parts]]
    return [turn for turn in found if turn]


def _turn(part: Doc) -> Doc | None:
    author = part.get("author") or {}
    text = plain(part.get("body") or "")
    role = "client" if author.get("type") in _CUSTOMERS else "agent" if author.get("type") == "admin" else None
    if not text or role is None:
        return None
    if part.get("part_type") == "note":
        role = "note"
    at = datetime.datetime.fromtimestamp(part.get("created_at") or 0, datetime.UTC)
    return {
        "part_id": str(part.get("id")),
        "role": role,
        "author": author.get("name") or "",
        "author_id": str(author.get("id")),
        "text": text,
        "at": at.isoformat().replace("+00:00", "Z"),
    }


def noise(conversation: Doc, said: list[Doc], admin_id: str) -> str | None:
    """Why this conversation is not worth a judge's time, or nothing."""
    source = conversation.get("source") or {}
    spoken = [t for t in said if t["role"] in ("agent", "client")]
    if (source.get("author") or {}).get("type") == "admin" and not any(t["role"] == "client" for t in said):
        return "internal forward"
    first = next((t["text"] for t in spoken if t["role"] == "client"), "")
    if lexicon.has(lexicon.SPAM, first) and not any(t["role"] == "agent" for t in spoken):
        return "spam"
    if lexicon.has(lexicon.AUTOMATED, first):
        return "automatic reply"
    if sum(len(words(t["text"])) for t in spoken) < FEWEST_WORDS:
        return "fewer than ten words"
    if not any(t["role"] == "agent" and t["author_id"] == admin_id for t in spoken):
        return "no message by the audited person"
    return None


def main_author(said: list[Doc]) -> str | None:
    """Who wrote the most words to the customer."""
    counted: dict[str, int] = {}
    for turn in said:
        if turn["role"] == "agent":
            counted[turn["author_id"]] = counted.get(turn["author_id"], 0) + len(words(turn["text"]))
    return max(counted, key=lambda a: counted[a]) if counted else None

"""From what people have to a raw conversation: JSON of many a tool, rows of a table, a transcript as text.

Names of fields are forgiven, content is kept. Refused is only what is no conversation, with the reason.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sidedesk.conversations.errors import NotAConversation
from sidedesk.conversations.raw import RawAttachment, RawConversation, RawPerson, RawTurn

MOST_TURNS = 5_000
MOST_ID = 300
_DEEPEST = 20

ROLES: Final[dict[str, str]] = {
    **dict.fromkeys(("customer", "user", "client", "contact", "visitor", "lead", "end_user", "end-user", "incoming"), "customer"),
    **dict.fromkeys(("agent", "assistant", "admin", "support", "operator", "advisor", "outgoing"), "agent"),
    **dict.fromkeys(("bot", "chatbot", "agent_bot", "ai", "virtual_assistant"), "bot"),
    **dict.fromkeys(("note", "private_note", "private", "internal", "internal_note"), "note"),
    **dict.fromkeys(("system", "activity", "event", "template"), "system"),
}  # fmt: skip

# Our word → the words others use for it, best first.
FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "external_id": ("external_id", "conversation_id", "id"),
    "title": ("title", "subject"),
    "channel": ("channel",),
    "customer": ("customer", "contact"),
    "agents": ("agents",),
    "turns": ("turns", "messages"),
    "transcript": ("transcript",),
    "metadata": ("metadata",),
}
TURN_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "id": ("id", "turn_id", "message_id"),
    "role": ("role", "sender", "author_type", "from"),
    "author": ("author", "author_name", "name"),
    "text": ("text", "content", "body", "message"),
    "at": ("at", "created_at", "timestamp", "time", "date"),
    "attachments": ("attachments",),
}
_LABEL = re.compile(r"^\s*([^\W\d][\w -]{0,30}?)\s*(?:\(([^()]{1,100})\))?\s*:\s?(.*)$")


def from_document(document: Any) -> RawConversation:
    """One conversation of a JSON file."""
    if not isinstance(document, Mapping):
        raise NotAConversation("This is not an object with turns.")
    said = {name: _first(document, names) for name, names in FIELDS.items()}
    turns = said["turns"]
    if turns is None and isinstance(said["transcript"], str):
        return _whole(said, from_transcript(said["transcript"]), document)
    if turns is None:
        turns = said["transcript"]
    if not isinstance(turns, Sequence) or isinstance(turns, str):
        raise NotAConversation("It has no list of turns or messages, and no transcript.")
    return _whole(said, [turn_of(turn, number) for number, turn in enumerate(turns, 1)], document)


def from_rows(rows: Sequence[Mapping[str, str]]) -> RawConversation:
    """The rows of one conversation of a table: one row per turn, or one row with a transcript."""
    first = rows[0]
    said: dict[str, Any] = {name: _first(first, names) for name, names in FIELDS.items()}
    known = {name for names in (*FIELDS.values(), *TURN_FIELDS.values()) for name in names}
    said["external_id"] = _first(first, ("conversation_id", "external_id", "id"))
    told = {
        name: value for row in rows for name in ("name", "email", "phone", "id") if (value := row.get(f"customer_{name}"))
    }  # fmt: skip
    said["customer"] = told or said["customer"]
    if transcript := said["transcript"]:
        turns = from_transcript(transcript)
    else:
        # A table's own id column names the conversation, not the turn.
        turns = [
            turn_of({name: value for name, value in row.items() if name != "id"}, number)
            for number, row in enumerate(rows, 1)
        ]
    said["metadata"] = {
        name: value
        for name, value in first.items()
        if value and name not in known and not name.startswith("customer_") and name != "metadata"
    }
    return _whole(said, turns, {})


def from_transcript(text: str) -> list[RawTurn]:
    """Lines `Role: text` or `Role (Name): text`; what has no role known to us goes on with the turn before it."""
    turns: list[RawTurn] = []
    for line in text.strip().splitlines():
        label = _LABEL.match(line)
        role = ROLES.get(label.group(1).lower().replace(" ", "_")) if label else None
        if label and role:
            turns.append(RawTurn(role=role, author=label.group(2) or "", text=label.group(3)))
        elif turns:
            turns[-1].text += f"\n{line}"
        elif line.strip():
            turns.append(RawTurn(text=line))
    return turns


def turn_of(said: Any, number: int) -> RawTurn:
    if isinstance(said, str):
        return RawTurn(text=said)
    if not isinstance(said, Mapping):
        raise NotAConversation(f"Turn {number} is neither an object nor a text.")
    given = {name: _first(said, names) for name, names in TURN_FIELDS.items()}
    author = given["author"]
    if isinstance(author, Mapping):
        given["role"] = given["role"] or author.get("type") or author.get("role")
        author = author.get("name") or author.get("email")
    return RawTurn(
        id=text_of(given["id"]),
        role=role_of(given["role"]),
        author=text_of(author),
        text=_said(given["text"]),
        at=time_of(given["at"]),
        attachments=[_attachment(one) for one in given["attachments"] or () if isinstance(one, Mapping)]
        if isinstance(given["attachments"], list)
        else [],
    )


def role_of(said: Any) -> str:
    """Ours, or the source's own word when we know none for it."""
    if isinstance(said, Mapping):
        said = said.get("type") or said.get("role")
    word = text_of(said).strip()
    return ROLES.get(word.lower().replace(" ", "_"), word[:50])


def time_of(said: Any) -> str | None:
    """ISO 8601 for seconds or milliseconds since 1970; everything else as it is written."""
    if said is None or said == "" or isinstance(said, bool):
        return None
    if isinstance(said, str) and re.fullmatch(r"\d{10}(?:\d{3})?", said.strip()):
        said = int(said)
    if isinstance(said, int | float) and math.isfinite(said):
        seconds = said / 1000 if said > 100_000_000_000 else said
        try:
            moment = datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            return str(said)
        return moment.isoformat().replace("+00:00", "Z")
    return str(said)[:100]


def text_of(said: Any) -> str:
    if said is None or isinstance(said, bool | list | dict):
        return ""
    return str(said)


def clean(value: Any, depth: int = 0) -> Any:
    """JSON that can be written again: no infinities, and not nested without end."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): clean(inner, depth + 1) for key, inner in value.items()} if depth < _DEEPEST else None
    if isinstance(value, list):
        return [clean(inner, depth + 1) for inner in value] if depth < _DEEPEST else None
    return value


def _whole(said: Mapping[str, Any], turns: list[RawTurn], document: Mapping[str, Any]) -> RawConversation:
    if not turns:
        raise NotAConversation("It has no turns.")
    if len(turns) > MOST_TURNS:
        raise NotAConversation(f"It has more than {MOST_TURNS} turns.")
    external_id = text_of(said["external_id"]).strip()
    if len(external_id) > MOST_ID:
        raise NotAConversation(f"Its id has more than {MOST_ID} characters.")
    taken = {name for names in FIELDS.values() for name in names} | {"format", "source", "source_account"}
    metadata = said["metadata"] if isinstance(said["metadata"], Mapping) else {}
    rest = {name: value for name, value in document.items() if name not in taken}
    return RawConversation(
        external_id=external_id,
        title=text_of(said["title"]),
        channel=text_of(said["channel"]),
        customer=person_of(said["customer"]),
        agents=[person_of(one) for one in said["agents"]] if isinstance(said["agents"], list) else [],
        turns=turns,
        metadata=clean({**rest, **metadata}),
    )


def person_of(said: Any) -> RawPerson:
    if isinstance(said, str):
        return RawPerson(email=said) if re.fullmatch(r"\S+@\S+", said) else RawPerson(name=said)
    if not isinstance(said, Mapping):
        return RawPerson()
    phone = said.get("phone") or said.get("phone_number")
    return RawPerson(
        id=text_of(said.get("id")),
        name=text_of(said.get("name")),
        email=text_of(said.get("email")),
        phone=text_of(phone),
    )


def _attachment(said: Mapping[str, Any]) -> RawAttachment:
    size = said.get("size", said.get("filesize"))
    return RawAttachment(
        name=text_of(said.get("name") or said.get("filename")),
        type=text_of(said.get("type") or said.get("content_type")),
        url=text_of(said.get("url")),
        size=size if isinstance(size, int) and not isinstance(size, bool) else None,
    )


def _said(content: Any) -> str:
    """A text, or a list of parts of which some are texts."""
    if isinstance(content, list):
        parts: Iterable[Any] = (part.get("text") if isinstance(part, Mapping) else part for part in content)
        return "\n".join(part for part in parts if isinstance(part, str))
    return text_of(content)


def _first(said: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((said[name] for name in names if said.get(name) is not None), None)

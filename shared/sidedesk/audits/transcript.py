"""From an Intercom conversation to the turns a judge reads, whose chat it is, and whether it is worth judging.

The first message is the conversation's `source`, not one of its parts. What says nothing to anybody (assignments, opened,
closed, removed messages, kinds of parts we have never seen) is kept as an event and never fails a conversation.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sidedesk.audits.models import Turn

Attribution = Literal["assignee", "main_author", "participant"]
Role = Literal["agent", "client", "note", "bot"]

FEWEST_WORDS = 10
_ROLES: dict[str, Role] = {"user": "client", "lead": "client", "contact": "client", "admin": "agent", "bot": "bot"}
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
_MARKUP = re.compile(r"</?(?:p|br|div|a|b|i|ul|ol|li|img|span|strong|em|h[1-6])\b[^>]*>", re.IGNORECASE)
_BLOCK = re.compile(r"<(?:br\s*/?|/p|/div|/li|/h[1-6])>", re.IGNORECASE)
_SELLING = re.compile(
    r"\b(?:seo|backlinks?|guest posts?|first page of google|rank(?:ing)? (?:higher|your)|casino|crypto|bitcoin|viagra|forex|payday|"
    r"web (?:design|development) services|lead generation|promote your (?:site|business|website)|increase your (?:traffic|sales))\b",
    re.IGNORECASE,
)
_AUTOMATIC = re.compile(
    r"^\W*(?:re:\s*)?(?:automatic reply|auto-?reply|out of (?:the )?office|abwesenheitsnotiz|automatische antwort|respuesta automática|"
    r"réponse automatique|resposta automática)|\b(?:this is an automat(?:ic|ed) (?:reply|response|message)|i am (?:currently )?out of (?:the )?office)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Event:
    part_id: str
    kind: str
    at: str | None
    removed: bool = False  # somebody took the message out


@dataclass(frozen=True, slots=True)
class Chat:
    """One conversation, read."""

    conversation_id: str
    turns: list[Turn]
    events: list[Event]
    missing: int  # older messages that Intercom does not hand out
    assignee: str | None
    started_by: str
    tags: frozenset[str]

    def said_by(self, role: str) -> list[Turn]:
        return [turn for turn in self.turns if turn.role == role]

    @property
    def main_author(self) -> str | None:
        """The teammate who wrote most words to the customer; at a tie, the one who wrote first."""
        counted: Counter[str] = Counter()
        for turn in self.said_by("agent"):
            if turn.author_id:
                counted[turn.author_id] += words(turn.text)
        return max(counted, key=lambda author: counted[author]) if counted else None


def read(conversation: Mapping[str, Any]) -> Chat:
    """Nearly everything in an answer of Intercom may be missing or null."""
    source = _mapping(conversation.get("source"))
    listed = _mapping(conversation.get("conversation_parts"))
    parts = [part for part in listed.get("conversation_parts") or [] if isinstance(part, Mapping)]
    first = {**source, "part_type": "comment", "created_at": conversation.get("created_at")}
    turns: list[Turn] = []
    events: list[Event] = []
    for part in [first, *parts] if source else parts:
        said = _turn(part)
        if said is not None:
            turns.append(said)
        else:
            events.append(_event(part))
    counted = [listed.get("total_count"), _mapping(conversation.get("statistics")).get("count_conversation_parts")]
    total = max((number for number in counted if isinstance(number, int)), default=len(parts))
    assignee = conversation.get("admin_assignee_id")
    tags = _mapping(conversation.get("tags")).get("tags") or []
    return Chat(
        conversation_id=str(conversation.get("id") or ""),
        turns=turns,
        events=events,
        missing=max(0, total - len(parts)),
        assignee=str(assignee) if assignee else None,
        started_by=str(_mapping(source.get("author")).get("type") or ""),
        tags=frozenset(str(_mapping(tag).get("name") or "").lower() for tag in tags),
    )


def belongs_to(chat: Chat, admin_id: str, attribution: Attribution) -> bool:
    """A chat that was passed on must not be blamed on whoever holds it now, unless the tenant wants just that."""
    if attribution == "assignee":
        return chat.assignee == admin_id
    if attribution == "main_author":
        return chat.main_author == admin_id
    return any(turn.author_id == admin_id for turn in chat.said_by("agent"))


def noise(chat: Chat, admin_id: str) -> str | None:
    """Why a conversation is not worth a judge's time, or None."""
    client, agent = chat.said_by("client"), chat.said_by("agent")
    if chat.started_by == "admin" and not client:
        return "internal forward"
    opening = client[0].text if client else ""
    unanswered = not agent
    if "spam" in chat.tags or (unanswered and _SELLING.search(opening)):
        return "spam"
    if _AUTOMATIC.search(opening):
        return "automatic reply"
    if sum(words(turn.text) for turn in [*client, *agent]) < FEWEST_WORDS:
        return "fewer than ten words"
    if not any(turn.author_id == admin_id for turn in agent):
        return "no message by the audited person"
    return None


def words(text: str) -> int:
    """Words; scripts written without spaces count about two characters as one."""
    return len(_WORD.findall(_UNSPACED.sub(" ", text))) + (len(_UNSPACED.findall(text)) + 1) // 2


def _turn(part: Mapping[str, Any]) -> Turn | None:
    author = _mapping(part.get("author"))
    role = _ROLES.get(str(author.get("type")))
    text = plain(str(part.get("body") or ""))
    if role is None or not text or part.get("redacted"):
        return None
    if part.get("part_type") == "note":
        role = "note"
    elif role == "agent" and (author.get("from_ai_agent") or author.get("is_ai_answer")):
        role = "bot"  # an automatic answer may be shown under a teammate's name
    return Turn(
        part_id=str(part.get("id") or ""),
        role=role,
        author=str(author.get("name") or "")[:300],
        author_id=str(author.get("id") or "")[:64] or None,
        text=text[:200_000],
        at=_moment(part.get("created_at")),
    )


def _event(part: Mapping[str, Any]) -> Event:
    kind = str(part.get("part_type") or "unknown")
    return Event(str(part.get("id") or ""), kind, _moment(part.get("created_at")), bool(part.get("redacted")))


def plain(body: str) -> str:
    """Asked for as text, bodies are text already; what still has markup loses it."""
    if _MARKUP.search(body):
        body = html.unescape(_MARKUP.sub("", _BLOCK.sub("\n", body)))
    return "\n".join(line.rstrip() for line in body.strip().splitlines())


def _moment(seconds: Any) -> str | None:
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def as_shown(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """As it is stored with the audit."""
    return [turn.model_dump(exclude_none=True) for turn in turns]

"""Find the conversation inside a prompt, however it was written down."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from local.sandbox.openai.prompt import Prompt, walk
from local.sandbox.text import plain

_AGENT = {
    "agent",
    "admin",
    "teammate",
    "support",
    "assistant",
    "rep",
    "representative",
    "operator",
    "outgoing",
    "advisor",
    "employee",
}
_CLIENT = {"client", "customer", "user", "contact", "lead", "visitor", "incoming", "caller", "guest", "buyer"}
_NOTE = {"note", "internal", "internal_note", "private"}
_BOT = {"bot", "system", "workflow", "fin"}
ROLES = {
    **dict.fromkeys(_AGENT, "agent"),
    **dict.fromkeys(_CLIENT, "client"),
    **dict.fromkeys(_NOTE, "note"),
    **dict.fromkeys(_BOT, "bot"),
}

_ROLE_KEYS = (
    "role",
    "speaker",
    "author_type",
    "sender_type",
    "author_role",
    "message_type",
    "from",
    "sender",
    "author",
)
_TEXT_KEYS = ("text", "content", "body", "message", "utterance")
_ID_KEYS = ("part_id", "turn_id", "id", "turn", "message_id", "n", "index")

_NAMES = "|".join(sorted(ROLES, key=len, reverse=True))
_LINE = re.compile(
    rf"^\s*(?:[\[(#<|]*\s*(?P<id>[A-Za-z]{{0,6}}[-_#]?\d[\w.\-]*)\s*[\])>|:.,]*\s+)?[\[(|]?\s*(?P<role>{_NAMES})\s*[\])|]?"
    r"\s*(?:\(\s*(?P<author>[^)\n]{0,60})\))?\s*[:|>\]–—-]+\s*(?P<text>.*)$",
    re.I,
)
_TAG = re.compile(r"<(turn|message|part|msg|utterance)\b([^>]*)>(.*?)</\1>", re.S | re.I)
_ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*[\"']([^\"']*)[\"']")
_FENCE = re.compile(
    r"^\s*(?:</?[\w:.\-]+[^>]*>|`{3,}\w*|[-=_*]{3,}.*|<<<.*|>>>.*|.*\bclose [\w .-]+>>>|#+ .*|\[/?[A-Z_ ]+\])\s*$"
)


@dataclass(frozen=True)
class Turn:
    id: str
    role: str
    author: str
    text: str


def find(prompt: Prompt) -> list[Turn]:
    """The longest conversation in the request: as JSON, as tags, or as lines `[id] Agent: …`."""
    candidates = [_from_json(v) for v in prompt.embedded]
    candidates.append(
        _from_json([v for v in prompt.embedded if isinstance(v, dict)])
    )  # one object a line, or a list broken by what was cut out of it
    texts = [m.text for m in prompt.messages if m.role != "assistant"]
    candidates += [_from_tags(t) for t in texts] + [_from_lines(t) for t in texts]
    best = max(candidates, key=len, default=[])
    return best or _from_chat(prompt)


def _from_json(value: Any) -> list[Turn]:
    found: list[Turn] = []
    for part in walk(value):
        if not isinstance(part, list) or len(part) <= len(found) or not all(isinstance(x, dict) for x in part):
            continue
        turns = [t for n, x in enumerate(part, 1) if (t := _turn(x, n))]
        if len(turns) > len(found):
            found = turns
    return found


def _turn(item: dict[str, Any], number: int) -> Turn | None:
    role = next((r for k in _ROLE_KEYS if (r := _role(item.get(k)))), None)
    text = next((item[k] for k in _TEXT_KEYS if isinstance(item.get(k), str)), None)
    if not role or not text:
        return None
    ident = next((item[k] for k in _ID_KEYS if isinstance(item.get(k), (str, int))), number)
    author = item.get("author_name") or item.get("author") or item.get("name") or ""
    if isinstance(author, dict):
        author = author.get("name") or ""
    return Turn(str(ident), role, str(author), text)


def _role(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("type") or value.get("role")
    if isinstance(value, int) and not isinstance(value, bool):
        return {0: "client", 1: "agent", 2: "bot"}.get(value)
    return ROLES.get(value.casefold()) if isinstance(value, str) else None


def _from_tags(text: str) -> list[Turn]:
    turns: list[Turn] = []
    for number, match in enumerate(_TAG.finditer(text), 1):
        given = {k.lower(): v for k, v in _ATTRIBUTE.findall(match.group(2))}
        role = next((r for k in _ROLE_KEYS if (r := _role(given.get(k)))), None)
        body = plain(match.group(3)) if "&" in match.group(3) else match.group(3).strip()
        if role and body:
            ident = next((given[k] for k in _ID_KEYS if k in given), str(number))
            turns.append(Turn(ident, role, given.get("author", given.get("name", "")), body))
    return turns


def _from_lines(text: str) -> list[Turn]:
    turns: list[Turn] = []
    current: list[str] | None = None
    head: tuple[str, str, str] | None = None

    def close() -> None:
        nonlocal current, head
        if head and current is not None and (body := "\n".join(current).strip()):
            turns.append(Turn(head[0], head[1], head[2], body))
        current, head = None, None

    for line in text.splitlines():
        if match := _LINE.match(line):
            close()
            ident = match.group("id") or str(len(turns) + 1)
            head = (ident, ROLES[match.group("role").casefold()], (match.group("author") or "").strip())
            current = [match.group("text")]
        elif _FENCE.match(line):
            close()
        elif current is not None:
            current.append(line)
    close()
    return turns


def _from_chat(prompt: Prompt) -> list[Turn]:
    """No transcript in the text: the chat itself is the conversation."""
    roles = {"user": "client", "assistant": "agent"}
    said = [m for m in prompt.messages if m.role in roles and m.text.strip()]
    return [Turn(str(n), roles[m.role], "", m.text) for n, m in enumerate(said, 1)]


def read_aloud(turns: Iterable[Turn]) -> str:
    """All that strangers could have written into it, names included."""
    return "\n".join(f"{t.author}\n{t.text}" for t in turns)


def by(turns: Iterable[Turn], *roles: str) -> list[Turn]:
    return [t for t in turns if t.role in roles]

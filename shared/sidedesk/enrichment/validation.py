"""The first step: does a raw conversation make sense? Every finding is told, not the first; what can be put right is.

An error ends the run of this conversation until somebody mends its source. A warning says what was put right, or may be odd.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from pydantic import BaseModel

from sidedesk.conversations.service import RawConversation, RawTurn

Role = Literal["customer", "agent", "bot", "note", "system"]
Level = Literal["error", "warning"]

MOST_TURNS: Final = 2_000
MOST_CHARACTERS: Final = 1_000_000
MOST_IN_A_TURN: Final = 100_000
_EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
_ROLES: Final[dict[str, Role]] = {
    **dict.fromkeys(("customer", "client", "user", "contact", "lead", "visitor", "incoming", "caller", "buyer", "end-user"), "customer"),
    **dict.fromkeys(("agent", "admin", "assistant", "teammate", "support", "operator", "representative", "rep", "outgoing", "advisor", "employee"), "agent"),
    **dict.fromkeys(("bot", "ai", "workflow", "fin", "agent_bot"), "bot"),
    **dict.fromkeys(("note", "internal", "private", "internal_note", "comment"), "note"),
    **dict.fromkeys(("system", "activity", "event"), "system"),
}  # fmt: skip
# UTF-8 that somebody read as Latin-1 or Windows-1252.
_MOJIBAKE: Final = re.compile(
    r"[ÃÂ][\u0080-\u00bf\u0152-\u0178\u2018-\u203a\u20ac\u2122]|â[€\u0080-\u0082][\u0080-\u00ff\u0152-\u2122]|[ÐÑ][\u0080-\u00bf\u2018-\u203a]"
)
_FOREIGN: Final = re.compile(r"[^\x00-\x7f]+")
_CONTROL: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_SPACES: Final = re.compile(r"[^\S\n]+")


class Finding(BaseModel):
    """Something about one turn, or about the whole where no turn is named."""

    level: Level
    code: str
    reason: str
    turn_id: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn as the next steps see it: known role, clean text, its time in UTC."""

    id: str
    role: Role
    author: str
    text: str
    at: datetime | None
    attachments: tuple[tuple[str, int | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    findings: tuple[Finding, ...]
    turns: tuple[Turn, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.level == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.level == "warning")

    @property
    def sentence(self) -> str:
        """The errors in one sentence, for lists."""
        told = [f"{f'turn {finding.turn_id}: ' if finding.turn_id else ''}{finding.reason}" for finding in self.errors]
        more = f" And {len(told) - 3} more." if len(told) > 3 else ""
        return " ".join(told[:3]) + more


def check(raw: RawConversation, now: datetime) -> Report:
    """All that is wrong or odd, and the turns as they go on."""
    found: list[Finding] = []
    named = _with_ids(raw.turns, found)
    turns = [turn for each in named if (turn := _turn(each, now, found)) is not None]
    turns = _in_order(_without_doubles(turns, found), found)
    _whole(raw, turns, found)
    return Report(tuple(found), tuple(turns))


def _with_ids(turns: Sequence[RawTurn], found: list[Finding]) -> list[RawTurn]:
    """An id for each turn, and one turn for each id."""
    seen: Counter[str] = Counter()
    named = []
    for place, turn in enumerate(turns, 1):
        own = _CONTROL.sub("", _SURROGATE.sub("", turn.id)).strip()[:200] or f"t{place}"
        seen[own] += 1
        if seen[own] > 1:
            found.append(
                _finding("warning", "duplicate_id", f"Its id is used {seen[own]} times; it got one of its own.", own)
            )
            own = f"{own}-{seen[own]}"
        named.append(turn.model_copy(update={"id": own}))
    return named


def _turn(turn: RawTurn, now: datetime, found: list[Finding]) -> Turn | None:
    text = _text(turn, found)
    role = _ROLES.get(turn.role.strip().casefold())
    if not text and not turn.attachments:
        found.append(
            _finding("warning", "empty_turn", "It holds neither text nor attachments and is left out.", turn.id)
        )
        return None
    if role is None:
        reason = (
            f"Its role “{turn.role[:40]}” is not known. Use customer, agent, bot, note or system."
            if turn.role
            else "It says not who spoke."
        )
        found.append(_finding("error", "unknown_role", _printable(reason), turn.id))
        return None
    if role != turn.role.strip().casefold():
        found.append(
            _finding("warning", "role_renamed", _printable(f"Its role “{turn.role[:40]}” is read as {role}."), turn.id)
        )
    if len(text) > MOST_IN_A_TURN:
        found.append(
            _finding(
                "error", "turn_too_long", f"It has {len(text)} characters; {MOST_IN_A_TURN} are the most.", turn.id
            )
        )
    attachments = tuple((one.type[:100], one.size) for one in turn.attachments)
    return Turn(turn.id, role, _printable(turn.author)[:200], text, _moment(turn, now, found), attachments)


def _text(turn: RawTurn, found: list[Finding]) -> str:
    text = turn.text
    if _SURROGATE.search(text):
        text = _SURROGATE.sub("\ufffd", text)
        found.append(_finding("warning", "lone_surrogate", "It held half characters, which were replaced.", turn.id))
    if _MOJIBAKE.search(text):
        mended = _mended(text)
        reason = "Its letters were garbled by a wrong encoding " + (
            "and could be put right." if mended else "and stay so."
        )
        found.append(_finding("warning", "mojibake_mended" if mended else "mojibake", reason, turn.id))
        text = mended or text
    if _CONTROL.search(text):
        text = _CONTROL.sub("", text)
        found.append(
            _finding(
                "warning",
                "control_characters",
                "It held characters that cannot be seen, which were taken out.",
                turn.id,
            )
        )
    if text.count("\ufffd") > max(3, len(text) // 5):
        found.append(_finding("error", "unreadable", "Most of its letters were lost by a wrong encoding.", turn.id))
    lines = [_SPACES.sub(" ", line).strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _mended(text: str) -> str | None:
    """Garbled letters read once more as what they were, if that leaves none of them."""

    def again(garbled: re.Match[str]) -> str:
        for encoding in ("cp1252", "latin-1"):
            try:
                return garbled.group().encode(encoding).decode("utf-8")
            except UnicodeError:
                continue
        return garbled.group()

    mended = _FOREIGN.sub(again, text)
    return None if _MOJIBAKE.search(mended) else mended


def _moment(turn: RawTurn, now: datetime, found: list[Finding]) -> datetime | None:
    """When it was said; what cannot be is unknown."""
    if not (turn.at or "").strip():
        return None
    try:
        moment = datetime.fromisoformat(str(turn.at).strip())
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        found.append(
            _finding("warning", "unknown_time", _printable(f"Its time “{str(turn.at)[:40]}” cannot be read."), turn.id)
        )
        return None
    if not _EARLIEST <= moment <= now + timedelta(days=1):
        found.append(_finding("warning", "impossible_time", f"Its time {moment:%Y-%m-%d} cannot be true.", turn.id))
        return None
    return moment


def _without_doubles(turns: list[Turn], found: list[Finding]) -> list[Turn]:
    """The same words by the same side at the same time are one turn, delivered twice."""
    seen: set[tuple[str, str, str, str]] = set()
    kept: list[Turn] = []
    for turn in turns:
        key = (turn.role, turn.author, turn.text, turn.at.isoformat() if turn.at else "")
        neighbour = bool(kept) and kept[-1].role == turn.role and kept[-1].text == turn.text
        if turn.text and key in seen and (turn.at is not None or neighbour):
            found.append(
                _finding(
                    "warning",
                    "duplicate_turn",
                    "The same words at the same time were there before; it is left out.",
                    turn.id,
                )
            )
            continue
        if neighbour and turn.text:
            found.append(_finding("warning", "repeated_turn", "It repeats the turn before it.", turn.id))
        seen.add(key)
        kept.append(turn)
    return kept


def _in_order(turns: list[Turn], found: list[Finding]) -> list[Turn]:
    """By time where all times are known; otherwise as they came."""
    times = [turn.at for turn in turns if turn.at is not None]
    late = next(
        (turn for turn, before in zip(turns[1:], turns, strict=False) if turn.at and before.at and turn.at < before.at),
        None,
    )
    if late is None:
        return turns
    if len(times) < len(turns):
        found.append(
            _finding(
                "warning",
                "out_of_order",
                "It was said before the turn above it; as some times are unknown, the order is kept.",
                late.id,
            )
        )
        return turns
    found.append(
        _finding(
            "warning", "out_of_order", "It was said before the turn above it; all turns were put in order.", late.id
        )
    )
    return sorted(turns, key=lambda turn: turn.at or _EARLIEST)


def _whole(raw: RawConversation, turns: list[Turn], found: list[Finding]) -> None:
    if not raw.turns:
        found.append(_finding("error", "no_turns", "The conversation has no turns."))
    elif not any(turn.text and turn.role in ("customer", "agent", "bot") for turn in turns) and not any(
        finding.code == "unknown_role" for finding in found
    ):
        found.append(
            _finding("error", "nobody_speaks", "Neither a customer nor an agent nor a bot says anything in it.")
        )
    if len(raw.turns) > MOST_TURNS:
        found.append(_finding("error", "too_many_turns", f"It has {len(raw.turns)} turns; {MOST_TURNS} are the most."))
    if (size := sum(len(turn.text) for turn in turns)) > MOST_CHARACTERS:
        found.append(_finding("error", "too_long", f"It has {size} characters; {MOST_CHARACTERS} are the most."))
    roles = {turn.role for turn in turns if turn.text}
    if turns and "customer" not in roles:
        found.append(_finding("warning", "no_customer", "No customer says anything in it."))


def _finding(level: Level, code: str, reason: str, turn_id: str | None = None) -> Finding:
    return Finding(level=level, code=code, reason=reason, turn_id=turn_id)


def _printable(text: str) -> str:
    return _CONTROL.sub("", _SURROGATE.sub("\ufffd", text))

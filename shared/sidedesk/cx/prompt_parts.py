"""What a prompt is filled with: other people's text in tags that it cannot close, and our wishes as plain sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

from sidedesk.cx.models import Channel, Source

# Our own tags in any spelling a reader could take for them: other brackets, blanks or invisible characters inside.
_BLANK: Final = r"[\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff]*"
_OUR_TAGS: Final = re.compile(
    rf"[<＜﹤〈](?={_BLANK}[/／]?{_BLANK}"
    + rf"(?:{'|'.join(_BLANK.join(name) for name in ('turn', 'source', 'example', 'question', 'reply', 'summary', 'thread'))}))",
    re.IGNORECASE,
)
_FENCES: Final = re.compile(r"[<＜]{2,}|[>＞]{2,}")
_IN_ATTRIBUTE: Final = str.maketrans({"<": "‹", ">": "›", '"': "'", "＜": "‹", "＞": "›", "&": "+"})
_LONGEST_ATTRIBUTE: Final = 120

_FORMS: Final[dict[Channel, str]] = {
    "email": "This is an e-mail: greet the customer by name on a line of its own, write short paragraphs, end with a polite sign-off. No subject line.",
    "live_chat": "This is a live chat: a short greeting, at most 900 characters, short paragraphs, no sign-off and no formatting.",
    "sms": "This is a text message: at most 320 characters, one paragraph, plain text, no greeting line, no formatting, no list.",
    "other": "Greet the customer, write short paragraphs of plain text.",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the thread, as the model sees it."""

    id: int
    role: Literal["client", "agent"]
    author: str
    text: str
    at: datetime


class Example(Protocol):
    """A question of another customer, and what a person answered."""

    @property
    def question(self) -> str: ...
    @property
    def reply(self) -> str: ...


class Voice(Protocol):
    """How an organisation wants to sound; its settings are one."""

    @property
    def brand_phrases(self) -> Sequence[str]: ...
    @property
    def avoid_phrases(self) -> Sequence[str]: ...
    @property
    def signature(self) -> str: ...


def thread(turns: Sequence[Turn], told: str = "") -> str:
    """The messages in their order; `told` sums up what came before them."""
    parts = [f"<summary>{enclosed(told)}</summary>"] if told.strip() else []
    parts += [
        f'<turn id="{turn.id}" role="{turn.role}" author="{attribute(turn.author)}" at="{turn.at:%Y-%m-%dT%H:%M}">'
        f"{enclosed(turn.text)}</turn>"
        for turn in turns
    ]
    return "\n".join(parts)


def sources(found: Sequence[Source]) -> str:
    if not found:
        return "(nothing was found)"
    return "\n".join(
        f'<source id="{attribute(source.id)}" title="{attribute(source.title)}" '
        f'updated="{source.updated_at:%Y-%m-%d}">{enclosed(source.excerpt)}</source>'
        if source.updated_at
        else f'<source id="{attribute(source.id)}" title="{attribute(source.title)}">{enclosed(source.excerpt)}</source>'
        for source in found
    )


def examples(found: Sequence[Example]) -> str:
    if not found:
        return "(none yet)"
    return "\n".join(
        f"<example><question>{enclosed(example.question)}</question>\n<reply>{enclosed(example.reply)}</reply></example>"
        for example in found
    )


def channel_form(channel: Channel) -> str:
    return _FORMS[channel]


def brand(voice: Voice) -> str:
    lines = []
    if voice.brand_phrases:
        lines.append(f"Words this company likes, where they fit: {'; '.join(voice.brand_phrases)}.")
    if voice.avoid_phrases:
        lines.append(f"Words this company never uses: {'; '.join(voice.avoid_phrases)}.")
    if voice.signature.strip():
        lines.append(f"Where a sign-off belongs, sign as: {voice.signature.strip()}")
    return "\n".join(lines) or "Friendly, plain and professional."


def avoid(objections: Sequence[str]) -> str:
    if not objections:
        return "Reviewers have no objections on record."
    return "\n".join(["What reviewers objected to lately; do not do it again:", *(f"- {one}" for one in objections)])


def instruction(wish: str) -> str:
    """The line that says what a reviewer wants of another draft."""
    return f"Instruction: {' '.join(wish.split())}" if wish.strip() else ""


def enclosed(text: str) -> str:
    """Text that can neither close nor open a tag of ours, nor a fence. Everything else stays as it was written."""
    text = _FENCES.sub(
        lambda match: "‹" * len(match.group()) if match.group()[0] in "<＜" else "›" * len(match.group()), text
    )
    return _OUR_TAGS.sub("‹", text.strip())


def attribute(text: str) -> str:
    """A name or title: one line, no quotes, no brackets."""
    return " ".join(text.translate(_IN_ATTRIBUTE).split())[:_LONGEST_ATTRIBUTE]

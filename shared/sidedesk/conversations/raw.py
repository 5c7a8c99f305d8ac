"""The raw document: one conversation as it came, in one shape. Whether it makes sense is judged later, by enrichment.

It keeps unknown roles, empty turns and odd times, so that a report can name them. It refuses only what is no conversation.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

FORMAT: Final = "sidedesk.raw/1"
Source = Literal["upload", "chatwoot", "intercom", "generated"]

# Text of ours goes into columns; what Postgres cannot hold stays in the document alone.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", defer_build=True)


class RawPerson(_Part):
    """A customer or an agent, as far as the source knows them."""

    id: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""


class RawAttachment(_Part):
    name: str = ""
    type: str = ""
    url: str = ""
    size: int | None = None


class RawTurn(_Part):
    """Something somebody said. `role` is customer, agent, bot, note or system, or whatever the source wrote instead."""

    id: str = ""
    role: str = ""
    author: str = ""
    text: str = ""
    at: str | None = None
    attachments: list[RawAttachment] = []


class RawConversation(_Part):
    format: Literal["sidedesk.raw/1"] = FORMAT
    source: Source = "upload"
    source_account: str = ""
    external_id: str = ""
    title: str = ""
    channel: str = ""
    customer: RawPerson = Field(default_factory=RawPerson)
    agents: list[RawPerson] = []
    turns: list[RawTurn] = []
    metadata: dict[str, Any] = {}

    def completed(self) -> RawConversation:
        """With an id of its own and ids for its turns: what has none is known by its content."""
        turns = [
            turn if turn.id else turn.model_copy(update={"id": f"t{position}"})
            for position, turn in enumerate(self.turns, 1)
        ]
        external_id = column(self.external_id, 300)
        if not external_id:
            external_id = f"content-{hashlib.sha256(encode(self)).hexdigest()[:32]}"
        return self.model_copy(update={"turns": turns, "external_id": external_id})


def column(text: str, most: int) -> str:
    """This text as a column can hold it."""
    return _UNSTORABLE.sub("", text)[:most].strip()


def encode(document: RawConversation | dict[str, Any]) -> bytes:
    """One document, one sequence of bytes: equal content has an equal digest."""
    plain = document.model_dump(mode="python") if isinstance(document, RawConversation) else document
    options: dict[str, Any] = {"sort_keys": True, "separators": (",", ":"), "default": str}
    try:
        return json.dumps(plain, ensure_ascii=False, **options).encode()
    except UnicodeEncodeError:  # half a character: it can only be written as an escape
        return json.dumps(plain, ensure_ascii=True, **options).encode()


def conversation_id(tenant_id: UUID, source: str, source_account: str, external_id: str) -> UUID:
    """The id of this conversation in this tenant, always the same. The statement `register` computes it too."""
    text = "\x1f".join((str(tenant_id), source, source_account, external_id))
    digits = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
    return UUID(f"{digits[:12]}8{digits[13:16]}8{digits[17:]}")

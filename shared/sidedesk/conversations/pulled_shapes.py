"""From what a connected tool says to a raw conversation. Nobody's words are left out but those somebody took back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

from sidedesk.clients.chatwoot_machines import text_of
from sidedesk.clients.chatwoot_shapes import Conversation, Message
from sidedesk.conversations.raw import RawAttachment, RawConversation, RawPerson, RawTurn
from sidedesk.conversations.shapes import clean

if TYPE_CHECKING:
    from sidedesk.audits.service import Audited


def from_chatwoot(conversation: Conversation, messages: Sequence[Message], account: str) -> RawConversation | None:
    turns = [_chatwoot_turn(message) for message in messages if not message.deleted]
    if not turns:
        return None
    contact = conversation.contact
    agents = {
        message.sender.id: RawPerson(
            id=str(message.sender.id), name=message.sender.name, email=message.sender.email or ""
        )
        for message in messages
        if message.direction == "outgoing" and message.sender.kind == "user" and message.sender.id
    }
    return RawConversation(
        source="chatwoot",
        source_account=account,
        external_id=str(conversation.display_id),
        channel=conversation.channel.removeprefix("Channel::"),
        customer=RawPerson(
            id=str(contact.id or ""), name=contact.name, email=contact.email or "", phone=contact.phone or ""
        ),
        agents=[agents[key] for key in sorted(agents)],
        turns=turns,
        metadata=clean({"labels": list(conversation.labels), "inbox_id": conversation.inbox_id}),
    )


def _chatwoot_turn(message: Message) -> RawTurn:
    return RawTurn(
        id=str(message.id),
        role=_chatwoot_role(message),
        author=message.sender.name,
        text=text_of(message),
        at=message.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        attachments=[
            RawAttachment(name=one.kind, type=one.content_type or one.kind, url=one.url or "", size=one.size)
            for one in message.attachments
        ],
    )


def _chatwoot_role(message: Message) -> str:
    if message.private:
        return "note"
    if message.direction == "outgoing":
        return "agent" if message.sender.kind == "user" else "bot"
    return "customer" if message.direction == "incoming" else "system"


# Intercom -------------------------------------------------------------------------------------------------------------


def from_intercom(conversation: Mapping[str, Any], chat: Any, account: str) -> RawConversation | None:
    """`chat` is the same conversation as audits read it."""
    if not chat.turns:
        return None
    source = _mapping(conversation.get("source"))
    attached = _attachments(source, conversation)
    return RawConversation(
        source="intercom",
        source_account=account,
        external_id=chat.conversation_id,
        title=str(conversation.get("title") or source.get("subject") or ""),
        channel=str(source.get("type") or ""),
        customer=_customer(source, conversation),
        agents=_agents(chat.turns),
        turns=[_intercom_turn(turn, attached.get(turn.part_id, [])) for turn in chat.turns],
        metadata=clean({"tags": sorted(chat.tags), "missing_messages": chat.missing}),
    )


def from_audit(audited: Audited, account: str) -> RawConversation:
    """As an audit kept it: without the customer's address, which audits do not keep."""
    turns = audited.transcript or []
    clients = [turn for turn in turns if turn.role == "client"]
    return RawConversation(
        source="intercom",
        source_account=account,
        external_id=audited.conversation_id,
        customer=RawPerson(name=clients[0].author, id=clients[0].author_id or "") if clients else RawPerson(),
        agents=_agents(turns),
        turns=[_intercom_turn(turn, []) for turn in turns],
        metadata={"kept_by": "audit"},
    )


def _intercom_turn(turn: Any, attachments: list[RawAttachment]) -> RawTurn:
    role = "customer" if turn.role == "client" else turn.role
    at = None if turn.at is None else str(turn.at)
    return RawTurn(id=turn.part_id, role=role, author=turn.author, text=turn.text, at=at, attachments=attachments)


def _agents(turns: Sequence[Any]) -> list[RawPerson]:
    known = {turn.author_id or turn.author: turn.author for turn in turns if turn.role == "agent"}
    return [RawPerson(id=key, name=name) for key, name in known.items() if key]


def _customer(source: Mapping[str, Any], conversation: Mapping[str, Any]) -> RawPerson:
    """Whoever wrote first, if that was a customer; else the first contact there is."""
    said: Mapping[str, Any] = _mapping(source.get("author"))
    if said.get("type") not in ("user", "lead", "contact"):
        parts = _mapping(conversation.get("conversation_parts")).get("conversation_parts") or []
        authors = [_mapping(_mapping(part).get("author")) for part in parts]
        contacts = _mapping(conversation.get("contacts")).get("contacts") or [{}]
        customers = [author for author in authors if author.get("type") in ("user", "lead", "contact")]
        said = customers[0] if customers else _mapping(contacts[0])
    return RawPerson(id=str(said.get("id") or ""), name=str(said.get("name") or ""), email=str(said.get("email") or ""))


def _attachments(source: Mapping[str, Any], conversation: Mapping[str, Any]) -> dict[str, list[RawAttachment]]:
    """By the part that carries them."""
    listed = _mapping(conversation.get("conversation_parts")).get("conversation_parts") or []
    found: dict[str, list[RawAttachment]] = {}
    for part in [source, *(one for one in listed if isinstance(one, Mapping))]:
        for one in part.get("attachments") or []:
            said = _mapping(one)
            size = said.get("filesize")
            found.setdefault(str(part.get("id") or ""), []).append(
                RawAttachment(
                    name=str(said.get("name") or ""),
                    type=str(said.get("content_type") or ""),
                    url=str(said.get("url") or ""),
                    size=size if isinstance(size, int) else None,
                )
            )
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}

"""Placing a note or a reply in Chatwoot, exactly once.

Chatwoot knows no idempotency key. So whoever posts holds a lease that outlives its function, looks for our mark in the
conversation first, every time, and after an answer that never came nobody posts until a slow server has finished.
A reply is looked at once more before it leaves: the customer may have written, a colleague answered, the switch been turned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

from sidedesk.clients.chatwoot_errors import ChatwootBusy, ChatwootDown, ConversationGone, PostUnclear
from sidedesk.clients.chatwoot_machines import is_machine
from sidedesk.cx import notes, signals
from sidedesk.cx.errors import first_sentence
from sidedesk.cx.repository import SQL
from sidedesk.cx.tools import POST_LEASE_SECONDS, SETTLE_SECONDS, Tools
from sidedesk.cx.wishes import POST_QUEUE
from sidedesk.platform import audit_log, durable_metrics, outbox
from sidedesk.platform.db import Database
from sidedesk.platform.errors import Conflict, DomainError, InvalidRequest, NotFound, Unavailable
from sidedesk.platform.observability import count, logger
from sidedesk.platform.outbox import Message as Queued
from sidedesk.platform.scope import Scope
from sidedesk.platform.tenant_options import TenantOptions, tenant_options

if TYPE_CHECKING:
    from sidedesk.clients.chatwoot import Chatwoot
    from sidedesk.clients.chatwoot_shapes import Conversation, Message

Outcome = Literal["sent", "was_there", "withdrawn", "waiting", "nothing_to_do", "posted", "dropped"]
Back = Literal["pending", "superseded", "answered_manually"]
SWITCHED_OFF: Final = "Drafted replies were switched off before this one went out. Nothing was sent."
NOTE_ATTEMPTS: Final = 20
BUSY_WAIT: Final = 15


@dataclass(frozen=True, slots=True)
class Place:
    """A claimed post: where it goes, and by which mark it is found again."""

    draft_id: UUID
    post_id: UUID
    conversation_id: UUID
    integration_id: UUID
    display_id: int
    last_message_id: int
    attempts: int

    @classmethod
    def of(cls, row: dict[str, Any]) -> Place:
        return cls(**{name: row[name] for name in cls.__slots__})


# Replies -------------------------------------------------------------------------------------------------------------


def send_reply(database: Database, scope: Scope, draft_id: UUID, tools: Tools) -> Outcome:
    """One approved reply. Raises only when another delivery of the message may help."""
    claimed = database.dicts(scope, SQL["claim_reply"], {"draft_id": draft_id, "lease": POST_LEASE_SECONDS})
    if not claimed:
        return "nothing_to_do"  # sent, withdrawn, or another sender holds it
    place, content = Place.of(claimed[0]), str(claimed[0]["content"])
    options = tenant_options(database, scope)
    try:
        chatwoot = tools.chatwoot(scope, place.integration_id)
        since = _since(chatwoot, place)
    except (Unavailable, ChatwootBusy) as error:
        return _try_later(database, scope, place, error, tools)
    except DomainError as error:
        return _withdraw(database, scope, place, "pending", first_sentence(error))
    about, newer = since
    if (there := _ours(newer, place.post_id)) is not None:
        return _sent(database, scope, place, there, "was_there")
    if not options.flags.AI_CUSTOMER_DRAFT_ENABLED:
        return _withdraw(database, scope, place, "pending", SWITCHED_OFF)
    if (other := _overtaken(about, newer)) is not None:
        return _overtake(database, scope, place, about, newer, other, options, tools)
    return _post_reply(database, scope, place, chatwoot, content, tools)


def _post_reply(
    database: Database, scope: Scope, place: Place, chatwoot: Chatwoot, content: str, tools: Tools
) -> Outcome:
    from sidedesk.clients.chatwoot import marker

    try:
        sent = chatwoot.send_reply(place.display_id, content, marker(str(place.post_id), str(place.draft_id)))
    except PostUnclear as error:
        return _try_later(database, scope, place, error, tools)
    except (ChatwootDown, ChatwootBusy) as error:
        return _try_later(database, scope, place, error, tools)
    except (Conflict, InvalidRequest, NotFound) as error:
        return _withdraw(database, scope, place, "pending", first_sentence(error))
    return _sent(database, scope, place, sent, "sent")


def _since(chatwoot: Chatwoot, place: Place) -> tuple[Conversation, list[Message]]:
    """The conversation, and everything in it that is newer than what the reply answers."""
    about = chatwoot.conversation(place.display_id)
    return about, list(chatwoot.messages(place.display_id, after=place.last_message_id))


def _ours(messages: Sequence[Message], post_id: UUID) -> Message | None:
    return next((message for message in messages if message.post_id == str(post_id)), None)


def _overtaken(about: Conversation, newer: Sequence[Message]) -> Back | None:
    for message in newer:
        if message.private or message.deleted:
            continue
        if message.direction == "incoming" and not is_machine(message, about):
            return "superseded"
        if message.direction == "outgoing" and message.sender.kind == "user" and not message.post_id:
            return "answered_manually"
    return None


def _sent(database: Database, scope: Scope, place: Place, message: Message, outcome: Outcome) -> Outcome:
    with database.batch(scope) as batch:
        recorded = batch.dicts(
            SQL["reply_sent"],
            {"draft_id": place.draft_id, "message_id": message.id, "sent_at": message.created_at},
        )
        batch.run(SQL["answered"], {"conversation_id": place.conversation_id, "message_id": message.id})
    rows = recorded.all()
    if rows:  # the first to say so counts it
        row = rows[0]
        with database.batch(scope) as batch:
            batch.run(*audit_log.record("cx.sent", draft_id=place.draft_id, found=outcome == "was_there"))
            batch.run(*durable_metrics.add("cx_replies_sent_total"))
            seconds = (row["sent_at"] - row["asked_at"]).total_seconds()
            batch.run(*durable_metrics.observe("cx_response_seconds", max(0.0, seconds)))
        count("CxReplySent")
    return outcome


def _overtake(
    database: Database,
    scope: Scope,
    place: Place,
    about: Conversation,
    newer: Sequence[Message],
    back: Back,
    options: TenantOptions,
    tools: Tools,
) -> Outcome:
    """Somebody wrote between approval and sending: what they wrote is stored before the reply is taken back."""
    outcome = _withdraw(
        database,
        scope,
        place,
        back,
        "The customer wrote before it went out. Nothing was sent."
        if back == "superseded"
        else "A colleague answered in Chatwoot before it went out. Nothing was sent.",
    )
    with database.batch(scope) as batch:
        signals.know(batch, scope, place.integration_id, about, tools.now())
        signals.take_thread(batch, scope, place.integration_id, about, newer, "thread", options)
    return outcome


def _withdraw(database: Database, scope: Scope, place: Place, back: Back, reason: str) -> Outcome:
    """Certainly nothing is out: the decision is undone and kept in the audit trail."""
    values = {"draft_id": place.draft_id}
    with database.transaction(scope) as transaction:
        withdrawn = transaction.dicts(SQL["withdraw_reply"], values)
        if not withdrawn:
            return "nothing_to_do"
        marks = transaction.dicts(SQL["withdraw_grading"], values)
        transaction.run(SQL["withdraw_signal"], values)
        transaction.run(SQL["undecide"], values | {"status": back, "reason": reason})
        transaction.run(
            *audit_log.record(
                "cx.withdrawn",
                draft_id=place.draft_id,
                reason=reason,
                approved_by=withdrawn[0]["approved_by"],
                grades={name: marks[0][name] for name in ("tone", "accuracy", "policy")} if marks else {},
            )
        )
        transaction.run(*durable_metrics.add("cx_replies_withdrawn_total", back_to=back))
    logger.info("reply withdrawn", extra={"draft": str(place.draft_id), "reason": reason})
    return "withdrawn"


def _try_later(database: Database, scope: Scope, place: Place, error: DomainError, tools: Tools) -> Outcome:
    """Nobody posts before the wait is over; then a message brings it again. A lost message costs a minute."""
    wait = SETTLE_SECONDS if isinstance(error, PostUnclear) else max(error.retry_after or 0, _backoff(place.attempts))
    again = Queued.to_queue(
        POST_QUEUE,
        {"kind": "reply", "draft_id": str(place.draft_id)},
        due=tools.now() + timedelta(seconds=wait + 1),
    )
    with database.batch(scope) as batch:
        batch.run(SQL["reply_unclear"], {"draft_id": place.draft_id, "seconds": wait})
        batch.run(*outbox.add(scope, [again]))
    outbox.send_now(database, scope, [again])
    logger.warning("reply waits", extra={"draft": str(place.draft_id), "code": error.code, "seconds": wait})
    count("CxReplyWaiting")
    return "waiting"


def _backoff(attempts: int) -> int:
    return int(min(600, BUSY_WAIT * 2 ** min(attempts, 8)))


# Notes ---------------------------------------------------------------------------------------------------------------


def post_note(database: Database, scope: Scope, draft_id: UUID, tools: Tools, *, public_url: str) -> Outcome:
    """The draft inside Chatwoot, for the team. One that was overtaken before it got there is not posted."""
    claimed = database.dicts(scope, SQL["claim_note"], {"draft_id": draft_id, "lease": POST_LEASE_SECONDS})
    if not claimed:
        return "nothing_to_do"
    row = claimed[0]
    place = Place.of(row)
    if row["draft_status"] not in ("pending", "sending", "sent") or place.attempts > NOTE_ATTEMPTS:
        reason = "Too many attempts." if place.attempts > NOTE_ATTEMPTS else "The draft was decided before."
        database.run(scope, SQL["note_dropped"], {"draft_id": draft_id, "reason": reason})
        return "dropped"
    from sidedesk.clients.chatwoot import marker

    try:
        chatwoot = tools.chatwoot(scope, place.integration_id)
        there = _ours(list(chatwoot.messages(place.display_id, after=place.last_message_id)), place.post_id)
        if there is None:
            text = notes.text_of_note(row, public_url)
            there = chatwoot.post_note(place.display_id, text, marker(str(place.post_id), str(draft_id)))
    except ConversationGone as error:
        database.run(scope, SQL["note_dropped"], {"draft_id": draft_id, "reason": first_sentence(error)})
        return "dropped"
    except DomainError as error:
        return _note_later(database, scope, place, error, tools)
    with database.batch(scope) as batch:
        batch.run(SQL["note_posted"], {"draft_id": draft_id, "message_id": there.id})
        seconds = (tools.now() - row["wanted_at"]).total_seconds()
        batch.run(*durable_metrics.observe("cx_draft_latency_seconds", max(0.0, seconds)))
    return "posted"


def _note_later(database: Database, scope: Scope, place: Place, error: DomainError, tools: Tools) -> Outcome:
    wait = SETTLE_SECONDS if isinstance(error, PostUnclear) else max(error.retry_after or 0, _backoff(place.attempts))
    again = Queued.to_queue(
        POST_QUEUE,
        {"kind": "note", "draft_id": str(place.draft_id)},
        due=tools.now() + timedelta(seconds=wait + 1),
    )
    values = {"draft_id": place.draft_id, "seconds": wait, "reason": first_sentence(error)}
    with database.batch(scope) as batch:
        batch.run(SQL["note_waits"], values)
        batch.run(*outbox.add(scope, [again]))
    outbox.send_now(database, scope, [again])
    return "waiting"

"""Approvals: the queue, one draft with everything behind it, and the decisions of people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import psycopg
from psycopg.types.json import Jsonb

from sidedesk.cx import wishes
from sidedesk.cx.errors import (
    AlreadyDecided,
    CustomerWrote,
    Flagged,
    Incomplete,
    NeedsSecondPerson,
    NoSuchDraft,
    RepliesDisabled,
)
from sidedesk.cx.models import (
    FLAG_SENTENCES,
    Approval,
    ApprovalDetail,
    Approve,
    Contact,
    Decided,
    Decision,
    EarlierDraft,
    Evidence,
    Grades,
    Priority,
    Queue,
    Regenerate,
    Reject,
    Source,
    ThreadMessage,
)
from sidedesk.cx.repository import SQL
from sidedesk.platform import audit_log, durable_metrics, outbox
from sidedesk.platform.db import Database, Transaction, constraint_of
from sidedesk.platform.models import decode_cursor, part_of
from sidedesk.platform.outbox import Message as Queued
from sidedesk.platform.scope import Scope
from sidedesk.platform.tenant_options import TenantOptions, read_in

if TYPE_CHECKING:
    from sidedesk.cx.text_distance import Edit

WAITING: Final = ("pending", "sending")
DECIDED: Final = ("sent", "rejected", "regenerated", "superseded", "answered_manually", "closed")


# Reading -------------------------------------------------------------------------------------------------------------


def queue(
    database: Database,
    scope: Scope,
    *,
    statuses: Sequence[str],
    risk: str | None,
    channel: str | None,
    flagged: bool | None,
    q: str | None,
    limit: int,
    cursor: str | None,
    now: datetime,
) -> Queue:
    """Drafts: those that wait by urgency, decided ones newest first."""
    live = set(statuses) <= set(WAITING)
    at, after = decode_cursor(cursor, datetime, UUID) or (None, None)
    values = {
        "statuses": list(statuses),
        "risk": risk,
        "channel": channel,
        "flagged": flagged,
        "q": f"%{_literal(q)}%" if q else None,
        "live": live,
        "at": at,
        "after": after,
        "limit": limit + 1,
    }
    with database.batch(scope) as batch:
        found = batch.dicts(SQL["list_drafts"], values)
        counted = batch.dicts(SQL["count_drafts"])
    rows, following = part_of(found.all(), limit, lambda row: (row["rank_at" if live else "created_at"], row["id"]))
    counts = {row["status"]: row["count"] for row in counted.all()}
    return Queue(data=[Approval(**_line(row, now)) for row in rows], next_cursor=following, counts=counts)


def get(database: Database, scope: Scope, draft_id: UUID, *, now: datetime) -> ApprovalDetail:
    """One draft, in one round trip."""
    one = {"id": draft_id}
    with database.batch(scope) as batch:
        drafts = batch.dicts(SQL["draft"], one)
        thread = batch.rows(ThreadMessage, SQL["draft_thread"], one)
        earlier = batch.rows(EarlierDraft, SQL["earlier_drafts"], one)
        decision = batch.rows(Decision, SQL["decision_of"], one)
        chatwoot = batch.dicts(SQL["chatwoot_of_draft"], one)
    row = next(iter(drafts.all()), None)
    if row is None:
        raise NoSuchDraft()
    contact = Contact(**{name: row["contact"].get(name) or "" for name in ("name", "email", "phone")})
    line = row | {
        "chatwoot_conversation": row["display_id"],
        "customer": contact.name or contact.email or "Customer",
        "stale": row["last_incoming_id"] > row["last_message_id"],
        "sla_breached": row["sla_due_at"] is not None and row["sla_due_at"] < now,
    }
    return ApprovalDetail(
        **_line(line, now),
        contact=contact,
        chatwoot_url=_address(chatwoot.first(), row["display_id"]),
        customer_message=row["customer_message"],
        draft=row["reply"],
        messages=thread.all()[::-1],
        earlier=earlier.all(),
        decision=decision.first(),
        version=row["last_incoming_id"],
        **{
            name: row[name]
            for name in (
                "evidence", "sources", "unknowns", "tone", "validation", "risk_reasons", "rollback", "summary", "instruction",
                "previous_id", "examples", "variant", "model", "prompt_version", "from_cache", "note_posted",
            )
        },
        cost_usd=float(row["cost_usd"]),
    )  # fmt: skip


def _line(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    waits = row["status"] in WAITING
    return {
        **{name: row[name] for name in Approval.model_fields if name in row},
        "subject": _subject(row["customer_message"]),
        "priority": priority_of(row["rank_at"], row["sla_breached"], now) if waits else "normal",
        "confidence": float(row["confidence"]),
        "sentiment": float(row["sentiment"]),
        "stale": bool(row["stale"]) and waits,
        "kind": "cx_reply",
    }


def priority_of(rank_at: datetime, breached: bool, now: datetime) -> Priority:
    if breached or rank_at <= now:
        return "urgent"
    if rank_at <= now + timedelta(minutes=5):
        return "high"
    return "normal" if rank_at <= now + timedelta(hours=1) else "low"


def _subject(text: str) -> str:
    first = next((line.strip() for line in text.splitlines() if line.strip()), "(no text)")
    return first if len(first) <= 120 else first[:119].rstrip() + "…"


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")[:200]


def _address(chatwoot: dict[str, Any] | None, display_id: int) -> str:
    """Where people open the conversation in Chatwoot."""
    if chatwoot is None:
        return ""
    parts = urlsplit(chatwoot["base_url"])
    account = chatwoot["config"].get("account_id")
    return f"{parts.scheme}://{parts.netloc}{parts.path}/app/accounts/{account}/conversations/{display_id}"


# Deciding ------------------------------------------------------------------------------------------------------------


def approve(database: Database, scope: Scope, draft_id: UUID, wish: Approve) -> Decided:
    """Grades, the reply's words and the claim to send it, in one transaction; the sending itself comes after it."""
    from sidedesk.cx import text_distance

    message = Queued.to_queue(wishes.POST_QUEUE, {"kind": "reply", "draft_id": str(draft_id)})
    who = scope.email or scope.actor
    try:
        with database.transaction(scope) as transaction:
            conversation, draft = _held(transaction, draft_id)
            options = read_in(transaction)
            text = (wish.reply if wish.reply is not None else draft["reply"]).strip()
            _may_approve(transaction, conversation, draft, options, who)
            flags = _flags(transaction, conversation["contact"], draft, text, options)
            if flags and not wish.override:
                raise Flagged([(name, FLAG_SENTENCES.get(name, name)) for name in flags])
            edit = text_distance.measure(draft["reply"], text)
            _grade(transaction, conversation, draft, wish.grades, text, edit, who, approved=True)
            transaction.run(
                SQL["claim_sending"],
                {
                    "draft_id": draft_id,
                    "post_id": uuid4(),
                    "conversation_id": conversation["conversation_id"],
                    "content": text,
                    "last_message_id": draft["last_message_id"],
                    "approved_by": who,
                    "override": wish.override or "" if flags else "",
                },
            )
            transaction.run(SQL["decide"], {"id": draft_id, "status": "sending", "who": who, "reason": ""})
            _learn(
                transaction, draft_id, "approved", text, edit, wish.grades, wish.note or "", who, wish.review_seconds
            )
            transaction.run(
                *audit_log.record(
                    "cx.approved",
                    draft_id=draft_id,
                    edit_ratio=edit.ratio,
                    grades=wish.grades.model_dump(),
                    **({"overridden_flags": flags, "override": wish.override} if flags else {}),
                )
            )
            transaction.run(*durable_metrics.add("cx_decisions_total", decision="approved"))
            transaction.run(*outbox.add(scope, [message]))
    except psycopg.errors.UniqueViolation as error:
        if constraint_of(error) in ("customer_reply_grading_once", "cx_replies_pkey"):
            raise AlreadyDecided("sending", "Somebody") from error
        raise
    outbox.send_now(database, scope, [message])
    return Decided(id=draft_id, status="sending", edit_distance=edit.distance, edit_ratio=edit.ratio)


def reject(database: Database, scope: Scope, draft_id: UUID, wish: Reject) -> Decided:
    """Nothing goes out; why is kept, and the next draft hears of it."""
    who = scope.email or scope.actor
    with database.transaction(scope) as transaction:
        conversation, draft = _held(transaction, draft_id)
        _still_open(draft)
        _grade(transaction, conversation, draft, wish.grades, None, None, who, approved=False)
        transaction.run(SQL["decide"], {"id": draft_id, "status": "rejected", "who": who, "reason": wish.reason[:500]})
        _learn(transaction, draft_id, "rejected", None, None, wish.grades, wish.reason, who, wish.review_seconds)
        transaction.run(*audit_log.record("cx.rejected", draft_id=draft_id, grades=wish.grades.model_dump()))
        transaction.run(*durable_metrics.add("cx_decisions_total", decision="rejected"))
    return Decided(id=draft_id, status="rejected")


def regenerate(database: Database, scope: Scope, draft_id: UUID, wish: Regenerate) -> Decided:
    """Another draft by an instruction. This one stays until the other is there, and is kept after that."""
    who = scope.email or scope.actor
    with database.transaction(scope) as transaction:
        conversation, draft = _held(transaction, draft_id)
        _still_open(draft)
        if not read_in(transaction).flags.AI_CUSTOMER_DRAFT_ENABLED:
            raise RepliesDisabled()
        values = {
            "conversation_id": conversation["conversation_id"],
            "instruction": wish.instruction,
            "who": who,
            "id": draft_id,
        }
        transaction.run(SQL["wish_again"], values)
        _learn(transaction, draft_id, "regenerated", None, None, None, wish.instruction, who, None)
        transaction.run(*audit_log.record("cx.regenerated", draft_id=draft_id))
        transaction.run(*durable_metrics.add("cx_decisions_total", decision="regenerated"))
    wishes.nudge_drafter(scope, conversation["conversation_id"])
    return Decided(id=draft_id, status="pending")


# Rules ---------------------------------------------------------------------------------------------------------------


def _held(transaction: Transaction, draft_id: UUID) -> tuple[dict[str, Any], dict[str, Any]]:
    """Conversation and draft, locked in the order webhooks lock them."""
    conversations = transaction.dicts(SQL["lock_draft"], {"id": draft_id})
    if not conversations:
        raise NoSuchDraft()
    return conversations[0], transaction.dicts(SQL["draft_to_decide"], {"id": draft_id})[0]


def _still_open(draft: dict[str, Any]) -> None:
    if draft["status"] != "pending":
        raise AlreadyDecided(draft["status"], draft["decided_by"])


def _may_approve(
    transaction: Transaction, conversation: dict[str, Any], draft: dict[str, Any], options: TenantOptions, who: str
) -> None:
    """Each refusal names its reason; the most telling one comes first."""
    _still_open(draft)
    if not options.flags.AI_CUSTOMER_DRAFT_ENABLED:
        raise RepliesDisabled()
    if conversation["last_incoming_id"] > draft["last_message_id"]:
        newest = transaction.value(SQL["newest_incoming"], {"conversation_id": conversation["conversation_id"]})
        raise CustomerWrote(newest or "")
    missing = [name for name in ("evidence", "validation", "rollback") if not draft[name] and not _stated(draft, name)]
    if missing:
        raise Incomplete(["the way back" if name == "rollback" else name for name in missing])
    if options.options.cx.four_eyes and draft["requested_by"] == who:
        raise NeedsSecondPerson()


def _stated(draft: dict[str, Any], name: str) -> bool:
    """A draft without sources says so: that is its evidence."""
    return name == "evidence" and bool(draft["unknowns"])


def _flags(
    transaction: Transaction, contact: dict[str, Any], draft: dict[str, Any], text: str, options: TenantOptions
) -> list[str]:
    """What the checks say of the words that would go out. What was wrong with the customer's message stays wrong."""
    if text == draft["reply"]:
        return list(draft["flags"])
    thread = transaction.rows(ThreadMessage, SQL["thread"], {"conversation_id": draft["conversation_id"]})
    from sidedesk.cx import guard  # expressions in six languages: only an edited reply needs them

    verdict = guard.examine(
        text,
        thread=[message.text for message in thread if message.direction != "note"],
        sources=[Source.model_validate(source) for source in draft["sources"]],
        claims=[Evidence.model_validate(item) for item in draft["evidence"]],
        system_prompt=guard.our_prompt(),
        allowed_hosts=options.options.cx.allowed_link_hosts,
        known=[str(value) for value in contact.values() if value] + [options.name, options.options.cx.signature],
    )
    asked = [flag for flag in draft["flags"] if flag == "instructions_in_message"]
    # A person may know what no source says: their own additions are theirs to answer for.
    return asked + [flag for flag in verdict.flags if flag != "unsupported_claim"]


def _grade(
    transaction: Transaction,
    conversation: dict[str, Any],
    draft: dict[str, Any],
    grades: Grades,
    reply: str | None,
    edit: Edit | None,
    who: str,
    *,
    approved: bool,
) -> None:
    transaction.run(
        SQL["grade"],
        {
            "grading_id": uuid4(),
            "conversation": str(conversation["display_id"]),
            "draft_reply": draft["reply"],
            "human_reply": reply,
            **grades.model_dump(),
            "edit_distance": edit.distance if edit else None,
            "edit_ratio": edit.ratio if edit else None,
            "approved": approved,
            "graded_by": who,
            "rag_sources": Jsonb(draft["sources"]),
            "confidence": draft["confidence"],
            "draft_id": draft["id"],
        },
    )


def _learn(
    transaction: Transaction,
    draft_id: UUID,
    kind: str,
    reply: str | None,
    edit: Edit | None,
    grades: Grades | None,
    reason: str,
    who: str,
    review_seconds: int | None,
) -> None:
    marks = grades.model_dump() if grades else {"tone": None, "accuracy": None, "policy": None}
    transaction.run(
        SQL["learn"],
        {
            "draft_id": draft_id,
            "kind": kind,
            "human_reply": reply,
            "edit_distance": edit.distance if edit else None,
            "edit_ratio": edit.ratio if edit else None,
            "body_edit_ratio": edit.body_ratio if edit else None,
            **marks,
            "reason": reason,
            "graded_by": who,
            "review_seconds": review_seconds,
        },
    )

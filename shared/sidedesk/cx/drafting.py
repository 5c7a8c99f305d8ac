"""Drafting: from a wish to a draft that waits for a person, or to a reason why there is none.

A worker takes the wish with a lease, looks at the conversation as Chatwoot has it now, and asks the model without holding
anything open. What it made counts only if the customer has not written meanwhile; otherwise the newer wish is the next worker's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID, uuid4

from sidedesk.clients.chatwoot_errors import ConversationGone
from sidedesk.clients.chatwoot_machines import is_machine
from sidedesk.cx import composing, experiments, signals
from sidedesk.cx.composing import Composed
from sidedesk.cx.errors import first_sentence
from sidedesk.cx.repository import SQL
from sidedesk.cx.sentiment import sentiment_of
from sidedesk.cx.tools import DRAFT_LEASE_SECONDS, Tools
from sidedesk.cx.wishes import POST_QUEUE
from sidedesk.platform import audit_log, durable_metrics, notifications, outbox
from sidedesk.platform.db import Database, Transaction
from sidedesk.platform.errors import DomainError, UpstreamFailed
from sidedesk.platform.notifications import Notice
from sidedesk.platform.observability import count, logger
from sidedesk.platform.outbox import Message as Queued
from sidedesk.platform.scope import Scope
from sidedesk.platform.tenant_options import TenantOptions, tenant_options

if TYPE_CHECKING:
    from sidedesk.clients.chatwoot_shapes import Conversation, Message

Outcome = Literal["drafted", "overtaken", "not_due", "not_wanted", "deferred", "paused"]
# A model that cannot be used now is asked again, less and less often, and never forgotten.
FIRST_WAIT, LONGEST_WAIT = 20, 1_800


@dataclass(frozen=True, slots=True)
class Wanted:
    """A claimed wish and what the rows said about it."""

    conversation_id: UUID
    worker: UUID
    row: dict[str, Any]

    @property
    def instruction(self) -> str:
        return str(self.row["wish_instruction"])


def draft(database: Database, scope: Scope, conversation_id: UUID, tools: Tools, *, public_url: str) -> Outcome:
    """One wish."""
    worker = uuid4()
    values = {"conversation_id": conversation_id, "worker": worker, "lease": DRAFT_LEASE_SECONDS}
    claimed = database.dicts(scope, SQL["claim_wish"], values)
    if not claimed:
        return "not_due"
    wanted = Wanted(conversation_id, worker, claimed[0])
    options = tenant_options(database, scope)
    try:
        return _draft(database, scope, wanted, options, tools, public_url)
    except ConversationGone:
        return _drop(database, scope, wanted, "Chatwoot does not know this conversation any more.")
    except DomainError as error:
        return _defer(database, scope, wanted, error)


def _draft(
    database: Database, scope: Scope, wanted: Wanted, options: TenantOptions, tools: Tools, public_url: str
) -> Outcome:
    row = wanted.row
    if not options.flags.AI_CUSTOMER_DRAFT_ENABLED:
        return _drop(database, scope, wanted, "Drafted replies are switched off.", settled=False)
    if row["sending"]:
        # A reply is on its way; what it answers and what is still open shows when it is out.
        return _later(database, scope, wanted, 10, "A reply is being sent.")
    if row["paused_until"] is not None and row["paused_until"] > tools.now() and not wanted.instruction:
        return _later(database, scope, wanted, int((row["paused_until"] - tools.now()).total_seconds()) + 1, "Paused.")
    chatwoot = tools.chatwoot(scope, row["integration_id"])
    about = chatwoot.conversation(row["display_id"])
    thread = list(chatwoot.messages(row["display_id"]))
    _remember(database, scope, row["integration_id"], about, thread, options, tools.now())
    newest = newest_question(about, thread)
    if newest is None or about.status != "open":
        return _drop(database, scope, wanted, "Nobody waits for an answer.", up_to=row["last_incoming_id"])
    if row["recent"] >= options.options.cx.max_drafts_per_hour and not wanted.instruction:
        return _pause(database, scope, wanted, options, about, public_url)
    experiment = None if wanted.instruction else experiments.running(database, scope)
    with_variant = experiments.assign(experiment, wanted.conversation_id) if experiment else None
    composed = composing.compose(
        database,
        scope,
        tools.gateway(scope),
        about=about,
        thread=thread,
        options=options,
        instruction=wanted.instruction,
        summary=(row["summary"], row["summary_up_to"]),
        prompt_version=with_variant.prompt_version if with_variant else None,
        now=tools.now(),
    )
    return _keep(database, scope, wanted, options, about, newest, composed, experiment, with_variant)


def newest_question(about: Conversation, thread: Sequence[Message]) -> Message | None:
    """The customer's newest message, if no person has answered since and no machine wrote it."""
    newest = None
    for message in sorted(thread, key=lambda one: one.id):
        if message.private or message.deleted:
            continue
        if message.direction == "incoming":
            newest = None if is_machine(message, about) else message
        elif message.direction == "outgoing" and (message.sender.kind == "user" or message.post_id):
            newest = None
    return newest


def _remember(
    database: Database,
    scope: Scope,
    integration_id: UUID,
    about: Conversation,
    thread: Sequence[Message],
    options: TenantOptions,
    now: datetime,
) -> None:
    """The thread as Chatwoot has it: what no webhook told us is known from here on."""
    with database.batch(scope) as batch:
        signals.know(batch, scope, integration_id, about, now)
        signals.take_thread(batch, scope, integration_id, about, thread, "thread", options)


def _keep(
    database: Database,
    scope: Scope,
    wanted: Wanted,
    options: TenantOptions,
    about: Conversation,
    newest: Message,
    composed: Composed,
    experiment: experiments.Running | None,
    variant: experiments.Variant | None,
) -> Outcome:
    """The draft takes its predecessor's place, and its note is on the way: all of it or nothing."""
    draft_id, post_id = uuid4(), uuid4()
    note = Queued.to_queue(POST_QUEUE, {"kind": "note", "draft_id": str(draft_id)})
    sentiment = sentiment_of(composed.question)
    who = {"conversation_id": wanted.conversation_id, "worker": wanted.worker}
    with database.transaction(scope) as transaction:
        locked = transaction.dicts(SQL["lock_wish"], who)
        if not locked:
            return "overtaken"  # the lease ran out, and another worker has it
        now = locked[0]
        if now["last_incoming_id"] > newest.id or now["last_reply_id"] > newest.id or now["status"] != "open":
            transaction.run(SQL["release_wish"], who)
            return "overtaken"
        transaction.run(
            SQL["supersede"],
            who | {"regenerated": bool(wanted.instruction), "who": wanted.row["wish_by"]},
        )
        transaction.run(
            SQL["insert_draft"],
            {
                "id": draft_id,
                "conversation_id": wanted.conversation_id,
                "last_message_id": newest.id,
                "customer_message": composed.question,
                "asked_at": now["waiting_since"] or newest.created_at,
                "wanted_at": wanted.row["wanted_at"] or newest.created_at,
                "sentiment": round(sentiment, 3),
                "rank_at": rank(now["sla_due_at"], newest.created_at, options, sentiment, about.plan, composed.risk),
                "instruction": wanted.instruction,
                "requested_by": wanted.row["wish_by"],
                "previous_id": wanted.row["wish_instead_of"],
                "experiment_id": experiment.id if experiment else None,
                "variant": variant.name if variant else "",
                **composed.columns(),
            },
        )
        transaction.run(SQL["insert_note"], {"draft_id": draft_id, "post_id": post_id})
        transaction.run(
            SQL["wish_granted"],
            who
            | {
                "up_to": newest.id,
                "summary": composed.summary,
                "summary_up_to": composed.summary_up_to,
            },
        )
        transaction.run(
            *audit_log.record(
                "cx.drafted",
                draft_id=draft_id,
                model=composed.model,
                cost_usd=str(composed.cost_usd),
                risk=composed.risk,
                flags=composed.flags,
                from_cache=composed.from_cache,
            )
        )
        transaction.run(*durable_metrics.add("cx_drafts_total", risk=composed.risk))
        transaction.run(*outbox.add(scope, [note]))
    outbox.send_now(database, scope, [note])
    count("CxDrafted")
    return "drafted"


# Why there is no draft now -------------------------------------------------------------------------------------------


def _drop(
    database: Database, scope: Scope, wanted: Wanted, reason: str, *, up_to: int | None = None, settled: bool = True
) -> Outcome:
    values = {
        "conversation_id": wanted.conversation_id,
        "worker": wanted.worker,
        "reason": reason,
        "settled": settled,
        "up_to": wanted.row["last_incoming_id"] if up_to is None else up_to,
    }
    database.run(scope, SQL["drop_wish"], values)
    return "not_wanted"


def _later(database: Database, scope: Scope, wanted: Wanted, seconds: int, reason: str | None) -> Outcome:
    values = {"conversation_id": wanted.conversation_id, "worker": wanted.worker, "seconds": seconds, "reason": reason}
    database.run(scope, SQL["defer_wish"], values)
    return "deferred"


def _defer(database: Database, scope: Scope, wanted: Wanted, error: DomainError) -> Outcome:
    """Nothing is lost: the wish moves to later, and the queue's page says why."""
    attempts = int(wanted.row["draft_attempts"])
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts, 10))
    if isinstance(error, UpstreamFailed) and attempts < 3:
        wait = FIRST_WAIT  # an unusable answer is often followed by a usable one
    logger.warning("draft deferred", extra={"code": error.code, "seconds": wait, "attempts": attempts})
    count("CxDraftDeferred")
    return _later(database, scope, wanted, max(wait, error.retry_after or 0), first_sentence(error))


def _pause(
    database: Database, scope: Scope, wanted: Wanted, options: TenantOptions, about: Conversation, public_url: str
) -> Outcome:
    """So many drafts for one conversation: probably two machines talk to each other. A person looks first."""
    minutes = options.options.cx.breaker_minutes
    reason = f"More than {options.options.cx.max_drafts_per_hour} drafts in an hour. Paused for {minutes} minutes: is this a machine?"
    with database.transaction(scope) as transaction:
        paused = transaction.value(
            SQL["pause_conversation"],
            {
                "conversation_id": wanted.conversation_id,
                "worker": wanted.worker,
                "minutes": minutes,
                "reason": reason,
            },
        )
        if paused is None:
            return "overtaken"
        messages = alert(
            transaction,
            scope,
            kind="cx_paused",
            title=f"Conversation {about.display_id} writes without end",
            body=f"{reason} Open it in Chatwoot and decide.",
            key=f"cx_paused:{wanted.conversation_id}:{paused:%Y%m%d%H}",
            public_url=public_url,
        )
        transaction.run(*durable_metrics.add("cx_conversations_paused_total"))
    outbox.send_now(database, scope, messages)
    return "paused"


def alert(
    transaction: Transaction, scope: Scope, *, kind: str, title: str, body: str, key: str, public_url: str
) -> list[Queued]:
    """Tell those who lead, once."""
    leads = transaction.values(SQL["whom_to_tell"], {"roles": ["admin", "owner"]})
    notices = [Notice(email, kind, title, body, "#/approvals", key) for email in leads]
    return notifications.tell(transaction, scope, notices, public_url=public_url)


# The queue's order ---------------------------------------------------------------------------------------------------

PAYING: Final = ("enterprise", "premium", "business", "vip", "gold", "platinum")


def rank(
    sla_due_at: datetime | None,
    written_at: datetime,
    options: TenantOptions,
    sentiment: float,
    plan: str | None,
    risk: str,
) -> datetime:
    """When a draft should be looked at. All wait at the same pace, so a point in time is a priority that never needs renewal."""
    due = sla_due_at or written_at + timedelta(minutes=options.options.cx.sla_minutes)
    forward = 10 if sentiment <= -0.5 else 5 if sentiment <= -0.2 else 0
    forward += 10 if (plan or "").lower() in PAYING else 0
    forward += 3 if risk == "high" else 0
    return due - timedelta(minutes=forward)

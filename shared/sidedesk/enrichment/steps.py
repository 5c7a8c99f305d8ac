"""The steps of the workflow. Each may be repeated, killed between any two lines, or run late.

next_items → for each conversation: validate → enrich → normalise → next_items → … The run's hold on a conversation and its
status say where it is; a step that finds it further on says so and does nothing. What fails for good is recorded here;
what may work later is raised, and the workflow tries again before it records it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import BaseModel

from sidedesk.ai.gateway import Deadline, Gateway
from sidedesk.conversations import service as conversations
from sidedesk.conversations.service import Category, Claimed, RawConversation, Step
from sidedesk.enrichment import document, reading, runs, validation
from sidedesk.enrichment.errors import category_of, worth_another_try
from sidedesk.enrichment.reading import Prepared, Window
from sidedesk.enrichment.repository import SQL
from sidedesk.enrichment.validation import Report
from sidedesk.platform import audit_log, durable_metrics
from sidedesk.platform.db import Database
from sidedesk.platform.errors import DomainError
from sidedesk.platform.observability import count, logger
from sidedesk.platform.scope import Scope

CHUNK = 100
# Chunks of one execution, whose history holds 25,000 events.
ROUNDS = 5
# How often an item is begun before it is given up: each time its worker died without a word.
MOST_TRIES = 4
# Between two steps of one conversation, tries of the workflow included.
LEASE_SECONDS = 420.0
DIED = "Its worker died each time before it could finish. Retry it; if it goes on, look at the function's log."
GONE = "The conversation does not exist any more."

Outcome = Literal["go", "settled", "again"]


class Work(BaseModel):
    """Of which run, which conversation: the input of every step."""

    tenant_id: UUID
    run_id: UUID
    conversation_id: UUID

    @property
    def scope(self) -> Scope:
        return Scope.system(self.tenant_id, "enrichment")


class Next(BaseModel):
    """What the workflow does now: `go` with these, `hand_over` to a new execution, or it is `done`."""

    status: Literal["go", "hand_over", "done"]
    conversation_ids: list[str] = []
    execution_no: int | None = None
    execution_name: str | None = None


@dataclass(frozen=True, slots=True)
class Tools:
    """What the steps need from outside. `gateway` makes one for one conversation and its memory of personal data."""

    database: Callable[[], Database]
    gateway: Callable[..., Gateway]
    now: Callable[[], datetime]


# Steps ----------------------------------------------------------------------------------------------------------------


def next_items(tools: Tools, tenant_id: UUID, run_id: UUID, execution_no: int, rounds: int = 0) -> Next:
    """The next chunk that is open; whoever was handed out too often fails with that reason."""
    scope = Scope.system(tenant_id, "enrichment")
    database = tools.database()
    values = {"run_id": run_id, "execution_no": execution_no, "most": MOST_TRIES, "limit": CHUNK}
    if given_up := database.values(scope, SQL["hopeless"], values):
        fail_items(database, scope, run_id, given_up, "timeout", DIED)
    if rounds >= ROUNDS:
        if following := database.values(scope, SQL["hand_over"], values):
            name = runs.execution_name(run_id, following[0])
            return Next(status="hand_over", execution_no=following[0], execution_name=name)
    elif ids := database.values(scope, SQL["hand_out"], values):
        return Next(status="go", conversation_ids=[str(one) for one in ids])
    database.run(scope, SQL["close_run"], {"run_id": run_id})
    return Next(status="done")


def validate(tools: Tools, work: Work) -> Outcome:
    """Take hold of the conversation and check its raw document."""
    database, scope = tools.database(), work.scope
    with database.batch(scope) as batch:
        batch.run(SQL["begin_item"], {"run_id": work.run_id, "id": work.conversation_id})
        claim = batch.rows(Claimed, *conversations.claim([work.conversation_id], work.run_id, LEASE_SECONDS))
    rows = claim.all()
    if not rows:
        _settle(tools, work, "failed", "failed", "invalid_raw", GONE)
        return "settled"
    held = rows[0]
    if not held.claimed:
        _settle(tools, work, "skipped", held.enrichment_status)
        return "settled"
    if held.enrichment_status in ("validated", "enrichment_in_progress", "normalizing"):
        return "go"
    if held.raw_storage_path is None or held.raw_digest is None:
        reason = "It was registered by its source and has no document here. Import it, then enrich it."
        return _fail(tools, work, "validate", "invalid_raw", reason)
    if not database.values(scope, *conversations.move(work.conversation_id, work.run_id, "validating")):
        return "again"
    try:
        report = validation.check(_raw(held.raw_storage_path), tools.now())
    except DomainError as error:
        return _refused(tools, work, "validate", error)
    with database.batch(scope) as batch:
        batch.run(
            SQL["keep_report"],
            {
                "id": work.conversation_id,
                "raw_digest": held.raw_digest,
                "findings": Jsonb([finding.model_dump() for finding in report.findings]),
            },
        )
        moved = (
            None if report.errors else batch.values(*conversations.move(work.conversation_id, work.run_id, "validated"))
        )
    if moved is None:
        return _fail(tools, work, "validate", "invalid_raw", report.sentence)
    return "go" if moved.all() else "again"


def enrich(tools: Tools, work: Work, deadline: Deadline) -> Outcome:
    """Ask the model, window by window. What a window cost is kept with it: nobody pays for it twice."""
    database, scope = tools.database(), work.scope
    with database.batch(scope) as batch:
        claim = batch.rows(Claimed, *conversations.claim([work.conversation_id], work.run_id, LEASE_SECONDS))
        started = batch.dicts(
            *conversations.move(
                work.conversation_id, work.run_id, "enrichment_in_progress", lease_seconds=LEASE_SECONDS
            )
        )
    held, rows = claim.all(), started.all()
    if not rows:
        return "go" if held and held[0].claimed and held[0].enrichment_status == "normalizing" else "again"
    digest = str(rows[0]["raw_digest"])
    try:
        _, _, prepared = _prepared(tools, rows[0]["raw_storage_path"])
        known = {window.number for window in _windows(database, work, digest, prepared)}
        gateway = tools.gateway(scope, work.run_id, deadline, prepared.redactor)
        for number in range(1, len(prepared.windows) + 1):
            if number not in known:
                _keep(database, work, digest, prepared, reading.read_window(gateway, prepared, number))
    except DomainError as error:
        return _refused(tools, work, "enrich", error)
    moved = database.values(
        scope, *conversations.move(work.conversation_id, work.run_id, "normalizing", lease_seconds=LEASE_SECONDS)
    )
    return "go" if moved else "again"


def normalise(tools: Tools, work: Work) -> Outcome:
    """Put it all into the one shape, hold it against the schema, and make it visible."""
    database, scope = tools.database(), work.scope
    rows = database.dicts(
        scope, *conversations.move(work.conversation_id, work.run_id, "normalizing", lease_seconds=LEASE_SECONDS)
    )
    if not rows:
        return "again"
    digest = str(rows[0]["raw_digest"])
    try:
        raw, report, prepared = _prepared(tools, rows[0]["raw_storage_path"])
        found = _windows(database, work, digest, prepared)
        if len(found) < len(prepared.windows):
            return _fail(tools, work, "enrich", "storage", "What the model said is not there any more. Retry it.")
        made = document.build(work.conversation_id, raw, digest, report, prepared, found, tools.now())
        whole = made.model_dump(mode="json")
        if problems := document.problems(whole):
            logger.error("a document departs from its schema", extra={"problems": problems[:5]})
            return _fail(tools, work, "normalise", "invalid_raw", f"It does not fit the schema: {problems[0][:300]}")
        pointer = conversations.store_enriched(scope, work.conversation_id, whole)
    except DomainError as error:
        return _refused(tools, work, "normalise", error)
    overall = made.overall
    completed = conversations.complete(
        work.conversation_id,
        work.run_id,
        pointer,
        enriched_from=digest,
        topic=overall.topic,
        language=overall.language,
        sentiment=overall.sentiment,
        resolution=overall.resolution,
        predicted_csat=overall.predicted_csat,
    )
    with database.transaction(scope) as transaction:
        if not transaction.values(*completed):
            return "again"
        transaction.run(SQL["settle"], _settled(work.run_id, [work.conversation_id], "enriched", "completed"))
        transaction.run(SQL["drop_windows"], {"id": work.conversation_id})
        transaction.run(
            *audit_log.record("conversation.enriched", conversation_id=work.conversation_id, run_id=work.run_id)
        )
        transaction.run(*durable_metrics.add("enrichments_total", outcome="enriched"))
    count("ConversationsEnriched")
    return "settled"


def record_failure(tools: Tools, work: Work, step: Step, error: str, cause: str) -> None:
    """What the workflow caught after its last try."""
    category, message = _caught(error, cause)
    _fail(tools, work, step, category, message)


# Ends -----------------------------------------------------------------------------------------------------------------


def fail_items(
    database: Database,
    scope: Scope,
    run_id: UUID,
    ids: Sequence[UUID],
    category: Category,
    message: str,
    *,
    step: Step | None = None,
) -> None:
    """End these of a run with one reason, at the step that their status names. What somebody else holds or has done is skipped."""
    claimed = {row.id: row for row in database.rows(scope, Claimed, *conversations.claim(ids, run_id, LEASE_SECONDS))}
    with database.batch(scope) as batch:
        for one in ids:
            row = claimed.get(one)
            if row is None:
                batch.run(SQL["settle"], _settled(run_id, [one], "failed", "failed", "invalid_raw", GONE))
            elif not row.claimed:
                batch.run(SQL["settle"], _settled(run_id, [one], "skipped", row.enrichment_status))
            else:
                at = step or _STEP_AT[row.enrichment_status]
                batch.run(*conversations.fail([one], run_id, at, category, message))
                batch.run(SQL["settle"], _settled(run_id, [one], "failed", "failed", category, message))
                facts = {"conversation_id": one, "run_id": run_id, "step": at, "category": category}
                batch.run(*audit_log.record("conversation.enrichment_failed", **facts))
                batch.run(*durable_metrics.add("enrichments_total", outcome=category))


_STEP_AT: dict[str, Step] = {
    "not_started": "validate",
    "validating": "validate",
    "validated": "enrich",
    "enrichment_in_progress": "enrich",
    "normalizing": "normalise",
}


def _fail(tools: Tools, work: Work, step: Step, category: Category, message: str) -> Outcome:
    fail_items(tools.database(), work.scope, work.run_id, [work.conversation_id], category, message, step=step)
    count("ConversationsNotEnriched")
    return "settled"


def _refused(tools: Tools, work: Work, step: Step, error: DomainError) -> Outcome:
    """Raise what another try may mend, record what none will."""
    if worth_another_try(error):
        raise error
    return _fail(tools, work, step, category_of(error), error.message)


def _settle(
    tools: Tools,
    work: Work,
    status: str,
    enrichment_status: str,
    category: Category | None = None,
    message: str | None = None,
) -> None:
    values = _settled(work.run_id, [work.conversation_id], status, enrichment_status, category, message)
    tools.database().run(work.scope, SQL["settle"], values)


def _settled(
    run_id: UUID,
    ids: Sequence[UUID],
    status: str,
    enrichment_status: str,
    category: Category | None = None,
    message: str | None = None,
) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "ids": list(ids),
        "status": status,
        "enrichment_status": enrichment_status,
        "category": category,
        "message": message,
    }


_CATEGORIES: dict[str, tuple[Category, str]] = {
    "ProviderDown": ("llm_unavailable", "The model provider did not answer, several times in a row. Retry it later."),
    "ProviderBusy": (
        "llm_unavailable",
        "The model provider asked us to slow down, several times in a row. Retry it later.",
    ),
    "BadAnswer": ("llm_unavailable", "The model gave no usable answer, several times in a row. Retry it later."),
    "OutOfTime": ("timeout", "The model took longer than there was time for. Retry it later."),
    "StorageFailed": ("storage", "The file store did not answer properly, several times in a row. Retry it later."),
    "Unavailable": ("storage", "The database did not answer properly, several times in a row. Retry it later."),
    "States.Timeout": ("timeout", "The step took longer than it may. Retry it later."),
}


def _caught(error: str, cause: str) -> tuple[Category, str]:
    if error in _CATEGORIES:
        return _CATEGORIES[error]
    if error.startswith(("Lambda.", "Sandbox.", "Runtime.")) or "imed out" in cause:
        return "timeout", DIED
    logger.error("a step broke", extra={"error": error, "cause": cause[:500]})
    return "timeout", f"The step broke ({error[:80]}). It was recorded; retry it, and tell support if it goes on."


# Inside ---------------------------------------------------------------------------------------------------------------


def _raw(path: str) -> RawConversation:
    return RawConversation.model_validate(conversations.load(path))


def _prepared(tools: Tools, path: str) -> tuple[RawConversation, Report, Prepared]:
    """The same again from the same raw document, whichever step asks."""
    raw = _raw(path)
    report = validation.check(raw, tools.now())
    return raw, report, reading.prepare(raw, report)


def _windows(database: Database, work: Work, digest: str, prepared: Prepared) -> list[Window]:
    values = {"id": work.conversation_id, "raw_digest": digest, "of": len(prepared.windows)}
    return [Window.model_validate(answer) for answer in database.values(work.scope, SQL["windows"], values)]


def _keep(database: Database, work: Work, digest: str, prepared: Prepared, window: Window) -> None:
    values = {"id": work.conversation_id, "raw_digest": digest, "of": len(prepared.windows), "number": window.number}
    database.run(work.scope, SQL["keep_window"], values | {"answer": Jsonb(window.model_dump())})

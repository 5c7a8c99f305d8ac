"""People and audits: see one, contest it, decide, mark it oneself, and see how far people and the AI agree."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from sidedesk.audits import agreement, scoring, service
from sidedesk.audits.errors import AlreadyDisputed, AuditNotFound, DisputeClosed, DisputeNotFound, NotHeld, NotYourAudit
from sidedesk.audits.models import CRITERIA, Assignment, Criterion
from sidedesk.audits.repository import SQL
from sidedesk.audits.review_models import (
    Audit,
    Calibration,
    Dispute,
    DisputeRequest,
    Judged,
    Quote,
    ResolveRequest,
    Review,
    ReviewRequest,
)
from sidedesk.platform import audit_log, notifications, outbox
from sidedesk.platform.db import Database, Transaction, constraint_of
from sidedesk.platform.errors import FieldError, InvalidRequest
from sidedesk.platform.models import Page, decode_cursor
from sidedesk.platform.notifications import Notice
from sidedesk.platform.permissions import allow
from sidedesk.platform.scope import Scope

STATUSES = ("supported", "unsupported", "unverified")


# See ----------------------------------------------------------------------------------------------------------------


def list_audits(
    database: Database,
    scope: Scope,
    *,
    public_url: str,
    person: str | None,
    verdict: str | None,
    job_id: UUID | None,
    disputed: bool,
    limit: int,
    cursor: str | None,
) -> Page[Assignment]:
    """All audits for members; an audited person's own for everybody else."""
    at, after = decode_cursor(cursor, datetime, UUID) or (None, None)
    own = None if allow(scope.role, "audits.read") else scope.email
    if own == "":
        return Page(data=[])
    values = {
        "own": own,
        "person": person,
        "verdict": verdict,
        "job_id": job_id,
        "disputed": disputed,
        "at": at,
        "after": after,
    }
    rows = database.dicts(scope, SQL["list_audits"], values | {"limit": limit + 1})
    return service.assignments_page(rows, limit, public_url=public_url)


def get_audit(database: Database, scope: Scope, audit_id: UUID, *, public_url: str) -> Audit:
    """One audit: for members, and for the person it is about unless it is held."""
    with database.batch(scope) as batch:
        found = batch.dicts(SQL["find_audit"], {"id": audit_id})
        disputes = batch.rows(Dispute, SQL["disputes_of"], {"id": audit_id})
        reviews = batch.rows(Review, SQL["reviews_of"], {"id": audit_id})
    row = found.first()
    if row is None or not _may_see(scope, row):
        raise AuditNotFound()
    known = disputes.all()
    mine = _is_about(scope, row)
    disputable = row["verdict"] in ("passed", "failed") and not any(one.status == "open" for one in known)
    return Audit(
        **{name: row[name] for name in Audit.model_fields if name in row and name != "transcript"},
        transcript=row["transcript"],
        link=service.audit_link(public_url, audit_id),
        criteria=_judged(row),
        dispute=known[0] if known else None,
        reviews=reviews.all() if allow(scope.role, "audits.read") else [],
        mine=mine,
        may_dispute=mine and disputable,
        may_review=allow(scope.role, "audits.review"),
    )


def _judged(row: dict[str, Any]) -> list[Judged]:
    values, evidence, overrides = row["ai_scorecard_data"], row["evidence"], row["overrides"]
    judged = []
    for criterion in CRITERIA.validate_python(row["card"]):
        given = evidence.get(criterion.id, {})
        override = overrides.get(criterion.id)
        value = override["value"] if override else values.get(criterion.id)
        status = given.get("status")
        judged.append(
            Judged(
                **criterion.model_dump(include={"id", "label", "type", "max", "weight", "critical"}),
                value=value,
                ai_value=values.get(criterion.id),
                earned=_earned(criterion, value),
                reason=str(given.get("reason", "")),
                status=status if status in STATUSES else "unverified",
                quotes=[Quote(**quote) for quote in given.get("quotes", []) if isinstance(quote, dict)],
                override=override,
            )
        )
    return judged


def _earned(criterion: Criterion, value: Any) -> float | None:
    try:
        return scoring.fraction(criterion, value)
    except (TypeError, ValueError):
        return None


def _is_about(scope: Scope, row: dict[str, Any]) -> bool:
    return bool(scope.email) and scope.email == row["employee_email"].lower()


def _may_see(scope: Scope, row: dict[str, Any]) -> bool:
    return allow(scope.role, "audits.read") or (_is_about(scope, row) and row["verdict"] != "held")


# Contest ------------------------------------------------------------------------------------------------------------


def dispute(
    database: Database, scope: Scope, audit_id: UUID, ask: DisputeRequest, *, dispute_id: UUID, public_url: str
) -> Dispute:
    """The audited person says what is wrong; admins are told."""
    audit = get_audit(database, scope, audit_id, public_url=public_url)
    if not audit.mine:
        raise NotYourAudit()
    _known(ask.criteria, audit.criteria, "criteria")
    if not audit.may_dispute:
        raise AlreadyDisputed()
    values = {
        "id": dispute_id, "assignment_id": audit_id, "opened_by": scope.email, "criteria": ask.criteria, "reason": ask.reason,
    }  # fmt: skip
    try:
        with database.transaction(scope) as transaction:
            opened = transaction.row(Dispute, SQL["open_dispute"], values)
            transaction.run(*audit_log.record("audit.disputed", audit_id=audit_id, dispute_id=dispute_id))
            admins = [email for email in transaction.values(SQL["admins"]) if email.lower() != scope.email]
            messages = notifications.tell(
                transaction,
                scope,
                [
                    Notice(
                        email,
                        "audit_dispute",
                        f"{audit.employee_name or scope.email} disputes an audit",
                        ask.reason[:300],
                        f"#/audits/{audit_id}",
                        f"dispute:{dispute_id}",
                    )
                    for email in admins
                ],
                public_url=public_url,
            )
    except psycopg.errors.UniqueViolation as error:
        if constraint_of(error) in ("audit_disputes_one_open", "audit_disputes_pkey"):
            raise AlreadyDisputed() from error
        raise
    outbox.send_now(database, scope, messages)
    assert opened is not None
    return opened


def resolve(
    database: Database, scope: Scope, dispute_id: UUID, decision: ResolveRequest, *, public_url: str
) -> Dispute:
    """An admin decides; a change counts from now on and the AI's marks stay on record. The person is told."""
    if decision.decision == "rejected" and decision.changes:
        raise InvalidRequest.of("changes", "A rejected dispute changes no mark. Accept it, or leave the marks out.")
    with database.transaction(scope) as transaction:
        known = transaction.row(Dispute, SQL["find_dispute"], {"id": dispute_id})
        if known is None:
            raise DisputeNotFound()
        if known.status != "open":
            raise DisputeClosed(f"This dispute was already {known.status} by {known.resolved_by}.")
        row = transaction.dicts(SQL["find_audit"], {"id": known.assignment_id})[0]
        if decision.changes:
            _check_marks(CRITERIA.validate_python(row["card"]), decision.changes, "changes")
            _override(transaction, scope, row, decision.changes, decision.resolution)
        resolved = transaction.row(
            Dispute,
            SQL["resolve_dispute"],
            {
                "id": dispute_id, "status": decision.decision, "resolution": decision.resolution,
                "changes": Jsonb(decision.changes), "by": scope.email or scope.actor,
            },
        )  # fmt: skip
        transaction.run(
            *audit_log.record(
                "audit.dispute_resolved", audit_id=row["id"], dispute_id=dispute_id, decision=decision.decision
            )
        )
        notice = Notice(
            known.opened_by,
            "audit_dispute_resolved",
            f"Your dispute was {decision.decision}",
            decision.resolution[:300],
            f"#/audits/{row['id']}",
            f"dispute:{dispute_id}:resolved",
        )
        messages = notifications.tell(transaction, scope, [notice], public_url=public_url)
    outbox.send_now(database, scope, messages)
    assert resolved is not None
    return resolved


def _override(
    transaction: Transaction, scope: Scope, row: dict[str, Any], changes: dict[str, Any], reason: str
) -> None:
    """A person's marks count from now on; what the AI said stays beside them."""
    by, at = scope.email or scope.actor, datetime.now(UTC).isoformat()
    overrides = {name: {"value": value, "by": by, "at": at, "reason": reason} for name, value in changes.items()}
    values = row["ai_scorecard_data"] | {name: one["value"] for name, one in (row["overrides"] | overrides).items()}
    score = scoring.score(CRITERIA.validate_python(row["card"]), values, float(row["pass_threshold"]))
    transaction.run(
        SQL["override_audit"],
        {"id": row["id"], "overrides": Jsonb(overrides), "score": score.score, "verdict": score.verdict},
    )


# Mark oneself -------------------------------------------------------------------------------------------------------


def review(database: Database, scope: Scope, audit_id: UUID, ask: ReviewRequest, *, public_url: str) -> Review:
    """A person's own marks on the same audit. They show how far the AI can be trusted, and change no score but a held one."""
    audit = get_audit(database, scope, audit_id, public_url=public_url)
    row = database.dicts(scope, SQL["find_audit"], {"id": audit.id})[0]
    criteria = CRITERIA.validate_python(row["card"])
    _check_marks(criteria, ask.marks, "marks")
    if ask.publish:
        _check_publishable(audit, criteria, ask.marks)
    values = {
        "assignment_id": audit_id, "reviewer": scope.email or scope.actor, "marks": Jsonb(ask.marks), "note": ask.note,
    }  # fmt: skip
    with database.transaction(scope) as transaction:
        saved = transaction.rows(Review, SQL["save_review"], values)
        transaction.run(*audit_log.record("audit.reviewed", audit_id=audit_id, published=ask.publish))
        if ask.publish:
            _override(
                transaction, scope, row, ask.marks, ask.note or "Marked by a person, because the AI's score was held."
            )
    return saved[0]


def _check_publishable(audit: Audit, criteria: list[Criterion], marks: dict[str, Any]) -> None:
    if audit.verdict != "held":
        raise NotHeld()
    if missing := [criterion.id for criterion in criteria if criterion.id not in marks]:
        raise InvalidRequest.of("marks", f"A held audit needs every mark. Missing: {', '.join(missing)}.")


def calibration(database: Database, scope: Scope, *, days: int, scorecard_id: UUID | None) -> Calibration:
    """Agreement per criterion, and how it moves by the week."""
    rows = database.dicts(scope, SQL["reviewed_pairs"], {"days": days, "scorecard_id": scorecard_id})
    pairs = [
        pair
        for row in reversed(rows)
        for pair in agreement.pairs_of(
            CRITERIA.validate_python(row["criteria"]),
            row["audit"],
            row["ai_scorecard_data"],
            row["marks"],
            row["created_at"],
        )
    ]
    return agreement.calibrate(pairs)


# Checks -------------------------------------------------------------------------------------------------------------


def _known(names: list[str], criteria: list[Judged], field: str) -> None:
    if strangers := sorted(set(names) - {criterion.id for criterion in criteria}):
        raise InvalidRequest.of(field, f"The scorecard has no criterion {', '.join(strangers)}.")


def _check_marks(criteria: list[Criterion], marks: dict[str, Any], field: str) -> None:
    by_id = {criterion.id: criterion for criterion in criteria}
    problems = []
    for name, value in marks.items():
        if name not in by_id:
            problems.append(FieldError(f"{field}.{name}", "The scorecard has no such criterion."))
            continue
        try:
            scoring.fraction(by_id[name], value)
        except (TypeError, ValueError) as error:
            problems.append(FieldError(f"{field}.{name}", str(error)))
    if problems:
        raise InvalidRequest("Some marks do not fit the scorecard.", details=problems)

"""Do graders mean the same by a four? A gold set that everybody grades blind, and how far each one is from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field, model_validator

from sidedesk.cx.errors import AlreadyGraded, NoSuchGoldItem, NotGradedYet
from sidedesk.cx.models import Grades, Note, ReplyText
from sidedesk.cx.repository import FIGURES_SQL
from sidedesk.platform import audit_log
from sidedesk.platform.db import Database
from sidedesk.platform.models import Answer, Body, Done, Page, decode_cursor, part_of
from sidedesk.platform.permissions import allow
from sidedesk.platform.scope import Scope
from sidedesk.platform.statistics import weighted_kappa
from sidedesk.platform.tenant_options import tenant_options

DIMENSIONS: Final = ("tone", "accuracy", "policy")
BLIND_ITEMS: Final = 10


class Marks(Answer):
    tone: int
    accuracy: int
    policy: int


class BlindItem(Answer):
    """What is to be graded. The marks it should get come after one's own."""

    id: UUID
    customer_message: str
    reply: str


class GoldItem(BlindItem, Marks):
    why: str
    created_by: str
    created_at: datetime
    retired_at: datetime | None


class Agreement(Answer):
    """One reviewer and one of the three grades, against the gold marks."""

    items: int
    exact_percent: float
    within_one_percent: float
    mean_difference: Annotated[float, Field(description="above zero: kinder than the gold marks")]
    weighted_kappa: Annotated[float | None, Field(description="null when all marks are one and the same")]


class ReviewerAgreement(Answer):
    reviewer: str
    items: int
    tone: Agreement
    accuracy: Agreement
    policy: Agreement


class StraightLine(Answer):
    """Somebody gave the same three marks again and again on real drafts."""

    reviewer: str
    gradings: int
    marks: Marks
    warning: str


class Calibration(Answer):
    items: int
    graded: Annotated[int, Field(description="by the caller")]
    next: Annotated[list[BlindItem], Field(description="what the caller has not graded yet")]
    agreement: Annotated[list[ReviewerAgreement], Field(description="one's own; admins see everybody's")]
    straight_lining: list[StraightLine]


class NewGoldItem(Body):
    """A message, a reply and the marks it should get; or a draft that has been graded, whose marks count unless others are given."""

    draft_id: UUID | None = None
    customer_message: ReplyText | None = None
    reply: ReplyText | None = None
    grades: Grades | None = None
    why: Note = ""

    @model_validator(mode="after")
    def _one_way(self) -> NewGoldItem:
        own = (self.customer_message, self.reply, self.grades)
        if self.draft_id is None and None in own:
            raise ValueError("Give a draft_id, or customer_message, reply and grades.")
        if self.draft_id is not None and (self.customer_message or self.reply):
            raise ValueError("With a draft_id, message and reply are those of the draft.")
        return self


class GoldGraded(Answer):
    """Now that one's own marks are kept: what it should have got, and why."""

    item: GoldItem
    yours: Marks
    difference: Annotated[Marks, Field(description="yours less gold")]


# Grading --------------------------------------------------------------------------------------------------------------


def overview(database: Database, scope: Scope, *, now: datetime) -> Calibration:
    alert = tenant_options(database, scope).options.cx.straight_lining_alert
    me, everybody = scope.email, allow(scope.role, "cx.administer")
    whose = {"reviewer": None if everybody else me}
    with database.batch(scope) as batch:
        counts = batch.dicts(FIGURES_SQL["gold_counts"], {"reviewer": me})
        waiting = batch.rows(BlindItem, FIGURES_SQL["gold_next"], {"reviewer": me, "limit": BLIND_ITEMS})
        pairs = batch.dicts(FIGURES_SQL["gold_pairs"], whose)
        recent = batch.dicts(FIGURES_SQL["recent_marks"], whose | {"now": now, "count": alert})
    known = counts.all()[0]
    return Calibration(
        items=known["items"],
        graded=known["graded"],
        next=waiting.all(),
        agreement=agreement(pairs.all()),
        straight_lining=straight_lining(recent.all(), alert),
    )


def grade(database: Database, scope: Scope, item_id: UUID, marks: Grades) -> GoldGraded:
    """Keep the caller's marks, then show the gold ones. There is one try."""
    with database.transaction(scope) as transaction:
        item = transaction.row(GoldItem, FIGURES_SQL["gold_item"], {"id": item_id})
        if item is None or item.retired_at is not None:
            raise NoSuchGoldItem()
        values = {"id": item_id, "reviewer": scope.email, **marks.model_dump()}
        if not transaction.value(FIGURES_SQL["grade_gold"], values):
            raise AlreadyGraded()
        transaction.run(*audit_log.record("cx.gold_graded", item_id=item_id))
    difference = {name: getattr(marks, name) - getattr(item, name) for name in DIMENSIONS}
    return GoldGraded(item=item, yours=Marks(**marks.model_dump()), difference=Marks(**difference))


# The gold set ---------------------------------------------------------------------------------------------------------


def add_item(database: Database, scope: Scope, new: NewGoldItem, *, item_id: UUID) -> GoldItem:
    with database.transaction(scope) as transaction:
        values: dict[str, Any] = {"customer_message": new.customer_message, "reply": new.reply}
        if new.draft_id is not None:
            graded = transaction.dicts(FIGURES_SQL["graded_draft"], {"draft_id": new.draft_id})
            if not graded:
                raise NotGradedYet()
            values = _without_people(graded[0])
        if new.grades is not None:
            values |= new.grades.model_dump()
        values |= {"id": item_id, "why": new.why, "who": scope.email}
        if transaction.value(FIGURES_SQL["insert_gold"], values):
            transaction.run(*audit_log.record("cx.gold_added", item_id=item_id, draft_id=new.draft_id))
        kept = transaction.row(GoldItem, FIGURES_SQL["gold_item"], {"id": item_id})
    if kept is None:
        raise NoSuchGoldItem()
    return kept


def list_items(database: Database, scope: Scope, *, limit: int, cursor: str | None) -> Page[GoldItem]:
    at, after = decode_cursor(cursor, datetime, UUID) or (None, None)
    rows = database.rows(scope, GoldItem, FIGURES_SQL["list_gold"], {"at": at, "after": after, "limit": limit + 1})
    kept, following = part_of(rows, limit, lambda row: (row.created_at, row.id))
    return Page(data=kept, next_cursor=following)


def retire_item(database: Database, scope: Scope, item_id: UUID) -> Done:
    """Nobody is asked about it any more; what was graded stays in the figures."""
    with database.transaction(scope) as transaction:
        if not transaction.value(FIGURES_SQL["retire_gold"], {"id": item_id}):
            raise NoSuchGoldItem()
        transaction.run(*audit_log.record("cx.gold_retired", item_id=item_id))
    return Done()


def _without_people(graded: dict[str, Any]) -> dict[str, Any]:
    """An item outlives its conversation, and everybody reads it: nobody's data may be in it."""
    from sidedesk.cx.personal import redactor_for

    redactor = redactor_for(graded.pop("contact") or {}, graded.pop("people") or ())
    return graded | {name: redactor.redact(graded[name]) for name in ("customer_message", "reply")}


# Arithmetic -----------------------------------------------------------------------------------------------------------


def agreement(rows: Iterable[dict[str, Any]]) -> list[ReviewerAgreement]:
    by_reviewer: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_reviewer[row["reviewer"]].append(row)
    return [
        ReviewerAgreement(
            reviewer=reviewer,
            items=len(graded),
            **{name: _agreement([(row[name], row[f"gold_{name}"]) for row in graded]) for name in DIMENSIONS},
        )
        for reviewer, graded in sorted(by_reviewer.items())
    ]


def _agreement(pairs: Sequence[tuple[int, int]]) -> Agreement:
    count = len(pairs)
    return Agreement(
        items=count,
        exact_percent=round(100 * sum(mine == gold for mine, gold in pairs) / count, 1),
        within_one_percent=round(100 * sum(abs(mine - gold) <= 1 for mine, gold in pairs) / count, 1),
        mean_difference=round(sum(mine - gold for mine, gold in pairs) / count, 2),
        weighted_kappa=weighted_kappa(pairs),
    )


def straight_lining(rows: Iterable[dict[str, Any]], alert: int) -> list[StraightLine]:
    """Whose newest `alert` gradings are all the same three marks. Rows come newest first for each `graded_by`; 0 asks nothing."""
    newest: dict[str, list[tuple[int, ...]]] = defaultdict(list)
    for row in rows:
        newest[row["graded_by"]].append(tuple(row[name] for name in DIMENSIONS))
    return [
        StraightLine(
            reviewer=reviewer,
            gradings=alert,
            marks=Marks(**dict(zip(DIMENSIONS, marks[0], strict=True))),
            warning=f"The last {alert} gradings are all {'/'.join(map(str, marks[0]))}. Read a few of them again.",
        )
        for reviewer, marks in sorted(newest.items())
        if alert and len(marks) >= alert and len(set(marks[:alert])) == 1
    ]

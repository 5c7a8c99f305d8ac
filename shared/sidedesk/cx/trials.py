"""Experiments as people see them: start one, watch what becomes of each variant, stop it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from pydantic import Field

from sidedesk.cx.errors import ExperimentRuns, ExperimentStopped, NoSuchExperiment
from sidedesk.cx.experiments import TASK
from sidedesk.cx.repository import FIGURES_SQL
from sidedesk.cx.targets import LIGHT_EDIT
from sidedesk.platform import audit_log
from sidedesk.platform.db import Database, constraint_of
from sidedesk.platform.errors import FieldError, InvalidRequest
from sidedesk.platform.models import Answer, Body, Page, decode_cursor, part_of
from sidedesk.platform.scope import AnyScope, Scope
from sidedesk.platform.statistics import around_mean, difference, wilson

# Fewer drafts that people dealt with say nothing about a variant.
ENOUGH: Final = 50
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="for example a, or answer-first")]


class NewVariant(Body):
    name: Name
    prompt_version: Annotated[int, Field(ge=1, le=100_000, strict=True)]
    share: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False, description="of the conversations; all add up to 1")]


class NewExperiment(Body):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    hypothesis: Annotated[str, Field(max_length=2_000, description="what you expect, written down before")] = ""
    variants: Annotated[list[NewVariant], Field(min_length=2, max_length=5)]


class Stop(Body):
    winner: Annotated[Name | None, Field(description="name of the variant you decide for, if you do")] = None


class Rate(Answer):
    """A share in percent, and between which figures it really lies with 95 % certainty."""

    percent: float | None
    low: float | None
    high: float | None
    hits: int
    of: int


class EditShare(Answer):
    """Mean share of the draft that people changed before they approved it."""

    mean: float | None
    low: Annotated[float | None, Field(description="null with fewer than 30 replies")]
    high: float | None
    of: int


class Outcome(Answer):
    """What became of a variant's drafts."""

    variant: str
    prompt_version: int
    share: float
    drafts: int
    sent: int
    approved: int
    rejected: int
    regenerated: int
    answered_manually: int
    approval_rate: Annotated[Rate, Field(description="approved, of approved and rejected")]
    used_rate: Annotated[
        Rate, Field(description="approved with at most a fifth changed, of all that people dealt with")
    ]
    edit_ratio: EditShare
    graded: int
    tone: float | None
    accuracy: float | None
    policy: float | None


class Experiment(Answer):
    id: UUID
    name: str
    hypothesis: str
    running: bool
    started_by: str
    started_at: datetime
    stopped_by: str | None
    stopped_at: datetime | None
    winner: str | None
    outcomes: list[Outcome]
    verdict: str


class Experiments(Page[Experiment]):
    """Newest first, and what can be tried."""

    prompt_versions: list[int] = []


def start(database: Database, scope: Scope, new: NewExperiment, *, experiment_id: UUID) -> Experiment:
    _check(new)
    values = {
        "id": experiment_id,
        "name": new.name,
        "hypothesis": new.hypothesis,
        "variants": Jsonb([variant.model_dump() for variant in new.variants]),
        "who": scope.email,
    }
    try:
        with database.transaction(scope) as transaction:
            if transaction.value(FIGURES_SQL["insert_experiment"], values):
                transaction.run(*audit_log.record("cx.experiment_started", experiment_id=experiment_id, name=new.name))
    except psycopg.errors.UniqueViolation as error:
        if constraint_of(error) == "cx_experiments_one_runs":
            raise ExperimentRuns() from error
        raise
    return find(database, scope, experiment_id)


def stop(database: Database, scope: Scope, experiment_id: UUID, body: Stop) -> Experiment:
    """From here on the newest prompt drafts everything. What was measured stays."""
    values = {"id": experiment_id, "who": scope.email, "winner": body.winner}
    with database.transaction(scope) as transaction:
        found = transaction.dicts(FIGURES_SQL["find_experiment"], {"id": experiment_id})
        if not found:
            raise NoSuchExperiment()
        names = [variant["name"] for variant in found[0]["variants"]]
        if body.winner is not None and body.winner not in names:
            raise InvalidRequest.of("winner", f"Name one of: {', '.join(names)}.")
        if not transaction.value(FIGURES_SQL["stop_experiment"], values):
            raise ExperimentStopped()
        transaction.run(*audit_log.record("cx.experiment_stopped", experiment_id=experiment_id, winner=body.winner))
    return find(database, scope, experiment_id)


def find(database: Database, scope: AnyScope, experiment_id: UUID) -> Experiment:
    with database.batch(scope) as batch:
        found = batch.dicts(FIGURES_SQL["find_experiment"], {"id": experiment_id})
        outcomes = batch.dicts(FIGURES_SQL["experiment_outcomes"], {"ids": [experiment_id], "light": LIGHT_EDIT})
    row = found.first()
    if row is None:
        raise NoSuchExperiment()
    return _shown(row, outcomes.all())


def list_all(database: Database, scope: AnyScope, *, limit: int, cursor: str | None) -> Experiments:
    at, after = decode_cursor(cursor, datetime, UUID) or (None, None)
    rows = database.dicts(scope, FIGURES_SQL["list_experiments"], {"at": at, "after": after, "limit": limit + 1})
    kept, following = part_of(rows, limit, lambda row: (row["started_at"], row["id"]))
    ids = [row["id"] for row in kept]
    outcomes = (
        database.dicts(scope, FIGURES_SQL["experiment_outcomes"], {"ids": ids, "light": LIGHT_EDIT}) if ids else []
    )
    shown = [_shown(row, [one for one in outcomes if one["experiment_id"] == row["id"]]) for row in kept]
    return Experiments(data=shown, next_cursor=following, prompt_versions=prompt_versions())


def prompt_versions() -> list[int]:
    """The prompts for drafts that can be tried against each other."""
    from sidedesk.ai.prompts import shipped

    return shipped().versions(TASK)


def _check(new: NewExperiment) -> None:
    known = prompt_versions()
    wrong = [
        FieldError(f"variants.{place}.prompt_version", f"There is no {TASK}.v{variant.prompt_version}. Known: {known}.")
        for place, variant in enumerate(new.variants)
        if variant.prompt_version not in known
    ]
    for field in ("name", "prompt_version"):
        values = [getattr(variant, field) for variant in new.variants]
        if len(set(values)) < len(values):
            wrong.append(FieldError("variants", f"Each variant needs its own {field}."))
    if abs(sum(variant.share for variant in new.variants) - 1) > 0.001:
        wrong.append(FieldError("variants", "The shares must add up to 1."))
    if wrong:
        raise InvalidRequest("This experiment cannot be started as it is.", details=wrong)


# What came of it ------------------------------------------------------------------------------------------------------


def _shown(row: dict[str, Any], outcomes: Sequence[dict[str, Any]]) -> Experiment:
    by_name = {one["variant"]: one for one in outcomes}
    found = [_outcome(variant, by_name.get(variant["name"])) for variant in row["variants"]]
    rest = {name: row[name] for name in row if name != "variants"}
    return Experiment(**rest, running=row["stopped_at"] is None, outcomes=found, verdict=verdict(found))


def _outcome(variant: dict[str, Any], row: dict[str, Any] | None) -> Outcome:
    def told(name: str) -> int:
        return row[name] if row else 0

    approved, rejected, measured = told("approved"), told("rejected"), told("measured")
    mean = row["edit_ratio"] if row else None
    between = around_mean(mean, row["edit_deviation"], measured) if row and mean is not None else None
    return Outcome(
        variant=variant["name"],
        prompt_version=variant["prompt_version"],
        share=variant["share"],
        drafts=told("drafts"),
        sent=told("sent"),
        approved=approved,
        rejected=rejected,
        regenerated=told("regenerated"),
        answered_manually=told("answered_manually"),
        approval_rate=_rate(approved, approved + rejected),
        used_rate=_rate(told("light"), approved + rejected + told("regenerated") + told("answered_manually")),
        edit_ratio=EditShare(
            mean=None if mean is None else round(mean, 4),
            low=round(max(0.0, between[0]), 4) if between else None,
            high=round(min(1.0, between[1]), 4) if between else None,
            of=measured,
        ),
        graded=told("graded"),
        **{
            name: round(row[name], 2) if row and row[name] is not None else None
            for name in ("tone", "accuracy", "policy")
        },
    )


def _rate(hits: int, of: int) -> Rate:
    between = wilson(hits, of)
    if between is None:
        return Rate(percent=None, low=None, high=None, hits=0, of=0)
    low, high = (round(100 * edge, 1) for edge in between)
    return Rate(percent=round(100 * hits / of, 1), low=low, high=high, hits=hits, of=of)


def verdict(outcomes: Sequence[Outcome]) -> str:
    """What may be said, and no more. It compares how many drafts went out with light edits."""
    short = [one for one in outcomes if one.used_rate.of < ENOUGH]
    if short:
        missing = ", ".join(f"{one.variant} needs {ENOUGH - one.used_rate.of} more" for one in short)
        return f"Not enough replies yet: {missing}."
    best, *others = sorted(outcomes, key=lambda one: one.used_rate.percent or 0, reverse=True)
    rates = best.used_rate
    apart = [difference((rates.hits, rates.of), (other.used_rate.hits, other.used_rate.of)) for other in others]
    if all(between is not None and between[0] > 0 for between in apart):
        return (
            f"{best.variant} is better: {best.used_rate.percent:g} % of its drafts went out with light edits, "
            f"{_words(others)}. Chance alone would seldom do that."
        )
    return f"No difference that chance could not make: {_words([best, *others])} went out with light edits."


def _words(outcomes: Iterable[Outcome]) -> str:
    return ", ".join(f"{one.variant} {one.used_rate.percent:g} %" for one in outcomes)

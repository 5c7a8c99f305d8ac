"""A second look at what another engine judged.

Where it sent no transcript, Intercom's is fetched and its quotes are looked up. Where the transcript tries to steer its
reader, our own judge reads it without the suspect lines; only when that gives the very same marks may the score stand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, TypeAdapter

from sidedesk.ai.errors import CapReached, NoProvider
from sidedesk.ai.gateway import Deadline, Gateway
from sidedesk.audits import evidence, guard, judge, scoring, transcript
from sidedesk.audits.guard import Suspect
from sidedesk.audits.judge import Card, Reading
from sidedesk.audits.models import CRITERIA, Criterion, Evidence, Turn
from sidedesk.audits.repository import SQL
from sidedesk.clients.intercom import ConversationGone, Intercom, IntercomConfused, IntercomRefused
from sidedesk.platform.db import Database
from sidedesk.platform.observability import count
from sidedesk.platform.scope import Scope

_TURNS: TypeAdapter[list[Turn]] = TypeAdapter(list[Turn], config=ConfigDict(defer_build=True))


class Wanted(BaseModel):
    """One audit as it was when somebody asked for another look."""

    tenant_id: UUID
    job_id: UUID
    conversation_id: str
    revision: int
    audit_date: datetime


@dataclass(frozen=True, slots=True)
class Theirs:
    """The other engine's marks, as one more reading."""

    score: float | None
    marks: dict[str, Any]


@dataclass
class Change:
    """What the audit becomes; everything starts as it is."""

    score: float | None
    verdict: str | None
    held_reason: str | None
    confidence: float | None
    notes: str
    values: dict[str, Any]
    evidence: dict[str, Any]
    turns: list[Turn]
    provenance: dict[str, Any] = field(default_factory=dict)


def look(
    database: Database,
    wanted: Wanted,
    intercom: Callable[[Scope], Intercom | None],
    gateway: Callable[[Scope, UUID, Deadline], Gateway],
    deadline: Deadline,
) -> str:
    """Returns what became of it, for the log. Repeated, it finds nothing left to do."""
    scope = Scope.system(wanted.tenant_id, "second_reading")
    which = wanted.model_dump(exclude={"tenant_id"})
    rows = database.dicts(scope, SQL["audit_for_second_reading"], which)
    if not rows:
        return "gone or replaced"
    row = rows[0]
    told = row["provenance"].get("guard") or {}
    if row["transcript"] and (row["verdict"] != "held" or not told.get("hostile") or told.get("read_again")):
        return "nothing to do"
    criteria = CRITERIA.validate_python(row["criteria"])
    turns = _turns(scope, wanted, row, intercom)
    if not turns:
        return "no transcript to be had"
    change = _checked(row, criteria, turns)
    suspects = guard.screen(turns)
    if suspects and change.verdict is not None:
        card = Card(criteria, float(row["pass_threshold"]), str(row["scorecard_id"]), row["scorecard_version"])

        def read(text: list[Turn]) -> Reading:
            return judge.read(gateway(scope, wanted.job_id, deadline), card, text, row["intercom_admin_id"])

        _reread(change, row, card, suspects, read)
    settled = database.values(scope, SQL["settle_second_reading"], _values(row, wanted, change))
    outcome = "held" if change.verdict == "held" else "published"
    if settled and suspects:
        count(f"SecondReadings{outcome.title()}")
    return outcome if settled else "replaced or decided meanwhile"


def _turns(
    scope: Scope, wanted: Wanted, row: dict[str, Any], intercom: Callable[[Scope], Intercom | None]
) -> list[Turn]:
    if row["transcript"]:
        return _TURNS.validate_python(row["transcript"])
    client = intercom(scope)
    if client is None:
        return []
    try:
        return transcript.read(client.conversation(wanted.conversation_id)).turns
    except (ConversationGone, IntercomRefused, IntercomConfused):
        return []  # asking again will not bring it; the criteria stay unverified


def _checked(row: dict[str, Any], criteria: list[Criterion], turns: list[Turn]) -> Change:
    """Look up what was claimed before there was a transcript."""
    stored, values = row["evidence"], row["ai_scorecard_data"]
    confidence = None if row["ai_confidence_score"] is None else float(row["ai_confidence_score"])
    if not row["transcript"]:
        given = {
            name: Evidence(reason=entry.get("reason", ""), quotes=entry.get("claims", []))
            for name, entry in stored.items()
        }
        checked = evidence.check(criteria, values, given, turns, person=row["intercom_admin_id"])
        stored, confidence = checked.criteria, checked.confidence(confidence)
    score = None if row["score"] is None else float(row["score"])
    return Change(
        score,
        row["verdict"],
        row["held_reason"],
        confidence,
        row["ai_notes"],
        values,
        stored,
        turns,
        dict(row["provenance"]),
    )


def _reread(
    change: Change, row: dict[str, Any], card: Card, suspects: list[Suspect], read: Callable[[list[Turn]], Reading]
) -> None:
    """Publish the reading that never saw the suspect lines, if it agrees with what was sent; otherwise hold."""
    theirs = _theirs(row, card)
    readings: list[Reading] = []
    milder = guard.readings(change.turns, suspects)[1:]
    try:
        readings = [read(text) for text in milder if text]
        why = "The score changes when the line is taken out."
    except NoProvider:
        why = "No model is connected to read it again without that line."
    except CapReached:
        why = "The spend cap is reached, so it could not be read again without that line."
    whole = bool(readings) and len(readings) == len(milder)
    agreed = whole and all(guard.same(theirs, reading) for reading in readings)
    change.provenance["guard"] = {
        "hostile": True,
        "read_again": True,
        "scores": [theirs.score, *(reading.score for reading in readings)],
        "suspects": [suspect.shown() for suspect in suspects],
    }
    if not agreed or readings[0].contradiction:
        change.score, change.verdict = None, "held"
        change.held_reason = guard.held(suspects, why)
        return
    reading = readings[0]
    change.score, change.verdict, change.held_reason = reading.score, reading.verdict, None
    change.confidence = reading.checked.confidence(reading.confidence)
    change.notes, change.values, change.evidence = reading.notes, dict(reading.marks), reading.checked.criteria
    change.provenance["second_reading"] = dict(reading.provenance)


def _theirs(row: dict[str, Any], card: Card) -> Theirs:
    """Marks compare as what they earn: true, "yes" and 1 say the same."""
    values = row["ai_scorecard_data"]
    score = scoring.score(card.criteria, values, card.pass_threshold)
    return Theirs(score.score, {c.id: _mark(c, values.get(c.id)) for c in card.criteria})


def _mark(criterion: Criterion, value: Any) -> Any:
    part = scoring.fraction(criterion, value)
    if part is None:
        return None
    if criterion.type == "yes_no":
        return "yes" if part else "no"
    if criterion.type == "choice":
        return next(option.value for option in criterion.options if option.value.lower() == str(value).strip().lower())
    number = float(value)
    return int(number) if number.is_integer() else number


def _values(row: dict[str, Any], wanted: Wanted, change: Change) -> dict[str, Any]:
    return {
        "id": row["id"],
        "revision": wanted.revision,
        "audit_date": wanted.audit_date,
        "was": row["verdict"],
        "score": change.score,
        "verdict": change.verdict,
        "held_reason": change.held_reason,
        "confidence": change.confidence,
        "notes": change.notes,
        "values": Jsonb(change.values),
        "evidence": Jsonb(change.evidence),
        "transcript": Jsonb([turn.model_dump() for turn in change.turns]),
        "provenance": Jsonb(change.provenance),
    }

"""Quotes are looked up by code, wherever a result comes from: on the real database, through the real doors."""

from __future__ import annotations

import random
from typing import Any

from sidedesk.audits import judge
from sidedesk.audits.judge import Card
from sidedesk.audits.models import Turn
from tests.functional.audits.conftest import connect
from tests.support.audits import CRITERIA, GOOD, Audits
from tests.support.model_server import completion, model_server
from tests.support.quotes import Case, conversation, false_quotes, true_quote
from tests.support.world import World

NAMES = [criterion["id"] for criterion in CRITERIA]


def verdicts(count: int, bad: int, seed: int) -> list[tuple[list[Turn], dict[str, Case]]]:
    """`count` verdicts over conversations of three criteria, of which `bad` carry a false quote."""
    dice = random.Random(seed)
    wrong = set(dice.sample(range(count), bad))
    made = []
    for conversation_number in range(count // len(NAMES)):
        turns = conversation(dice)
        cases = {}
        for at, name in enumerate(NAMES):
            number = conversation_number * len(NAMES) + at
            cases[name] = dice.choice(list(false_quotes(dice, turns))) if number in wrong else true_quote(dice, turns)
        made.append((turns, cases))
    return made


def slices_back(turns: list[dict[str, Any]], quote: dict[str, Any]) -> None:
    (turn,) = [turn for turn in turns if turn["part_id"] == quote["part_id"]]
    assert turn["text"][quote["start"] : quote["end"]] == quote["text"]
    assert (turn["role"], turn["author_id"]) == (quote["role"], "991") and quote["role"] == "agent"


def test_a_hundred_false_quotes_of_three_hundred_are_refused_and_no_other(audits: Audits) -> None:
    job_id, ids = audits.running(1)
    made = verdicts(300, 100, seed=7)
    sent = [
        audits.result(
            job_id,
            ids[0],
            f"c{number}",
            transcript=[turn.model_dump() for turn in turns],
            evidence={
                name: {"reason": "because", "quotes": [{"text": case.text, "part_id": case.part_id}]}
                for name, case in cases.items()
            },
        )
        for number, (turns, cases) in enumerate(made)
    ]
    assert audits.callback(sent).json["stored"] == 100
    stored = {
        conversation_id: (evidence, transcript, float(confidence))
        for conversation_id, evidence, transcript, confidence in audits.world.sql(
            "SELECT a.conversation_id, d.evidence, d.transcript, a.ai_confidence_score "
            "FROM audit_assignments a JOIN audit_documents d ON d.assignment_id = a.id"
        )
    }
    refused = 0
    for number, (_, cases) in enumerate(made):
        evidence, transcript, confidence = stored[f"c{number}"]
        weights = {criterion["id"]: criterion["weight"] for criterion in CRITERIA}
        for name, case in cases.items():
            entry = evidence[name]
            assert entry["status"] == ("supported" if case.true else "unsupported"), (case, transcript)
            assert bool(entry["quotes"]) == case.true and entry["reason"] == "because" and entry["value"] == GOOD[name]
            refused += entry["status"] == "unsupported"
            for quote in entry["quotes"]:
                slices_back(transcript, quote)
        share = sum(weights[name] for name, case in cases.items() if case.true) / sum(weights.values())
        assert confidence == round(0.9 * share, 3)
    kinds = sorted({case.kind for _, cases in made for case in cases.values()})
    print(
        f"\n300 verdicts: {refused} refused, {300 - refused} stored with places that slice back; kinds: {', '.join(kinds)}"
    )
    assert refused == 100


def test_the_judge_refuses_the_same_and_asks_once_more(world: World, audits: Audits) -> None:
    """A model that insists on its false quotes: asked again for just those criteria, then unsupported."""
    from sidedesk.ai import transport
    from sidedesk.ai.gateway import Deadline, Gateway
    from sidedesk.audits.models import Criterion

    made = verdicts(300, 100, seed=11)
    card = Card([Criterion(**criterion) for criterion in CRITERIA], 80)
    refused = asked = 0
    with model_server() as server:
        connect(world, "openai", server.base_url, "sk-test")
        gateway = Gateway(world.database, world.northwind.system, deadline=Deadline(100))
        for turns, cases in made:
            asked_before = len(server.requests)
            bad = [name for name, case in cases.items() if not case.true]
            server.will(
                completion(_audit(turns, cases)),
                *([completion(_audit(turns, {n: cases[n] for n in bad}))] if bad else []),
            )
            reading = judge.read(gateway, card, turns, "991")
            assert reading.checked.unsupported == bad
            refused += len(bad)
            asked += len(server.requests) - asked_before
            for entry in reading.checked.criteria.values():
                for quote in entry["quotes"]:
                    slices_back([turn.model_dump() for turn in turns], quote)
            if bad:
                again = server.bodies[-1]["messages"][0]["content"]
                assert f"For {', '.join(bad)} none of your quotes could be found" in again
        transport.close()
    assert refused == 100
    assert asked == len(made) + sum(any(not case.true for case in cases.values()) for _, cases in made)


def _audit(turns: list[Turn], cases: dict[str, Case]) -> dict[str, Any]:
    """What a model would send: turns by their number. What names no turn names the right one."""
    parts = [turn.part_id for turn in turns]

    def number(case: Case) -> int:
        if case.part_id in parts:
            return parts.index(case.part_id) + 1
        if case.part_id is None and case.true:
            from sidedesk.audits.evidence import Transcript

            found = Transcript(turns, "991").locate(case.text)
            assert found is not None
            return parts.index(found.part_id) + 1
        return 99 if case.part_id == "?" else 2

    marks = {
        name: {"value": GOOD[name], "reason": "because", "quotes": [{"turn": number(case), "text": case.text}]}
        for name, case in cases.items()
    }
    return {"marks": marks, "verdict": "pass", "confidence": 0.9, "notes": "fine"}


def test_a_second_answer_with_a_true_quote_replaces_the_first(world: World, audits: Audits) -> None:
    from sidedesk.ai import transport
    from sidedesk.ai.gateway import Deadline, Gateway
    from sidedesk.audits.models import Criterion
    from tests.support.chats import MIDDLING

    card = Card([Criterion(id="accuracy", label="Answers correctly", weight=1, max=5)], 80)

    def mark(value: float, text: str) -> dict[str, Any]:
        marks = {"accuracy": {"value": value, "reason": "r", "quotes": [{"turn": 4, "text": text}]}}
        return {"marks": marks, "verdict": "pass", "confidence": 0.8, "notes": ""}

    with model_server() as server:
        connect(world, "openai", server.base_url, "sk-test")
        gateway = Gateway(world.database, world.northwind.system, deadline=Deadline(30))
        server.will(completion(mark(5, "I refunded it at once.")), completion(mark(4, "It was refunded today")))
        reading = judge.read(gateway, card, MIDDLING, "991")
        transport.close()
    assert (reading.marks, reading.checked.unsupported) == ({"accuracy": 4}, [])
    assert reading.provenance["retried"] == ["accuracy"] and reading.provenance["calls"] == 2
    assert reading.provenance["prompt_version"] == "audit.judge.v1" and len(reading.provenance["prompt_hash"]) == 16
    assert reading.provenance["settings"]["temperature"] == 0 and reading.provenance["model"]


def test_without_a_transcript_nothing_is_claimed(audits: Audits) -> None:
    job_id, ids = audits.running(1)
    evidence = {"accuracy": {"reason": "fine", "quotes": ["It was refunded today"]}}
    audits.callback(audits.result(job_id, ids[0], "c1", evidence=evidence))
    ((stored, confidence),) = audits.world.sql(
        "SELECT d.evidence, a.ai_confidence_score FROM audit_assignments a JOIN audit_documents d ON d.assignment_id = a.id"
    )
    assert {name: entry["status"] for name, entry in stored.items()} == dict.fromkeys(NAMES, "unverified")
    assert float(confidence) == 0.9 and stored["accuracy"]["quotes"] == []
    assert stored["accuracy"]["claims"] == [{"text": "It was refunded today", "part_id": None}]


def test_storing_with_a_transcript_is_still_one_round_trip(audits: Audits) -> None:
    from datetime import UTC, datetime

    from sidedesk.audits import results
    from sidedesk.audits.models import Result

    job_id, ids = audits.running(1)
    (turns, cases), *_ = verdicts(3, 0, seed=3)
    values = {
        "transcript": [turn.model_dump() for turn in turns],
        "evidence": {name: {"quotes": [case.text]} for name, case in cases.items()},
    }
    scope, database = audits.tenant.system, audits.world.database
    for number in range(2):
        result = Result.model_validate(audits.result(job_id, ids[0], f"c{number}", **values))
        before = database.round_trips
        results.store(database, scope, [result], public_url="http://x", now=datetime.now(UTC))
    assert database.round_trips - before == 1

"""The judge against the sandbox: second readings of other engines' results, money in escrow, long chats."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from sidedesk.ai import errors, ledger
from sidedesk.ai.gateway import Deadline, Gateway
from sidedesk.audits import judge
from sidedesk.audits.judge import Card
from sidedesk.audits.models import Evidence, Turn
from tests.sandbox.conftest import Sandbox
from tests.support.audits import CRITERIA as SCORECARD
from tests.support.audits import Audits
from tests.support.chats import ANA, CRITERIA, GOOD, MIDDLING, POOR, hostile
from tests.support.lambdas import Context, load_app, sqs_event
from tests.support.native import another, at_once
from tests.support.world import World

CARD = Card(CRITERIA, 80)
Make = Callable[..., Gateway]


# Second readings ------------------------------------------------------------------------------------------------------


def sent_by_n8n(
    audits: Audits, outside: Sandbox, turns: list[Turn], gateway: Gateway, **changes: Any
) -> dict[str, Any]:
    """What n8n would report: judged by the same model, on its own, with nobody looking."""
    from sidedesk.audits.models import Criterion

    card = Card([Criterion(**criterion) for criterion in SCORECARD], 80)
    reading = judge.read(gateway, card, turns, ANA)
    job_id, ids = audits.running(1)
    evidence = {
        name: {"reason": told.reason, "quotes": [claim.text for claim in told.quotes]}
        for name, told in reading.evidence.items()
    }
    values = {
        "transcript": [turn.model_dump() for turn in turns],
        "ai_scorecard_data": dict(reading.marks),
        "evidence": evidence,
    }
    body = audits.result(job_id, ids[0], "c1", **(values | changes))
    assert audits.callback(body).json["stored"] == 1
    return body


def audit(audits: Audits) -> dict[str, Any]:
    ((score, verdict, held, confidence, evidence, provenance, transcript),) = audits.world.sql(
        "SELECT a.score, a.verdict, a.held_reason, a.ai_confidence_score, d.evidence, d.provenance, d.transcript "
        "FROM audit_assignments a JOIN audit_documents d ON d.assignment_id = a.id"
    )
    return {
        "score": score, "verdict": verdict, "held": held, "confidence": confidence, "evidence": evidence, "provenance": provenance,
        "transcript": transcript,
    }  # fmt: skip


def read_again(audits: Audits) -> int:
    """Deliver what waits in the outbox, as the queue would."""
    rows = audits.world.sql("SELECT payload FROM outbox WHERE destination = 'queue:second_reading'")
    bodies = [payload | {"tenant_id": str(audits.tenant.id)} for (payload,) in rows]
    if bodies:
        answer = load_app("audits/second_reading").lambda_handler(sqs_event(*bodies), Context(milliseconds=120_000))
        assert answer["batchItemFailures"] == []
    return len(bodies)


@pytest.mark.parametrize(
    "name", ["up, en", "up, base64", "up, ru", "poor, over two messages", "good, before the question", "down, zh"]
)
def test_what_a_gullible_n8n_reports_is_held(audits: Audits, outside: Sandbox, gateway: Make, name: str) -> None:
    attack = next(a for a in hostile() if a.name == name)
    outside.mode(gullible=True)
    sent_by_n8n(audits, outside, attack.turns, gateway())
    first = audit(audits)
    assert (first["score"], first["verdict"]) == (None, "held") and "It is being read again" in first["held"]
    assert read_again(audits) == 1
    then = audit(audits)
    assert (then["score"], then["verdict"]) == (None, "held")
    assert "The score changes when the line is taken out" in then["held"]
    assert len(then["provenance"]["guard"]["scores"]) >= 2
    listed = audits.jobs("GET", "/api/massive-ai-audit/jobs", token=audits.tenant.tokens["member"]).json["data"][0]
    assert listed["completed_conversations"] == 1


def test_an_attempt_that_failed_is_published_after_the_second_reading(
    audits: Audits, outside: Sandbox, gateway: Make
) -> None:
    attack = next(a for a in hostile() if a.name == "up, en")
    sent_by_n8n(audits, outside, attack.turns, gateway())
    assert audit(audits)["verdict"] == "held"
    read_again(audits)
    then = audit(audits)
    assert then["verdict"] == "failed" and then["score"] is not None and then["held"] is None
    assert then["provenance"]["second_reading"]["prompt_version"] == "audit.judge.v1"
    calls = len(outside.log(provider="openai", limit="1000"))
    read_again(audits)  # delivered twice
    assert audit(audits) == then and len(outside.log(provider="openai", limit="1000")) == calls


def test_without_a_model_it_stays_held(audits: Audits, outside: Sandbox, gateway: Make) -> None:
    sent_by_n8n(audits, outside, hostile_turns(), gateway())
    audits.world.sql("DELETE FROM integrations WHERE kind = 'openai'")
    read_again(audits)
    assert "No model is connected" in audit(audits)["held"]


def test_what_a_person_decided_meanwhile_stays(audits: Audits, outside: Sandbox, gateway: Make) -> None:
    sent_by_n8n(audits, outside, hostile_turns(), gateway())
    audits.world.sql(
        "UPDATE audit_assignments SET ai_verdict = verdict, verdict = 'passed', score = 91, held_reason = NULL"
    )
    read_again(audits)
    assert (float(audit(audits)["score"]), audit(audits)["verdict"]) == (91.0, "passed")


def hostile_turns() -> list[Turn]:
    return next(a for a in hostile() if a.name == "up, en").turns


def test_a_transcript_that_was_not_sent_is_fetched_and_quotes_are_looked_up(
    audits: Audits, outside: Sandbox, gateway: Make
) -> None:
    from sidedesk.audits import transcript, wiring

    client = wiring.intercom(audits.world.database, audits.tenant.system)
    assert client is not None
    now = int(datetime.now(UTC).timestamp())
    for conversation_id in client.search("991", now - 20 * 86_400, now, written_by=False).ids:
        chat = transcript.read(client.conversation(conversation_id))
        if transcript.noise(chat, "991") is None:
            break
    words = next(turn.text for turn in chat.turns if turn.author_id == "991")
    job_id, ids = audits.running(1)
    evidence = {"greeting": {"quotes": [words]}, "empathy": {"quotes": ["I never said this to anybody at all."]}}
    audits.callback(audits.result(job_id, ids[0], conversation_id, evidence=evidence))
    assert audit(audits)["evidence"]["greeting"]["status"] == "unverified"
    assert read_again(audits) == 1
    then = audit(audits)
    assert {name: entry["status"] for name, entry in then["evidence"].items()} == {
        "greeting": "supported", "empathy": "unsupported", "accuracy": "unsupported",
    }  # fmt: skip
    assert len(then["transcript"]) == len(chat.turns) and float(then["confidence"]) == 0.15
    assert then["verdict"] == "passed"


# Money ----------------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The worker is gone between two lines."""


def test_fifty_judges_killed_at_random_never_pass_one_dollar(
    world: World, outside: Sandbox, audits: Audits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real judges over real HTTP; the price makes one call worth about a cent."""
    cap, job_id, scope = Decimal("1.00"), uuid4(), world.northwind.system
    world.sql("""UPDATE tenants SET options = '{"prices": {"gpt-4o-mini": {"in": "3", "out": "12"}}}'""")
    world.database.run(scope, *ledger.set_job_cap(job_id, cap))
    chats = {number: [GOOD, MIDDLING, POOR][number % 3] for number in range(150)}
    done: set[int] = set()
    waiting, lock = list(chats), threading.Lock()
    dice, real = random.Random(5), ledger.settle
    kills = 0

    def settle(*values: Any) -> Decimal:
        """Dies before the money is settled, or just after."""
        nonlocal kills
        fate = dice.random()
        if fate < 0.04:
            kills += 1
            raise Killed
        cost = real(*values)
        if fate > 0.97:
            kills += 1
            raise Killed
        return cost

    monkeypatch.setattr(ledger, "settle", settle)

    def worker(_: int) -> str:
        database = another(audits)
        try:
            while True:
                with lock:
                    if not waiting:
                        return "empty"
                    number = waiting.pop()
                try:
                    judge.read(Gateway(database, scope, deadline=Deadline(60), job_id=job_id), CARD, chats[number], ANA)
                    done.add(number)
                except errors.CapReached:
                    waiting.append(number)
                    return "cap"
                except Killed:
                    waiting.append(number)
                    database.close()
        finally:
            database.close()

    with Watcher(world, f"job:{job_id}") as watcher:
        ends = at_once(50, worker)
    assert watcher.highest <= cap and watcher.looks > 20
    assert "cap" in ends and 0 < len(done) < len(chats) and kills > 0
    first = set(done)

    # What the dead left reserved becomes spent; raising the cap finishes what remained and nothing else.
    world.sql("UPDATE ai_reservations SET expires_at = now() - interval '1 second'")
    ledger.sweep(world.database)
    budget = ledger.job_budget(world.database, scope, job_id)
    assert budget.reserved_usd == 0 and budget.settled_usd <= cap
    monkeypatch.setattr(ledger, "settle", real)
    world.database.run(scope, *ledger.set_job_cap(job_id, Decimal(20)))
    calls = len(outside.log(provider="openai", limit="100000"))
    assert set(at_once(8, worker)) == {"empty"}
    assert done == set(chats) and first < done
    print(
        f"\nescrow: 50 judges, cap $1.00: highest settled + reserved ${watcher.highest:.4f} in {watcher.looks} looks, {kills} killed, "
        f"{len(first)} of {len(chats)} judged; after raising the cap {len(done) - len(first)} more "
        f"with {len(outside.log(provider='openai', limit='100000')) - calls} calls"
    )


class Watcher:
    """Another session that looks at one budget all the time."""

    def __init__(self, world: World, subject: str) -> None:
        self._url, self._subject = world.owner_url, subject
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.looks, self.highest = 0, Decimal(0)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._stop.is_set():
                query = "SELECT settled_usd + reserved_usd FROM ai_budgets WHERE subject = %s"
                for (taken,) in connection.execute(query, (self._subject,)):
                    self.highest = max(self.highest, taken)
                self.looks += 1
                time.sleep(0.002)


# Long chats and contradictions ----------------------------------------------------------------------------------------


def test_a_long_chat_is_judged_in_parts_and_nothing_is_left_out(gateway: Make, outside: Sandbox) -> None:
    middle = [
        Turn(part_id=f"m{number}", role="client" if number % 2 else "agent", author_id="c1" if number % 2 else ANA,
             text=f"Message {number}: " + "and the router still shows the orange light " * 12)
        for number in range(120)
    ]  # fmt: skip
    turns = [*GOOD[:2], *middle, *GOOD[2:]]
    reading = judge.read(gateway(), CARD, turns, ANA)
    assert reading.provenance["windows"] == len(judge.windows(turns)) > 1
    seen = {turn.part_id for window in judge.windows(turns) for turn in window}
    assert seen == {turn.part_id for turn in turns}
    for entry in reading.checked.criteria.values():
        for quote in entry["quotes"]:
            (turn,) = [turn for turn in turns if turn.part_id == quote["part_id"]]
            assert turn.text[quote["start"] : quote["end"]] == quote["text"]


def test_personal_data_stays_here_and_quotes_come_back_whole(gateway: Make, outside: Sandbox) -> None:
    turns = [
        *MIDDLING[:3],
        MIDDLING[3].model_copy(
            update={"text": "I wrote to dana@example.com.\nThe refund of today goes to dana@example.com as well."}
        ),
    ]
    reading = judge.read(gateway(), CARD, turns, ANA)
    sent = str(outside.log(provider="openai", limit="100"))
    assert "dana@example.com" not in sent
    quotes = [quote["text"] for entry in reading.checked.criteria.values() for quote in entry["quotes"]]
    assert any("dana@example.com" in quote for quote in quotes)


def test_a_conclusion_against_its_own_marks_is_held() -> None:
    from sidedesk.audits.judge import _contradiction, _Part
    from sidedesk.audits.scoring import Score

    def part(verdict: str) -> _Part:
        return _Part({}, {}, verdict, 0.9, "", 1, (), ())

    passed, near, failed = Score(95, "passed", (), ()), Score(74, "failed", (), ()), Score(40, "failed", (), ())
    critical = Score(90, "failed", ("accuracy",), ())
    assert _contradiction([part("pass")], passed, CARD) is None
    assert _contradiction([part("fail")], failed, CARD) is None
    assert _contradiction([part("pass")], near, CARD) is None, "the model does not do the sums"
    assert "concludes “pass”" in str(_contradiction([part("pass")], failed, CARD))
    assert "concludes “pass”" in str(_contradiction([part("pass")], critical, CARD))
    assert "concludes “fail”" in str(_contradiction([part("fail")], passed, CARD))


def test_parts_are_merged_by_the_written_rules() -> None:
    told = {criterion.id: Evidence(reason="r") for criterion in CRITERIA}
    parts = [
        ({"greeting": "yes", "empathy": 5, "accuracy": 5, "promises": None}, told, 30),
        ({"greeting": None, "empathy": 2, "accuracy": 1, "promises": "no"}, told, 10),
        ({"greeting": None, "empathy": 2, "accuracy": 4, "promises": "yes"}, told, 10),
    ]
    marks, evidence = judge.merge(CRITERIA, parts)
    # greeting only where it applies; empathy by words; accuracy is critical: the worst; promises tie: the lower one.
    assert marks == {"greeting": "yes", "empathy": 3.8, "accuracy": 1, "promises": "no"}
    assert evidence["greeting"].reason == "r"

"""Windows and how they become one reading; metrics that need no model; the schema."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jsonschema_rs
import pytest

from sidedesk.conversations.service import RawConversation, RawTurn
from sidedesk.enrichment import document, metrics, reading, validation
from sidedesk.enrichment.reading import Window
from tests.support.lambdas import ROOT

START = datetime(2026, 11, 20, 9, tzinfo=UTC)


def prepared(*texts: str) -> tuple[RawConversation, validation.Report, reading.Prepared]:
    turns = [
        RawTurn(role="agent" if n % 2 else "customer", text=text, at=(START + timedelta(minutes=n)).isoformat())
        for n, text in enumerate(texts)
    ]
    raw = RawConversation(turns=turns).completed()
    report = validation.check(raw, START + timedelta(days=1))
    return raw, report, reading.prepare(raw, report)


def window(number: int, turns: list[int], **changes: Any) -> Window:
    label = {
        "intent": "other",
        "sentiment": "neutral",
        "sentiment_score": 0.0,
        "emotion": "neutral",
        "entities": [],
        "policy_flags": [],
    }
    quality = {"clarity": 3, "empathy": 3, "completeness": 3, "professionalism": 3}
    told = {
        "turns": [{"turn": turn, **label} for turn in turns], "summary": f"Part {number}.", "topic": "refund", "language": "en", "resolution": "unclear",
        "effort": 2, "predicted_csat": 3, "quality": quality, "confidence": 0.9,
    }  # fmt: skip
    return Window.model_validate(
        {
            "number": number, "reading": told | changes, "model": "m", "provider": "p", "prompt_version": "v", "prompt_hash": "h", "settings": {},
            "cost_usd": "0.001", "calls": 1, "suspicions": 0,
        }
    )  # fmt: skip


def test_every_turn_is_in_one_window() -> None:
    _, _, made = prepared(*[f"turn {n}" for n in range(95)])
    assert [len(part) for part in made.windows] == [40, 40, 15]
    _, _, long = prepared("word " * 4_000, "short", "word " * 4_000)
    assert [list(part) for part in long.windows] == [[0], [1], [2]]
    shown = [json.loads(line.rstrip(",")) for line in reading.as_data(made, made.windows[1]).splitlines()[1:-1]]
    assert [row["turn"] for row in shown] == list(range(39, 81)) and [row.get("context") for row in shown[:3]] == [
        True,
        True,
        None,
    ]


def test_windows_are_merged_by_the_rules() -> None:
    _, _, made = prepared(*[f"turn {n}" for n in range(50)])
    first = window(
        1,
        [*range(1, 41), 45],
        topic="late parcel",
        resolution="escalated",
        effort=4,
        predicted_csat=1,
        language="EN-us",
    )
    last = window(2, list(range(39, 51)), topic="refund", predicted_csat=4, confidence=0.5, language="english")
    merged = reading.merge(made, [first, last])
    assert sorted(merged.labels) == list(range(50))  # the context's labels and those of other windows do not count
    assert (merged.topic, merged.language, merged.resolution) == ("late parcel", "en", "escalated")
    assert (merged.effort, merged.predicted_csat, merged.confidence) == (4, 4, 0.5)
    assert merged.summary == "Part 1.\nPart 2."
    assert reading.merge(made, [first, last]) == merged


def test_a_turn_the_model_left_out_has_no_labels() -> None:
    raw, report, made = prepared("Where is it?", "On its way.")
    built = document.build(uuid4(), raw, "d", report, made, [window(1, [1])], START)
    assert built.turns[1].intent is None and built.validation.labelled_share == 0.5
    assert document.problems(built.model_dump(mode="json")) == []


def test_vader_speaks_of_english_only() -> None:
    raw, report, made = prepared("This is terrible, I hate it!", "So sorry.")
    english = document.build(uuid4(), raw, "d", report, made, [window(1, [1, 2])], START)
    german = document.build(uuid4(), raw, "d", report, made, [window(1, [1, 2], language="de")], START)
    assert (
        english.turns[0].sentiment
        and english.turns[0].sentiment.vader is not None
        and english.turns[0].sentiment.vader < -0.5
    )
    assert german.turns[0].sentiment and german.turns[0].sentiment.vader is None


def test_metrics() -> None:
    _, _, made = prepared(
        "Hi, where is my order? It's late.", "Let me check.", "Thanks!", "It left today. Anything else?"
    )
    found = metrics.of(made.turns)
    assert (found["turns"], found["customer_words"], found["agent_words"]) == (4, 8, 8)
    assert (found["customer_questions"], found["agent_questions"], found["agent_share"]) == (1, 1, 0.5)
    assert (found["first_response_seconds"], found["median_response_seconds"], found["duration_seconds"]) == (
        60,
        60,
        180,
    )
    assert metrics.of([])["agent_share"] is None


def test_the_schema_is_one_and_closed() -> None:
    jsonschema_rs.meta.validate(document.schema())
    kept = json.loads((ROOT / "docs/schemas/enriched-conversation-v1.json").read_text(encoding="utf-8"))
    assert kept == document.schema(), "run python -m local.enriched_schema and raise the version if a field was renamed"


@pytest.mark.parametrize("change", [{"extra": 1}, {"turns": "none"}, {"format": "sidedesk.enriched/2"}])
def test_what_departs_from_it_is_named(change: dict[str, Any]) -> None:
    raw, report, made = prepared("Where is it?", "On its way.")
    built = document.build(uuid4(), raw, "d", report, made, [window(1, [1, 2])], START).model_dump(mode="json")
    assert document.problems(built) == [] and document.problems(built | change)

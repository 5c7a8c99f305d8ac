"""The events of enrichment, as the world sends them."""

from __future__ import annotations

from collections.abc import Callable

from tests.functional.enrichment.test_batches import make
from tests.support import events
from tests.support.enrichment import Enrichment
from tests.support.lambdas import Context, load_app

CONVERSATION = "5a1d9c44-0f6e-8b57-8a53-2f6f5a8b1c05"
RUN = "9f0e1d2c-3b4a-4958-8776-655443322110"
ITEM = "7c2e8d15-3b4a-5f60-9d71-8e9fa0b1c2d3"


def test_a_run_by_its_events(enrichment: Enrichment, stored: Callable[..., list[str]]) -> None:
    (one,) = stored(1)
    enrichment.workflow.runs_at_once = False
    put = {CONVERSATION: one, events.TOKEN: f"Bearer {enrichment.tenant.tokens['member']}"}
    wish = events.event("http/bulk-enrich", put)
    wish["headers"]["prefer"] = "respond-async"
    answer = load_app("enrichment/bulk_enrich").lambda_handler(wish, Context())
    assert answer["statusCode"] == 202, answer["body"]
    run_id = enrichment.workflow.started[0][0]
    step = events.event(
        "workflow/enrich-conversation", {RUN: run_id, CONVERSATION: one, events.TENANT: str(enrichment.tenant.id)}
    )
    for name in ("validate", "enrich", "normalise"):
        outcome = load_app(f"enrichment/{name}").lambda_handler(step, Context(milliseconds=60_000))["outcome"]
        assert outcome == ("settled" if name == "normalise" else "go")
    assert enrichment.status(one)[0] == "completed"


def test_a_message_makes_a_conversation(enrichment: Enrichment) -> None:
    make(enrichment, count=1)
    item = str(enrichment.world.sql("SELECT id FROM batch_items")[0][0])
    message = events.event("sqs/generate-conversation", {ITEM: item, events.TENANT: str(enrichment.tenant.id)})
    app = load_app("enrichment/generate_conversation")
    assert app.lambda_handler(message, Context(milliseconds=60_000))["batchItemFailures"] == []
    assert enrichment.world.sql("SELECT status FROM batch_items") == [("completed",)]

"""How much personal data is found, on the corpus that detectors were tuned on and on the one they never saw."""

from __future__ import annotations

from sidedesk.enrichment.personal_data import redactor_for
from tests.chaos.audits.figures import Figures
from tests.pii import measure


def run(figures: Figures) -> None:
    tuned, held_out = measure.both(redactor_for)
    for seen, bar in (
        (tuned, measure.RECALL_BAR),
        (held_out, measure.HELD_OUT_FLOOR),
        (tuned + held_out, measure.RECALL_BAR),
    ):
        figures.part(f"personal data, {seen.title}")
        for kind in seen.total:
            share = round(100 * seen.recall(kind), 2)
            if kind in measure.HELD_TO_IT:
                figures.at_least(f"{kind} caught of {seen.total[kind]}, %", share, 100 * bar)
            else:
                figures.note(f"{kind} caught of {seen.total[kind]}, %", share)
        figures.exactly("false hits on order numbers below 1 %", seen.order_share < measure.FALSE_BAR, True)
        figures.exactly("false hits on all near misses below 1 %", seen.false_share < measure.FALSE_BAR, True)
        figures.note(f"false hits on {sum(seen.misses.values())} near misses, %", round(100 * seen.false_share, 2))

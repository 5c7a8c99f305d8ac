"""The sections, in the order in which they run. Each measures on a stage and answers with findings."""

from __future__ import annotations

from collections.abc import Callable

from bench.findings import Finding
from bench.sections import callbacks, closing, database, edge, imports, large_runs, retrieval, sender, webhook, writers
from bench.stage import Stage

Section = Callable[[Stage], list[Finding]]

SECTIONS: dict[str, Section] = {
    "import": imports.measure,
    "database": database.measure,
    "edge": edge.measure,
    "sender": sender.measure,
    "runs": large_runs.measure,
    "callbacks": callbacks.measure,
    "webhook": webhook.measure,
    "writers": writers.measure,
    "closing": closing.measure,
    "retrieval": retrieval.measure,
}

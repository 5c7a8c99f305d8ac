"""One logger, one way to count. Personal data and credentials are scrubbed on the way out, whoever forgot."""

from __future__ import annotations

import re
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import Metrics, MetricUnit

# What a lower-cased line must hold for a pattern to be worth a search, the pattern, and what takes its place.
# Order matters: credentials first, they may contain what looks like something else.
_SCRUBS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("sd_", re.compile(r"sd_[0-9a-f]{32}_[A-Za-z0-9_-]+"), "<service-key>"),
    ("eyj", re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"), "<token>"),
    ("bearer", re.compile(r"(?i)\bbearer\s+[^\s\"\\]+"), "Bearer <token>"),
    ("sk-", re.compile(r"\bsk-[A-Za-z0-9_-]{8,}"), "<api-key>"),
    ("://", re.compile(r"(?i)(postgres(?:ql)?://[^:/\s]+):[^@\s]+@"), r"\1:<password>@"),
    ("@", re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"), "<email>"),
    ("+", re.compile(r"\+\d[\d\s().-]{7,17}\d"), "<phone>"),
    ("", re.compile(r"(?<![\w-])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,4})?(?![\w-])"), "<iban>"),
    ("", re.compile(r"(?<![\w-])(?:\d[ -]?){15}\d(?![\w-])"), "<card>"),
)


def scrub(text: str) -> str:
    """Replace credentials and the commonest personal data by their kind."""
    lowered = text.lower()
    for needed, pattern, kind in _SCRUBS:
        if needed in lowered:
            text = pattern.sub(kind, text)
    return text


class _ScrubbingFormatter(LambdaPowertoolsFormatter):
    def serialize(self, log: Any) -> str:
        return scrub(super().serialize(log))


# Powertools reads the service name and level of this function from its own variables.
logger = Logger(logger_formatter=_ScrubbingFormatter())
_metrics = Metrics(namespace="sidedesk")


def count(name: str, value: float = 1, unit: MetricUnit = MetricUnit.Count) -> None:
    """A business outcome, as an embedded metric. No tenant dimension: dimensions cost money by their cardinality."""
    _metrics.add_metric(name=name, unit=unit, value=value)


def flush_metrics() -> None:
    """Write what was counted during this invocation; nothing when nothing was."""
    if _metrics.metric_set:
        _metrics.flush_metrics()

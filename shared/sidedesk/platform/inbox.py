"""Deliveries from outside are claimed by their natural id before they act: a second delivery finds the claim."""

from __future__ import annotations

from typing import Final

_CLAIM: Final = """
INSERT INTO inbox (tenant_id, source, natural_id) VALUES (current_tenant(), %(source)s, %(natural_id)s)
ON CONFLICT DO NOTHING RETURNING true
"""


def claim(source: str, natural_id: str) -> tuple[str, dict[str, str]]:
    """The statement to run in the unit of work that acts; it yields a row only for the first delivery."""
    return _CLAIM, {"source": source, "natural_id": natural_id}

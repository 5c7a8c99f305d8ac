"""`audit_events`: every write by a person or an AI leaves one row, in the transaction of its cause."""

from __future__ import annotations

from typing import Any, Final

from psycopg.types.json import Jsonb

# Actor and request come from the scope of the transaction, so a caller cannot write somebody else's name.
_RECORD: Final = """
INSERT INTO audit_events (tenant_id, event, user_id, metadata)
VALUES (current_tenant(), %(event)s, current_setting('app.actor'),
        %(metadata)s || jsonb_build_object('request_id', current_setting('app.request'), 'role', current_setting('app.role')))
"""


def record(event: str, **metadata: Any) -> tuple[str, dict[str, Any]]:
    """The statement to run in the same unit of work: `batch.run(*audit_log.record("job.started", job_id=…))`."""
    return _RECORD, {"event": event, "metadata": Jsonb({name: _plain(value) for name, value in metadata.items()})}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    return str(value)

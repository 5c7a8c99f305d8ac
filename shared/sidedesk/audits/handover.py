"""What audits hand to other capabilities: which conversations a run looked at, what it kept of them, how Intercom is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from sidedesk.audits import transcript
from sidedesk.audits.errors import JobNotFound
from sidedesk.audits.models import Turn
from sidedesk.audits.repository import SQL
from sidedesk.audits.transcript import Chat
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope


class Audited(BaseModel):
    """One conversation of a run; no transcript where the engine sent none."""

    model_config = ConfigDict(defer_build=True)

    conversation_id: str
    transcript: list[Turn] | None


def audited_ids(database: Database, scope: AnyScope, job_id: UUID, *, after: str = "", limit: int = 1000) -> list[str]:
    """Conversations of a run in the order of their ids, behind one of them."""
    with database.batch(scope) as batch:
        job = batch.dicts(SQL["find_job_status"], {"id": job_id})
        ids = batch.values(SQL["audited_ids"], {"job_id": job_id, "after": after, "limit": limit})
    if job.first() is None:
        raise JobNotFound()
    return list(ids.all())


def audited(database: Database, scope: AnyScope, job_id: UUID, conversation_id: str) -> Audited | None:
    """What a run kept of one conversation."""
    return database.row(scope, Audited, SQL["audited"], {"job_id": job_id, "conversation_id": conversation_id})


def read_intercom(conversation: Mapping[str, Any]) -> Chat:
    """An Intercom conversation as turns, however much of it is missing."""
    return transcript.read(conversation)

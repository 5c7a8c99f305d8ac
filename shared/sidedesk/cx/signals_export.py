"""What people decided and wrote, as JSONL that a model can be fine-tuned with: chats without personal data."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, Literal
from uuid import uuid4
from zoneinfo import ZoneInfo

from pydantic import Field

from sidedesk.cx.repository import FIGURES_SQL
from sidedesk.platform import audit_log
from sidedesk.platform.aws import client
from sidedesk.platform.db import Database
from sidedesk.platform.errors import TooLarge
from sidedesk.platform.models import Answer
from sidedesk.platform.scope import Scope
from sidedesk.platform.settings import StorageSettings, cached
from sidedesk.platform.tenant_options import tenant_options
from sidedesk.platform.uploads import download_link

Kind = Literal["approved", "answered_manually", "rejected"]
GOOD: Final = ("approved", "answered_manually")
PAGE: Final = 500
# As it travels: an answer of a function may have 6 MB, quotes count twice in it.
DIRECT_BYTES: Final = 5_000_000
LINK_SECONDS: Final = 3_600


@dataclass(frozen=True, slots=True)
class Ask:
    start: date | None
    end: date | None
    kind: Kind | None
    min_grade: int | None


class SignalsFile(Answer):
    """Where a file lies that is too large to be sent at once."""

    rows: int
    size: int
    url: str
    expires_in: Annotated[int, Field(description="seconds")] = LINK_SECONDS


def export(database: Database, scope: Scope, ask: Ask, *, seconds: float) -> str | SignalsFile:
    """The file's text, or a link to it when it is large."""
    options = tenant_options(database, scope)
    system = (
        f"You answer customers of {options.name}. Be friendly and precise, keep to the company's rules, "
        "and promise nothing that nobody has decided."
    )
    rows = travels = 0
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        for line in _lines(database, scope, ask, options.zone, system, time.monotonic() + seconds):
            rows += 1
            travels += len(json.dumps(line, ensure_ascii=False).encode())
            file.write(f"{line}\n".encode())
        file.flush()
        size = file.tell()
        if travels <= DIRECT_BYTES:
            file.seek(0)
            made: str | SignalsFile = file.read().decode()
        else:
            key = f"exports/{scope.tenant_id}/signals-{uuid4()}.jsonl"
            bucket = cached(StorageSettings).uploads_bucket
            client("s3").upload_file(file.name, bucket, key, ExtraArgs={"ContentType": "application/jsonl"})
            made = SignalsFile(
                rows=rows, size=size, url=download_link(key, "learning-signals.jsonl", seconds=LINK_SECONDS)
            )
    asked = {"from": ask.start, "to": ask.end, "kind": ask.kind, "min_grade": ask.min_grade}
    database.run(scope, *audit_log.record("cx.signals_exported", rows=rows, size=size, **asked))
    return made


def _lines(database: Database, scope: Scope, ask: Ask, zone: ZoneInfo, system: str, deadline: float) -> Iterator[str]:
    values: dict[str, Any] = {
        "kinds": [ask.kind] if ask.kind else list(GOOD),
        "since": _midnight(ask.start, zone),
        "until": _midnight(ask.end + timedelta(days=1), zone) if ask.end else None,
        "min_grade": ask.min_grade,
        "at": None,
        "after": None,
        "limit": PAGE,
    }
    while rows := database.dicts(scope, FIGURES_SQL["export_signals"], values):
        for row in rows:
            yield _line(row, system)
        if time.monotonic() > deadline:
            raise TooLarge("These are too many to prepare at once. Ask for fewer days with `from` and `to`.")
        values |= {"at": rows[-1]["created_at"], "after": rows[-1]["id"]}


def _line(row: dict[str, Any], system: str) -> str:
    from sidedesk.cx.personal import redactor_for  # heavy, and only exports need it

    redactor = redactor_for(row["contact"] or {}, row["people"] or ())
    question = redactor.redact(row["customer_message"])
    answer: dict[str, Any] = {"role": "assistant", "content": redactor.redact(row["human_reply"] or row["draft_reply"])}
    if row["kind"] not in GOOD:
        answer["weight"] = 0  # not to be learned from
    messages = [{"role": "system", "content": system}, {"role": "user", "content": question}, answer]
    return json.dumps({"messages": messages}, ensure_ascii=False, separators=(",", ":"))


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=zone)

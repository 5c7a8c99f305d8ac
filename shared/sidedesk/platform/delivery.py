"""Handing outbox rows to SQS and SES: in batches, so that one bad row never takes its neighbours down."""

from __future__ import annotations

import json
import math
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sidedesk.platform import mail
from sidedesk.platform.aws import client
from sidedesk.platform.settings import QueueSettings, cached

SQS_MAX_DELAY = 900
# A queue may still have the older, smaller limit of SQS; messages carry ids, so nobody needs more.
MAX_BYTES = 256 * 1024
BATCH = 10
THREADS = 4


@dataclass
class Report:
    """What became of each row."""

    sent: list[UUID] = field(default_factory=list)
    untouched: list[UUID] = field(default_factory=list)
    failed: dict[str, list[UUID]] = field(default_factory=lambda: defaultdict(list))  # may work later
    refused: dict[str, list[UUID]] = field(default_factory=lambda: defaultdict(list))  # never will


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message, ready for SQS."""

    row_id: UUID
    body: str
    delay: int


def deliver(tenant_id: UUID, rows: Iterable[dict[str, Any]], *, until: float) -> Report:
    """Send each row to where it says."""
    report = Report()
    queues: dict[str, list[dict[str, Any]]] = defaultdict(list)
    mails: list[dict[str, Any]] = []
    for row in rows:
        kind, _, name = row["destination"].partition(":")
        if kind == "queue":
            queues[name].append(row)
        elif kind == "mail":
            mails.append(row)
        else:
            report.refused[f"unknown destination {row['destination']}"].append(row["id"])
    for name, waiting in queues.items():
        _to_queue(name, tenant_id, waiting, report)
    _mail(mails, report, until)
    return report


def wake(queue: str, tenant_id: UUID) -> None:
    """Tell the sender that this tenant has rows waiting."""
    url = cached(QueueSettings).queue_urls[queue]
    client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps({"tenant_id": str(tenant_id)}))


def nudge(queue: str, payload: dict[str, Any], *, seconds: float = 0) -> None:
    """Tell a worker to look at a row that carries its own wish: where a lost message costs a minute, not the work."""
    url = cached(QueueSettings).queue_urls[queue]
    delay = max(0, min(SQS_MAX_DELAY, math.ceil(seconds)))
    client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(payload), DelaySeconds=delay)


def delay_until(not_before: str | None) -> int:
    """Whole seconds SQS should hold a message, rounded up, at most its limit."""
    if not not_before:
        return 0
    wait = (datetime.fromisoformat(not_before) - datetime.now(UTC)).total_seconds()
    return max(0, min(SQS_MAX_DELAY, int(wait) + (wait > int(wait))))


# Queues ---------------------------------------------------------------------------------------------------------------


def _to_queue(name: str, tenant_id: UUID, rows: list[dict[str, Any]], report: Report) -> None:
    url = cached(QueueSettings).queue_urls.get(name)
    if url is None:
        report.failed[f"queue {name} is not configured for this function"].extend(row["id"] for row in rows)
        return
    parcels = []
    for row in rows:
        try:
            parcel = _pack(row, tenant_id)
        except (TypeError, ValueError) as error:
            report.refused[f"not a message: {error}"].append(row["id"])
            continue
        if len(parcel.body) > MAX_BYTES:
            report.refused[f"larger than {MAX_BYTES} bytes; send an id instead"].append(row["id"])
        else:
            parcels.append(parcel)
    batches = list(_batches(parcels))
    if len(batches) <= 1:
        outcomes = [_push(url, tenant_id, batch) for batch in batches]
    else:
        from concurrent.futures import ThreadPoolExecutor

        client("sqs")  # made once, before the threads ask for it
        with ThreadPoolExecutor(THREADS) as pool:
            outcomes = list(pool.map(lambda batch: _push(url, tenant_id, batch), batches))
    for sent, failed, refused in outcomes:
        report.sent.extend(sent)
        for row_id, why in failed:
            report.failed[why].append(row_id)
        for row_id, why in refused:
            report.refused[why].append(row_id)


def _pack(row: dict[str, Any], tenant_id: UUID) -> Parcel:
    body = json.dumps(row["payload"] | {"tenant_id": str(tenant_id), "outbox_id": str(row["id"])})
    return Parcel(row["id"], body, delay_until(row["payload"].get("not_before")))


def _batches(parcels: list[Parcel]) -> Iterator[list[Parcel]]:
    """At most ten at a time, and never more bytes than one request may have."""
    batch: list[Parcel] = []
    size = 0
    for parcel in parcels:
        if batch and (len(batch) == BATCH or size + len(parcel.body) > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(parcel)
        size += len(parcel.body)
    if batch:
        yield batch


_Outcome = tuple[list[UUID], list[tuple[UUID, str]], list[tuple[UUID, str]]]


def _push(url: str, tenant_id: UUID, batch: list[Parcel]) -> _Outcome:
    entries = [
        {
            "Id": str(position),
            "MessageBody": parcel.body,
            "DelaySeconds": parcel.delay,
            "MessageGroupId": str(tenant_id),  # fair queues: a busy tenant does not starve the others
        }
        for position, parcel in enumerate(batch)
    ]
    try:
        answer = client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
    except Exception as error:
        if len(batch) > 1 and _is_about_content(error):
            return _one_by_one(url, tenant_id, batch)
        return [], [(parcel.row_id, f"{type(error).__name__}: {error}") for parcel in batch], []
    sent = [batch[int(entry["Id"])].row_id for entry in answer.get("Successful", [])]
    failed: list[tuple[UUID, str]] = []
    refused: list[tuple[UUID, str]] = []
    for entry in answer.get("Failed", []):
        whose = (batch[int(entry["Id"])].row_id, f"{entry.get('Code')}: {entry.get('Message', 'refused by the queue')}")
        (refused if entry.get("SenderFault") and "hrottl" not in str(entry.get("Code")) else failed).append(whose)
    told = {*sent, *(row_id for row_id, _ in (*failed, *refused))}
    failed.extend((parcel.row_id, "the queue did not say") for parcel in batch if parcel.row_id not in told)
    return sent, failed, refused


def _is_about_content(error: Exception) -> bool:
    """A refusal of what was sent, not of who sends, how fast, or where to."""
    code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
    return any(word in code for word in ("InvalidMessageContents", "BatchRequestTooLong", "InvalidParameterValue"))


def _one_by_one(url: str, tenant_id: UUID, batch: list[Parcel]) -> _Outcome:
    sent: list[UUID] = []
    failed: list[tuple[UUID, str]] = []
    refused: list[tuple[UUID, str]] = []
    for parcel in batch:
        outcome = _push(url, tenant_id, [parcel])
        sent.extend(outcome[0])
        failed.extend(outcome[1])
        refused.extend(outcome[2])
    return sent, failed, refused


# Mail -----------------------------------------------------------------------------------------------------------------


def _mail(rows: list[dict[str, Any]], report: Report, until: float) -> None:
    for position, row in enumerate(rows):
        if time.monotonic() > until:
            report.untouched.extend(left["id"] for left in rows[position:])
            return
        try:
            mail.send(row["payload"], message_id=row["id"])
            report.sent.append(row["id"])
        except (KeyError, TypeError, ValueError) as error:
            report.refused[f"not a mail: {type(error).__name__}: {error}"].append(row["id"])
        except Exception as error:
            report.failed[f"{type(error).__name__}: {error}"].append(row["id"])

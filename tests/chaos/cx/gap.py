"""What no webhook told of: ten thousand events of which some are lost, and an hour without any. The visit finds them, and only them."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from urllib.parse import quote
from uuid import UUID, uuid4

from local.sandbox.chatwoot.desk import Desk, Doc, Event
from sidedesk.cx import webhooks
from sidedesk.platform.db import Database
from tests.chaos.audits.figures import Figures
from tests.chaos.audits.stack import Stack
from tests.chaos.cx.office import ACCOUNT, INBOX_ID, Delivery, Office, Talk, delivery_of, question, write_as

EVENTS, TALKS, ANSWERED, RESOLVED = 10_000, 200, 15, 10
LOST = DOUBLED = EVENTS // 20
HANDS = 4
SILENT_TALKS, SILENT_EACH = 50, 3
HOUR = 3_600.0


def run(stack: Stack, figures: Figures, office: Office) -> None:
    """Lost, doubled and shuffled."""
    chance = random.Random(7)
    office.options(debounce_seconds=120)  # a burst is what is told and found below
    since = datetime.now(UTC)
    desk, events, talks = office.filled(lambda desk: _ten_thousand(desk, chance))
    lost = set(chance.sample(range(len(events)), LOST))
    kept = [delivery_of(desk, event) for number, event in enumerate(events) if number not in lost]
    sent = [*kept, *chance.sample(kept, DOUBLED)]
    chance.shuffle(sent)
    began = time.monotonic()
    failures = _hand_in(stack, office, sent)
    took = time.monotonic() - began
    wanted = {
        event.message["id"]
        for number, event in enumerate(events)
        if number in lost and event.message and event.message["message_type"] == 0
    }
    visits = _visit(stack, figures, office)
    eligible = [Talk(doc["display_id"], "") for doc in talks[ANSWERED + RESOLVED :]]
    others = [Talk(doc["display_id"], "") for doc in talks[: ANSWERED + RESOLVED]]
    office.options(debounce_seconds=2)
    _burst_over(stack, office, eligible)
    figures.wait(lambda: office.drafted(eligible) == len(eligible), 300, every=2)
    figures.part(f"{EVENTS} events: {LOST} lost, {DOUBLED} doubled, shuffled; then one visit")
    figures.exactly("events of Chatwoot", len(events), EVENTS)
    figures.exactly("deliveries that failed", dict(failures), {})
    _show_missed(stack, figures, since, wanted)
    figures.exactly("open bursts with one live draft for their last message", office.drafted(eligible), len(eligible))
    figures.exactly("drafts for them in all", office.drafts(eligible), len(eligible))
    figures.exactly("drafts where an agent had answered or closed", office.drafts(others), 0)
    figures.note("customers' messages lost", len(wanted))
    figures.note("visits until one was complete", visits)
    figures.note("deliveries per second, in this process", round(len(sent) / took))


def run_off(stack: Stack, figures: Figures, office: Office) -> None:
    """No webhook, and nobody of ours awake either, for an hour."""
    chance = random.Random(8)
    office.options(debounce_seconds=2)
    # It is later now: the webhook began to work hours ago, the last visit was an hour ago.
    stack.sql("UPDATE cx_messages SET received_at = received_at - interval '3 hours'")
    stack.sql(
        "UPDATE cx_sweeps SET started_at = started_at - interval '1 hour', finished_at = finished_at - interval '1 hour'"
    )
    since = datetime.now(UTC)
    said, talks = office.filled(lambda desk: _silent_hour(desk, chance))
    known = "SELECT count(*) FROM cx_messages WHERE integration_id = %s AND message_id = ANY(%s)"
    before = stack.value(known, office.integration_id, list(said))
    _visit(stack, figures, office)
    figures.wait(lambda: office.drafted(talks) == len(talks), 200, every=2)
    figures.part(f"{len(said)} messages in {len(talks)} conversations during an hour without webhook; then one visit")
    figures.exactly("known before the visit", before, 0)
    figures.exactly("known after it", stack.value(known, office.integration_id, list(said)), len(said))
    _show_missed(stack, figures, since, said)
    figures.exactly("conversations with one live draft for their last message", office.drafted(talks), len(talks))
    figures.exactly("drafts for them in all", office.drafts(talks), len(talks))


# What customers and agents do ----------------------------------------------------------------------------------------


def _new_talk(desk: Desk, at: float | None = None) -> tuple[Doc, list[Event]]:
    person = desk.new_contact(ACCOUNT, INBOX_ID, {"name": "Chaos", "email": f"{uuid4().hex[:10]}@chaos.example"})
    return desk.new_conversation(person, INBOX_ID, {}, at=at)


def _ten_thousand(desk: Desk, chance: random.Random) -> tuple[Desk, list[Event], list[Doc]]:
    """The first conversations are answered by an agent or closed: nobody waits there."""
    opened = [_new_talk(desk) for _ in range(TALKS)]
    talks = [doc for doc, _ in opened]
    events = [event for _, found in opened for event in found]
    for number in range(EVENTS - len(events) - ANSWERED):
        doc = talks[number % TALKS]
        events.append(Event("message_created", doc, write_as(desk, doc, question(chance))))
    for doc in talks[:ANSWERED]:
        said = write_as(desk, doc, "I have seen to it myself.", agent=True)
        events.append(Event("message_created", doc, said))
    for doc in talks[ANSWERED : ANSWERED + RESOLVED]:
        desk.change(doc, status="resolved")
    return desk, events, talks


def _silent_hour(desk: Desk, chance: random.Random) -> tuple[set[int], list[Talk]]:
    said: set[int] = set()
    talks = []
    for _ in range(SILENT_TALKS):
        at = time.time() - chance.uniform(60, HOUR)
        doc, _ = _new_talk(desk, at)
        said |= {write_as(desk, doc, question(chance), at=at + n)["id"] for n in range(SILENT_EACH)}
        talks.append(Talk(doc["display_id"], ""))
    return said, talks


# What we do ----------------------------------------------------------------------------------------------------------


def _hand_in(stack: Stack, office: Office, sent: Sequence[Delivery]) -> Counter[str]:
    """Through the webhook's own code in this process: ten thousand calls of the function itself would take too long.

    The queue loses all that is put into it meanwhile.
    """
    database_url = str(stack.file["database_url"])
    known = {
        "STAGE": "local", "AWS_ENDPOINT_URL": stack.file["aws"], "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    }  # fmt: skip
    failures: Counter[str] = Counter()

    def take(share: Sequence[Delivery]) -> None:
        database = Database(lambda: database_url)
        for one in share:
            headers = office.signed(one.body)
            stamp, signature = headers["X-Chatwoot-Timestamp"], headers["X-Chatwoot-Signature"]
            try:
                webhooks.take(
                    database, UUID(office.integration_id), one.body.decode(), stamp, signature, now=datetime.now(UTC)
                )
            except Exception as error:  # whatever it is, this delivery is lost
                failures[type(error).__name__] += 1
        database.close()

    quiet = (patch.dict(os.environ, known), patch.object(webhooks, "nudge_drafter"), patch.object(webhooks, "count"))
    with quiet[0], quiet[1], quiet[2], ThreadPoolExecutor(HANDS) as hands:
        list(hands.map(take, [sent[hand::HANDS] for hand in range(HANDS)]))
    return failures


def _visit(stack: Stack, figures: Figures, office: Office) -> int:
    """The function that looks for lost messages, until a visit had time for everything. Answers how many that took."""
    for attempt in range(1, 4):
        began = stack.value("SELECT clock_timestamp()")
        office.invoke("ReconcileChatwoot")
        if figures.wait(lambda since=began: _problem(stack, office, since) is not None, 240) and not _problem(
            stack, office, began
        ):
            return attempt
    return 0


def _problem(stack: Stack, office: Office, since: datetime) -> str | None:
    """What kept the visit that began after this moment from being complete; None while it is under way."""
    rows = stack.sql(
        "SELECT problem FROM cx_sweeps WHERE integration_id = %s AND started_at > %s AND finished_at IS NOT NULL ORDER BY started_at LIMIT 1",
        office.integration_id, since,
    )  # fmt: skip
    return str(rows[0][0]) if rows else None


def _burst_over(stack: Stack, office: Office, talks: Sequence[Talk]) -> None:
    """The quiet after a burst is taken off the clock, and the minute's tick finds what the queue lost."""
    stack.sql(
        "UPDATE cx_conversations SET draft_due_at = now() - interval '1 minute' WHERE integration_id = %s AND display_id = ANY(%s) AND draft_due_at IS NOT NULL",
        office.integration_id, [talk.display_id for talk in talks],
    )  # fmt: skip
    office.invoke("WatchReplies")


def _show_missed(stack: Stack, figures: Figures, since: datetime, wanted: set[int]) -> None:
    """`GET /api/cx/missed`, page by page."""
    listed: list[int] = []
    cursor: Any = ""
    while cursor is not None:
        path = f"/api/cx/missed?limit=100&since={quote(since.isoformat())}" + (
            f"&cursor={quote(cursor)}" if cursor else ""
        )
        page = stack.call("GET", path, None, stack.file["tokens"]["member"])
        listed += [row["message_id"] for row in page["data"]]
        cursor = page["next_cursor"]
    figures.exactly("lost messages listed by GET /api/cx/missed", len(set(listed) & wanted), len(wanted))
    figures.exactly(
        "others listed there, and lines listed twice",
        (len(set(listed) - wanted), len(listed) - len(set(listed))),
        (0, 0),
    )

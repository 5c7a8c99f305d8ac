"""Two thousand deliveries: doubled, forged, broken. Every customer's message ends under one live draft, and nothing else leaves a trace."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Sequence

from tests.chaos.audits.figures import Figures
from tests.chaos.audits.stack import Stack
from tests.chaos.cx.office import Delivery, Office, Talk, post_id_of, question

TALKS = 240
# Conversations, messages in each; doubled, forged and broken deliveries among them. The later waves overtake drafts.
WAVES = ((240, 4, 140, 40, 40), (120, 2, 130, 30, 30), (50, 4, 130, 30, 30))
NO_SUCH = 900_000_000  # only forged messages have such ids


def run(stack: Stack, figures: Figures, office: Office) -> None:
    chance = random.Random(1)
    talks = office.welcome(TALKS)
    said: list[tuple[int, int]] = []
    began = time.monotonic()
    for some, each, doubles, forged, broken in WAVES:
        chosen = chance.sample(talks, some)
        wave = [(talk.display_id, office.says(talk, question(chance))) for talk in chosen for _ in range(each)]
        said += wave
        genuine = office.of_messages(message for _, message in wave)
        mixed = [("genuine", one) for one in genuine]
        mixed += [("doubled", one) for one in chance.choices(genuine, k=doubles)]
        mixed += [("forged", _forged(office, number, one)) for number, one in enumerate(chance.sample(genuine, forged))]
        mixed += [("broken", _broken(number, one)) for number, one in enumerate(chance.sample(genuine, broken))]
        chance.shuffle(mixed)
        office.deliver(mixed)
    took = time.monotonic() - began
    figures.wait(lambda: office.drafted(talks) == TALKS, 300, every=2)
    _show(stack, figures, office, talks, said, took)


def _forged(office: Office, number: int, one: Delivery) -> Delivery:
    """A message that nobody wrote: signed with another secret, too long ago, for another body, or not at all."""
    body = json.dumps(json.loads(one.body) | {"id": NO_SUCH + int(json.loads(one.body)["id"])}).encode()
    headers = office.signed(body)
    if number % 4 == 0:
        headers = office.signed(body, secret="guessed")
    elif number % 4 == 1:
        headers = office.signed(body, at=time.time() - 3_600)
    elif number % 4 == 2:
        headers = office.signed(one.body)
    else:
        del headers["X-Chatwoot-Signature"]
    return Delivery(body, headers)


def _broken(number: int, one: Delivery) -> Delivery:
    """Chatwoot's own signature under something that is no event."""
    known = json.loads(one.body)
    wrecks = (
        one.body[: len(one.body) // 2],
        b"[1, 2, 3]",
        b"",
        json.dumps({name: value for name, value in known.items() if name != "conversation"}).encode(),
        json.dumps(known | {"id": "many"}).encode(),
        json.dumps(known | {"created_at": None}).encode(),
        b'{"event": "' + b"[" * 50_000,
    )
    return Delivery(wrecks[number % len(wrecks)])


def _show(
    stack: Stack, figures: Figures, office: Office, talks: Sequence[Talk], said: list[tuple[int, int]], took: float
) -> None:
    sent = sum(office.answers.values())
    genuine = sum(each * some for some, each, *_ in WAVES)
    figures.part(
        f"{sent} deliveries: {genuine} messages in {TALKS} conversations, 20 % doubled, 5 % forged, 5 % broken"
    )
    figures.exactly("genuine ones answered", office.answered("genuine"), {200: genuine})
    figures.exactly("doubled ones answered", office.answered("doubled"), {200: sum(wave[2] for wave in WAVES)})
    figures.exactly("forged ones answered", office.answered("forged"), {401: sum(wave[3] for wave in WAVES)})
    figures.exactly("broken ones answered", office.answered("broken"), {400: sum(wave[4] for wave in WAVES)})
    figures.exactly(
        "answers of 500 and more, or none", sum(count for (_, status), count in office.answers.items() if status >= 500 or not status), 0
    )  # fmt: skip
    rows = stack.sql(
        "SELECT message_id FROM cx_messages WHERE integration_id = %s AND direction = 'incoming' AND message_id = ANY(%s)",
        office.integration_id, [message for _, message in said],
    )  # fmt: skip
    figures.exactly("messages stored, each once", len(rows), genuine)
    figures.exactly(
        "forged messages stored", stack.value("SELECT count(*) FROM cx_messages WHERE message_id > %s", NO_SUCH), 0
    )
    figures.exactly("messages under exactly one live draft", _covered(stack, office, said), genuine)
    figures.exactly("live drafts", office.drafts(talks, "d.status IN ('pending', 'sending')"), TALKS)
    figures.exactly(
        "drafts neither live nor replaced by a newer one",
        office.drafts(talks, "d.status NOT IN ('pending', 'superseded')"),
        0,
    )
    _show_notes(stack, figures, office, talks)
    figures.note("drafts in all", office.drafts(talks))
    figures.note("seconds of writing and delivering", round(took, 1))


def _covered(stack: Stack, office: Office, said: list[tuple[int, int]]) -> int:
    return int(
        stack.value(
            "SELECT count(*) FROM unnest(%s::bigint[], %s::bigint[]) AS said (display_id, message_id) "
            "JOIN cx_conversations c ON c.display_id = said.display_id AND c.integration_id = %s WHERE (SELECT count(*) FROM cx_drafts d "
            "WHERE d.conversation_id = c.conversation_id AND d.status IN ('pending', 'sending') AND d.last_message_id >= said.message_id) = 1",
            [display_id for display_id, _ in said], [message for _, message in said], office.integration_id,
        )
    )  # fmt: skip


def _show_notes(stack: Stack, figures: Figures, office: Office, talks: Sequence[Talk]) -> None:
    """What the rows say of notes, and what Chatwoot has."""
    numbers = {talk.display_id for talk in talks}
    there = Counter(post_id_of(note) for note in office.ours(private=True) if note["conversation_id"] in numbers)
    posted = {
        str(row[0])
        for row in stack.sql(
            "SELECT n.post_id FROM cx_notes n JOIN cx_drafts d ON d.id = n.draft_id JOIN cx_conversations c USING (conversation_id) "
            "WHERE c.integration_id = %s AND c.display_id = ANY(%s) AND n.status = 'posted'",
            office.integration_id, list(numbers),
        )
    }  # fmt: skip
    live = "d.status = 'pending' AND EXISTS (SELECT FROM cx_notes n WHERE n.draft_id = d.id AND n.status = 'posted')"
    figures.exactly("live drafts with their note posted", office.drafts(talks, live), TALKS)
    figures.exactly("notes in Chatwoot that are not the posted ones", len(set(there) ^ posted), 0)
    figures.exactly("notes in Chatwoot more than once", sum(count > 1 for count in there.values()), 0)
    public = [one for one in office.ours(private=False) if one["conversation_id"] in numbers]
    figures.exactly("public messages of ours, where nobody approved yet", len(public), 0)

"""What a person should know: in the console, and by mail. Once per person and occasion, whatever is repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sidedesk.platform import mail, outbox
from sidedesk.platform.db import Transaction
from sidedesk.platform.outbox import Message
from sidedesk.platform.scope import AnyScope

_ADD: Final = """
INSERT INTO notifications (tenant_id, recipient, kind, title, body, link, dedupe_key)
SELECT current_tenant(), lower(n.recipient), n.kind, n.title, n.body, n.link, n.dedupe_key
  FROM unnest(%(recipients)s::text[], %(kinds)s::text[], %(titles)s::text[], %(bodies)s::text[], %(links)s::text[], %(keys)s::text[])
       AS n (recipient, kind, title, body, link, dedupe_key)
ON CONFLICT ON CONSTRAINT notifications_once DO NOTHING
RETURNING recipient
"""


@dataclass(frozen=True, slots=True)
class Notice:
    recipient: str
    kind: str
    title: str
    body: str
    link: str
    dedupe_key: str


def add(notices: Sequence[Notice]) -> tuple[str, dict[str, Any]]:
    """The statement to run with the cause; it returns the recipients who had not been told yet."""
    return _ADD, {
        "recipients": [notice.recipient for notice in notices],
        "kinds": [notice.kind for notice in notices],
        "titles": [notice.title for notice in notices],
        "bodies": [notice.body for notice in notices],
        "links": [notice.link for notice in notices],
        "keys": [notice.dedupe_key for notice in notices],
    }


def tell(transaction: Transaction, scope: AnyScope, notices: Sequence[Notice], *, public_url: str) -> list[Message]:
    """In the console and by mail, in the transaction of the cause. Send the messages after it; who was told before is not again."""
    if not notices:
        return []
    told = set(transaction.values(*add(notices)))
    messages = [
        Message(
            "mail",
            mail.compose(
                to=notice.recipient, subject=notice.title, text=f"{notice.body}\n\n{public_url}/console{notice.link}"
            ),
        )
        for notice in notices
        if notice.recipient.lower() in told and "@" in notice.recipient
    ]
    if messages:
        transaction.run(*outbox.add(scope, messages))
    return messages

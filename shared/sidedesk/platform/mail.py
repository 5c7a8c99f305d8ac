"""Mail through SES. Called only by the outbox, so a mail leaves once per row and a bounce fails nothing else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sidedesk.platform.aws import client
from sidedesk.platform.settings import MailSettings, cached


def compose(*, to: str, subject: str, text: str) -> dict[str, Any]:
    """The payload of an outbox row with destination `mail`."""
    return {"to": to, "subject": " ".join(subject.split())[:200], "text": text}


def send(payload: dict[str, Any], *, message_id: UUID) -> None:
    """Hand one mail to SES. It says of itself that a machine wrote it, so that no auto-responder answers."""
    from email.message import EmailMessage

    message = EmailMessage()
    message["From"] = cached(MailSettings).mail_from
    message["To"] = payload["to"]
    message["Subject"] = payload["subject"]
    message["Auto-Submitted"] = "auto-generated"
    message["X-Sidedesk-Message"] = str(message_id)
    message.set_content(payload["text"])
    client("sesv2").send_email(
        FromEmailAddress=cached(MailSettings).mail_from,
        Destination={"ToAddresses": [payload["to"]]},
        Content={"Raw": {"Data": message.as_bytes()}},
    )

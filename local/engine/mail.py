"""Captured mail: nothing leaves this machine; every message sent can be read on a page or as JSON.

Wraps the emulator: a send it accepts (identity and policy checked) is kept whole, with headers and attachments.
"""

from __future__ import annotations

import base64
import email
import html
import json
import time
from email.message import EmailMessage
from email.policy import default as policy
from pathlib import Path
from typing import Any

from local.engine.front import Application, Message, Receive, Scope, Send

SEND = "/v2/email/outbound-emails"
PAGE = "/_sidedesk/mail"
STYLE = """body{font:15px/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1d2433}
a{color:#2456c4}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem;border-bottom:1px solid #dde}
pre{white-space:pre-wrap;background:#f5f6fa;padding:1rem}iframe{width:100%;height:30rem;border:1px solid #dde}"""


class MailPage:
    def __init__(self, engine: Application, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        folder.mkdir(parents=True, exist_ok=True)

    def owns(self, path: str) -> bool:
        return path in (SEND, PAGE, f"{PAGE}.json") or path.startswith(f"{PAGE}/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == SEND and scope["method"] == "POST":
            await self._send(scope, receive, send)
            return
        status, kind, body, extra = self._show(scope["path"])
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode()), *extra]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _send(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, answer = bytearray(), bytearray()
        status = 0

        async def listen() -> Message:
            message = await receive()
            request.extend(message.get("body", b""))
            return message

        async def relay(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                answer.extend(message.get("body", b""))
                if status == 200 and not message.get("more_body"):
                    self.keep(json.loads(answer)["MessageId"], json.loads(request))
            await send(message)

        await self.engine(scope, listen, relay)

    def keep(self, identifier: str, sent: dict[str, Any]) -> None:
        """Kept before the sender hears of success, so a kill loses nothing that was acknowledged."""
        content, to = sent.get("Content", {}), sent.get("Destination", {})
        if raw := content.get("Raw"):
            message: Any = email.message_from_bytes(base64.b64decode(raw["Data"]), policy=policy)
        else:
            message = _plain(content.get("Simple", {}))
        html_part, text_part = message.get_body(("html",)), message.get_body(("plain",))
        record = {
            "id": identifier,
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "from": sent.get("FromEmailAddress") or str(message["From"] or ""),
            "to": [address for key in ("ToAddresses", "CcAddresses", "BccAddresses") for address in to.get(key, [])]
            or [part.strip() for part in str(message["To"] or "").split(",") if part.strip()],
            "subject": str(message["Subject"] or ""),
            "headers": {name: str(value) for name, value in message.items()},
            "text": text_part.get_content() if text_part else "",
            "html": html_part.get_content() if html_part else "",
            "attachments": [
                {
                    "filename": part.get_filename() or "attachment",
                    "content_type": part.get_content_type(),
                    "base64": base64.b64encode(part.get_payload(decode=True) or b"").decode(),
                }
                for part in message.iter_attachments()
            ],
        }
        path = self.folder / f"{time.time_ns()}.json"
        draft = path.with_suffix(".part")
        draft.write_text(json.dumps(record), encoding="utf-8")
        draft.replace(path)

    def messages(self) -> list[dict[str, Any]]:
        """Newest first."""
        files = sorted(self.folder.glob("*.json"), reverse=True)
        return [json.loads(path.read_text(encoding="utf-8")) for path in files]

    def _show(self, path: str) -> tuple[int, str, bytes, list[tuple[bytes, bytes]]]:
        messages = self.messages()
        if path == f"{PAGE}.json":
            return 200, "application/json", json.dumps({"messages": messages}).encode(), []
        if path in (PAGE, f"{PAGE}/"):
            return _page("Captured mail", _list(messages))
        identifier, _, rest = path.removeprefix(f"{PAGE}/").partition("/")
        message = next((found for found in messages if found["id"] == identifier), None)
        if message and not rest:
            return _page(message["subject"] or "(no subject)", _message(message))
        if message and rest.isdigit() and int(rest) < len(message["attachments"]):
            part = message["attachments"][int(rest)]
            name = "".join(char for char in part["filename"] if char.isalnum() or char in "._- ")
            saved = (b"content-disposition", f'attachment; filename="{name}"'.encode("ascii", "ignore"))
            return 200, part["content_type"], base64.b64decode(part["base64"]), [saved]
        _, kind, body, extra = _page("Not here", f'<p><a href="{PAGE}">All mail</a></p>')
        return 404, kind, body, extra


def _plain(simple: dict[str, Any]) -> EmailMessage:
    message = EmailMessage()
    for header in simple.get("Headers", []):
        message[header["Name"]] = header["Value"]
    message["Subject"] = " ".join(simple.get("Subject", {}).get("Data", "").split())
    body = simple.get("Body", {})
    message.set_content(body.get("Text", {}).get("Data", ""))
    if "Html" in body:
        message.add_alternative(body["Html"]["Data"], subtype="html")
    for part in simple.get("Attachments", []):
        main, _, sub = part.get("ContentType", "application/octet-stream").partition("/")
        message.add_attachment(
            base64.b64decode(part["RawContent"]),
            maintype=main,
            subtype=sub or "octet-stream",
            filename=part["FileName"],
        )
    return message


def _page(title: str, body: str) -> tuple[int, str, bytes, list[tuple[bytes, bytes]]]:
    document = (
        f"<!doctype html><title>{html.escape(title)}</title><style>{STYLE}</style><h1>{html.escape(title)}</h1>{body}"
    )
    guard = (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; frame-src 'self'",
    )
    return 200, "text/html; charset=utf-8", document.encode(), [guard]


def _list(messages: list[dict[str, Any]]) -> str:
    if not messages:
        return "<p>No mail yet. Whatever the stack sends appears here; none of it leaves this machine.</p>"
    rows = "".join(
        f"<tr><td>{html.escape(m['at'])}<td>{html.escape(', '.join(m['to']))}"
        f'<td><a href="{PAGE}/{html.escape(m["id"])}">{html.escape(m["subject"] or "(no subject)")}</a>'
        f"<td>{len(m['attachments']) or ''}"
        for m in messages
    )
    return f"<table><tr><th>Sent<th>To<th>Subject<th>Files{rows}</table><p><a href='{PAGE}.json'>as JSON</a></p>"


def _message(message: dict[str, Any]) -> str:
    facts = {"From": message["from"], "To": ", ".join(message["to"]), "Sent": message["at"], **message["headers"]}
    rows = "".join(f"<tr><th>{html.escape(name)}<td>{html.escape(value)}" for name, value in facts.items())
    files = "".join(
        f'<li><a href="{PAGE}/{html.escape(message["id"])}/{number}">{html.escape(part["filename"])}</a>'
        for number, part in enumerate(message["attachments"])
    )
    # The sandbox attribute keeps scripts and forms of a mail from running.
    framed = f'<iframe sandbox srcdoc="{html.escape(message["html"])}"></iframe>' if message["html"] else ""
    return f"<table>{rows}</table><ul>{files}</ul>{framed}<pre>{html.escape(message['text'])}</pre><a href='{PAGE}'>All mail</a>"

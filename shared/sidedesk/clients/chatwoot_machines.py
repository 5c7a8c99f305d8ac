"""What a message says, and whether a machine says it.

A customer taken for a machine gets no answer at all, a machine taken for a customer gets a draft that a person rejects.
So only certain signs count: what a mail server wrote, never what the words of a customer might mean.
"""

from __future__ import annotations

import re
from typing import Any

from sidedesk.clients.chatwoot_shapes import Conversation, Message

# Addresses nobody reads, in the languages that customers' suppliers write them in. Between separators only.
_NOBODY = (
    r"no[-_.]?reply|do[-_.]?not[-_.]?reply|dont[-_.]?reply|no[-_.]?respon(?:der?|da)|nao[-_.]?respond[ae]r?|nicht[-_.]?antworten"
    r"|keine[-_.]?antwort|ne[-_.]?pas[-_.]?repondre|non[-_.]?rispondere|niet[-_.]?beantwoorden|nie[-_.]?odpowiadaj"
)
_NO_REPLY = re.compile(rf"(?:^|[-_.+])(?:{_NOBODY})(?:$|[-_.+\d])")
_DAEMON = re.compile(
    r"^(?:mailer|mail)[-_.]?daemon$|^microsoftexchange[0-9a-f]{8,}$|^(?:bounces|bounces?[+=].*|bounces?[-_]\d.*)$"
)
# Bounces come from here, and sometimes a person does.
_POSTMASTER = re.compile(r"^postmaster$")
_DAEMON_NAMES = frozenset({"mail delivery subsystem", "mail delivery system", "mailer-daemon", "mailer daemon"})

# As mail programs begin an automatic subject. "Re:" in front means that a person answers one.
_AWAY = re.compile(
    r"(?:automatic reply|auto(?:matic)?[- ]?(?:reply|response)|autoreply"
    r"|automatische (?:antwort|abwesenheits\w+)|abwesenheits(?:notiz|nachricht|meldung)"
    r"|réponse automatique|message d'absence"
    r"|respuesta automática|resposta automática|risposta automatica"
    r"|automatisch antwoord|automatiskt? svar|autosvar|automaattinen vastaus|automatyczna odpowiedź"
    r"|automatická odpověď|otomatik yanıt|автоматический ответ|автоответ|автоматична відповідь"
    r"|自动(?:回复|答复)|自動(?:返信|応答|回覆)|자동 ?회신)"
    r"\s*(?:[:：]|$)"
    r"|out of (?:the )?office(?:\s*[:：]|\s*$|\s+(?:auto\S*|automatic) ?(?:reply|response)\b)"
)
_RETURNED = re.compile(
    r"undelivered mail returned to sender|delivery status notification \((?:failure|delay)\)|failure notice$"
    r"|mail delivery failed: returning message to sender|returned mail: see transcript for details"
    r"|warning: message \S+ delayed \d+ hours"
)
_UNDELIVERABLE = re.compile(
    r"undeliver|delivery (?:status|failure|delayed|has failed)|mail delivery|returned mail|failure notice"
    r"|unzustellbar|non remis|no se puede entregar|não é possível entregar|niet bezorgd|non recapitabile"
)
# As Chatwoot or a bridge in front of it may pass them on.
_HEADERS = {
    "auto-submitted": re.compile(r"^auto-"),
    "x-autoreply": re.compile(r"^(?:yes|true|1)\b"),
    "x-autorespond": re.compile(r"."),
    "x-failed-recipients": re.compile(r"."),
    "precedence": re.compile(r"^(?:auto_reply|junk)\b"),
    "return-path": re.compile(r"^<\s*>$"),
}
_SPACE = re.compile(r"\s+")


def text_of(message: Message) -> str:
    """The words to answer: without the quoted thread of a mail, or what was spoken when nothing was written."""
    said = _mail_text(message) or message.content.strip()
    if not said:
        said = "\n".join(one.transcript for one in message.attachments if one.transcript).strip()
    return said


def is_machine(message: Message, conversation: Conversation) -> str | None:
    """Why no person waits for an answer to this message, or None when one does."""
    if message.post_id or message.draft_id:
        return "a message of ours"
    if message.direction != "incoming" or message.private:
        return "not a customer's message"
    if message.deleted:
        return "deleted"
    if message.content_type == "input_csat":
        return "an answer to a survey"
    if message.sender.kind == "agent_bot":
        return "written by a bot"
    if not text_of(message) and not message.attachments:
        return "empty"
    mail = _mail(message)
    if mail or conversation.by_mail:
        return _mail_machine(message, conversation, mail)
    return None


def _mail_machine(message: Message, conversation: Conversation, mail: dict[str, Any]) -> str | None:
    if mail.get("auto_reply") is True:
        return "an automatic answer"
    if _word(mail.get("content_type")).startswith("multipart/report"):
        return "a report of a mail server"
    headers = mail.get("headers")
    if isinstance(headers, dict):
        for name, value in headers.items():
            telling = _HEADERS.get(str(name).lower())
            if telling and telling.match(_word(value)):
                return f"an automatic mail ({str(name).lower()})"
    # The address that an answer would go to: of a web form that is the customer's, not the form's.
    address = message.sender.email or _first(mail.get("from")) or conversation.contact.email or ""
    subject = _subject(mail)
    local = address.strip().lower().partition("@")[0]
    if _DAEMON.search(local) or _word(message.sender.name) in _DAEMON_NAMES:
        return "a mail server"
    if _NO_REPLY.search(local):
        return "an address that takes no answers"
    if _RETURNED.match(subject) or (_POSTMASTER.match(local) and _UNDELIVERABLE.search(subject)):
        return "a mail that came back"
    if _AWAY.match(subject):
        return "an automatic answer"
    return None


def _mail(message: Message) -> dict[str, Any]:
    mail = message.content_attributes.get("email")
    return mail if isinstance(mail, dict) else {}


def _mail_text(message: Message) -> str:
    """Chatwoot keeps the whole text as `reply`, and as `quoted` what remains of it without the older mails."""
    bodies = _mail(message).get("text_content")
    if not isinstance(bodies, dict):
        return ""
    reply, short = (body.strip() if isinstance(body := bodies.get(name), str) else "" for name in ("reply", "quoted"))
    begins = short and _SPACE.sub(" ", reply).startswith(_SPACE.sub(" ", short))
    return short if begins else reply


def _subject(mail: dict[str, Any]) -> str:
    return _SPACE.sub(" ", _word(mail.get("subject")))


def _word(value: Any) -> str:
    return value.strip().lower() if isinstance(value, str) else ""


def _first(value: Any) -> str:
    value = value[0] if isinstance(value, list) and value else value
    return value if isinstance(value, str) else ""

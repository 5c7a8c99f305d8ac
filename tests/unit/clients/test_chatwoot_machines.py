"""Machines get no drafts, customers always do."""

from __future__ import annotations

from typing import Any

import pytest

from sidedesk.clients.chatwoot_machines import is_machine, text_of
from sidedesk.clients.chatwoot_shapes import Conversation, Message, read_conversation, read_message


def conversation(channel: str = "Channel::Email") -> Conversation:
    sender = {"id": 7, "name": "Dana", "email": "dana@example.com"}
    return read_conversation({"id": 4, "status": "open", "channel": channel, "meta": {"sender": sender}})


def message(text: str | None = "Where is my parcel?", **more: Any) -> Message:
    raw = {
        "id": 1, "conversation_id": 4, "message_type": 0, "created_at": 1_782_292_502, "content": text,
        "content_type": "incoming_email", "sender": {"id": 7, "name": "Dana", "email": "dana@example.com", "type": "contact"},
    }  # fmt: skip
    return read_message(raw | more)


def mail(
    subject: str = "My order",
    sender: str = "dana@example.com",
    name: str = "Dana",
    text: str = "Where is my parcel?",
    **email: Any,
) -> Message:
    body = {"full": text, "reply": text, "quoted": text}
    attributes = {"email": {"subject": subject, "from": [sender], "text_content": body, "auto_reply": False, **email}}
    return message(text, content_attributes=attributes, sender={"id": 7, "name": name, "email": sender})


MACHINES = [
    mail(auto_reply=True),
    mail(content_type="multipart/report; report-type=delivery-status; boundary=x"),
    mail(content_type="multipart/report; report-type=disposition-notification"),
    mail(headers={"auto-submitted": "auto-replied"}),
    mail(headers={"Auto-Submitted": "auto-generated"}),
    mail(headers={"Precedence": "auto_reply"}),
    mail(headers={"X-Autoreply": "yes"}),
    mail(headers={"Return-Path": "<>"}),
    mail(headers={"X-Failed-Recipients": "leo@example.com"}),
    mail(sender="noreply@shop.example"),
    mail(sender="No-Reply@Shop.example"),
    mail(sender="no.reply@shop.example"),
    mail(sender="do-not-reply@shop.example"),
    mail(sender="donotreply@shop.example"),
    mail(sender="drive-shares-noreply@docs.example"),
    mail(sender="noreply-7781@shop.example"),
    mail(sender="noreply+orders@shop.example"),
    mail(sender="ne-pas-repondre@boutique.example"),
    mail(sender="nepasrepondre@boutique.example"),
    mail(sender="no-responder@tienda.example"),
    mail(sender="nao-responda@loja.example"),
    mail(sender="naoresponder@loja.example"),
    mail(sender="nicht-antworten@laden.example"),
    mail(sender="non-rispondere@negozio.example"),
    mail(sender="mailer-daemon@mx.example", subject="Anything"),
    mail(sender="MAILER-DAEMON@mx.example"),
    mail(sender="x@mx.example", name="Mail Delivery Subsystem"),
    mail(sender="MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@corp.example"),
    mail(sender="bounces+7781-dana=example.com@mg.example"),
    mail(sender="bounce-77812@mg.example"),
    mail(sender="postmaster@corp.example", subject="Undeliverable: Your ticket"),
    mail(sender="postmaster@firma.example", subject="Unzustellbar: Ihre Anfrage"),
    mail(subject="Undelivered Mail Returned to Sender"),
    mail(subject="Delivery Status Notification (Failure)"),
    mail(subject="Mail delivery failed: returning message to sender"),
    mail(subject="failure notice"),
    mail(subject="Automatic reply: Your ticket 5"),
    mail(subject="Auto-Reply: Your ticket 5"),
    mail(subject="Autoreply: away"),
    mail(subject="Out of Office"),
    mail(subject="Out of the office: back on Monday"),
    mail(subject="Out of Office AutoReply: Your ticket"),
    mail(subject="Automatische Antwort: Ihre Anfrage"),
    mail(subject="Abwesenheitsnotiz: Ihre Anfrage"),
    mail(subject="Réponse automatique : Votre commande"),
    mail(subject="Respuesta automática: Su pedido"),
    mail(subject="Resposta automática: O seu pedido"),
    mail(subject="Risposta automatica: Il suo ordine"),
    mail(subject="Automatisch antwoord: Uw bestelling"),
    mail(subject="Automatiskt svar: Din order"),
    mail(subject="Автоматический ответ: заказ"),
    mail(subject="自動返信：ご注文"),
    mail(subject="自动回复：您的订单"),
    message("", attachments=[]),
    message(" \n "),
    message(None),
    message(content_attributes={"deleted": True}),
    message(content_attributes={"sidedesk_post_id": "p1"}),
    message(content_attributes='{"sidedesk_draft_id": "d1"}'),
    message(content_type="input_csat"),
    message(message_type=1),
    message(message_type=2),
    message(message_type=3),
    message(private=True),
    message(sender={"id": 4, "name": "Bot", "type": "agent_bot"}),
]

PEOPLE = [
    message(),
    mail(),
    mail(subject=""),
    mail(headers={"auto-submitted": "no"}),
    mail(headers={"Precedence": "list"}),
    mail(headers={"Precedence": "bulk"}),
    mail(headers={"x-original-sender": "dana@example.com"}),
    mail(headers={"Return-Path": "<dana@example.com>"}),
    mail(headers=None),
    mail(content_type="multipart/alternative; boundary=x"),
    mail(subject="Re: Automatic reply: Your ticket 5"),
    mail(subject="Re: Out of office"),
    mail(subject="AW: Automatische Antwort: Ihre Anfrage"),
    mail(subject="RE: Undelivered Mail Returned to Sender"),
    mail(subject="Automatic reply does not work in your product"),
    mail(subject="Auto reply settings are gone"),
    mail(subject="Abwesenheitsnotiz einrichten, wie geht das?"),
    mail(subject="Réponse automatique impossible à désactiver"),
    mail(subject="Respuesta automática no funciona"),
    mail(subject="Resposta automática não funciona"),
    mail(subject="Risposta automatica non arriva"),
    mail(subject="Out of office chairs in blue?"),
    mail(subject="Out of the office furniture range, which is cheapest"),
    mail(subject="Out of stock"),
    mail(subject="Undeliverable: the courier brought my order back"),
    mail(subject="Delivery failed twice, please help"),
    mail(subject="Mail delivery failed according to the courier"),
    mail(subject="Unzustellbar laut Paketdienst"),
    mail(subject="Failure notice from the dishwasher"),
    mail(subject="Returned mail order parcel"),
    mail(subject="Zustellung fehlgeschlagen"),
    mail(subject="Lieferung nicht angekommen"),
    mail(subject="Mi pedido no se puede entregar"),
    mail(sender="postmaster@small-firm.example", subject="Our invoice"),
    mail(sender="bounce@trampolines.example"),
    mail(sender="bounce-house@mailbox.example"),
    mail(sender="bounce.castles@mailbox.example"),
    mail(sender="norepli@mailbox.example"),
    mail(sender="reply@mailbox.example"),
    mail(sender="nora.reply@mailbox.example"),
    mail(sender="nonorisponde@posta.example"),
    mail(sender="info@shop.example"),
    mail(sender="support@shop.example"),
    mail(sender="daemon.lee@mailbox.example"),
    mail(sender="auto@garage.example"),
    mail(text="I am out of office until Monday, please deliver on Tuesday."),
    mail(text="Ich bin bis Freitag nicht im Büro. Bitte danach liefern."),
    mail(text="Je suis absente jusqu'à lundi, livrez mardi."),
    mail(text="This is not an automatic reply, I am really angry!"),
    mail(text="noreply@shop.example wrote to me, is that you?"),
    mail(name="Max Delivery"),
    message("ok"),
    message("?"),
    message("👍"),
    message("こんにちは"),
    message(None, attachments=[{"file_type": "image", "data_url": "https://x.example/1"}]),
    message("STOP"),
    message("Danke!", content_attributes={"email": "odd"}),
    message(content_attributes={"sidedesk_post_id": ""}),
    message(content_attributes={"deleted": False}),
]


@pytest.mark.parametrize("said", MACHINES, ids=lambda m: f"{m.content_attributes}{m.sender.email}"[:80])
def test_machines(said: Message) -> None:
    reason = is_machine(said, conversation())
    assert reason and reason[0].islower()


@pytest.mark.parametrize("said", PEOPLE, ids=lambda m: f"{m.content_attributes}{m.sender.email}"[:80])
def test_people(said: Message) -> None:
    assert is_machine(said, conversation()) is None


def test_a_form_of_the_shop_itself_is_its_customer() -> None:
    """The mail came from a machine's address, and asks to be answered elsewhere."""
    said = mail(sender="dana@example.com", headers={"x-original-from": "noreply@our-shop.example"})
    assert is_machine(said, conversation()) is None


def test_a_chat_is_not_judged_by_the_rules_of_mail() -> None:
    typed = message("hello", content_type="text", sender={"id": 7, "name": "x", "email": "noreply@shop.example"})
    assert is_machine(typed, conversation("Channel::WebWidget")) is None
    assert is_machine(typed, conversation("Channel::Email")) == "an address that takes no answers"


@pytest.mark.parametrize(
    ("bodies", "words"),
    [
        ({"full": "a\n> b", "reply": "a\n> b", "quoted": "a"}, "a"),
        ({"full": "One line\r\n two\n\nOn Monday you wrote:\n> x", "reply": "One line\r\n two\n\nOn Monday you wrote:\n> x", "quoted": "One line\n two"}, "One line\n two"),
        ({"full": "a\n> b", "reply": "a", "quoted": "> b"}, "a"),
        ({"full": "> b", "reply": "> b", "quoted": ""}, "> b"),
        ({}, "stored content"),
        (None, "stored content"),
        ({"reply": 5}, "stored content"),
        ({"reply": "  "}, "stored content"),
    ],
)  # fmt: skip
def test_a_mail_is_read_without_the_thread_below(bodies: Any, words: str) -> None:
    assert text_of(message("stored content", content_attributes={"email": {"text_content": bodies}})) == words


def test_what_was_spoken_counts_when_nothing_is_written() -> None:
    spoken = [{"file_type": "audio", "transcribed_text": "call me"}, {"file_type": "image"}]
    assert text_of(message(None, attachments=spoken)) == "call me"
    assert text_of(message("see voice note", attachments=spoken)) == "see voice note"
    assert is_machine(message(None, attachments=spoken), conversation()) is None

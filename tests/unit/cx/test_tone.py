"""How replies sound, how customers feel, and how much a person changed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from sidedesk.cx import prompt_parts, text_distance, tone
from sidedesk.cx.models import Channel, Check


@dataclass
class Voice:
    brand_phrases: tuple[str, ...] = ()
    avoid_phrases: tuple[str, ...] = ()
    signature: str = ""


def checks(
    reply: str,
    *,
    sentiment: float = 0.0,
    channel: Channel = "live_chat",
    name: str = "Dana Whitfield",
    voice: Voice | None = None,
    language: str = "en",
) -> dict[str, Check]:
    found = tone.tone_checks(
        reply, sentiment=sentiment, channel=channel, contact_name=name, cx=voice or Voice(), language=language
    )
    assert all(check.reason and check.group == "tone" for check in found)
    return {check.name: check for check in found}


def failed(reply: str, **how: object) -> set[str]:
    return {name for name, check in checks(reply, **how).items() if not check.ok}  # type: ignore[arg-type]


GREETINGS = ["Hi Dana, here it is.", "Hallo Frau Whitfield, hier ist sie.", "Hola Dana: aquí está.", "Bonjour Dana, la voici.", "Olá Dana, aqui está.", "Ciao Dana, eccola.", "Good morning!", "¡Hola, Dana! Aquí está."]  # fmt: skip


@pytest.mark.parametrize("reply", GREETINGS)
def test_greetings(reply: str) -> None:
    assert checks(reply)["greeting"].ok
    assert not checks(reply.split(" ", 1)[-1].replace("morning!", "It is here."))["greeting"].ok


def test_a_text_message_needs_no_greeting_and_nobody_is_called_by_anothers_name() -> None:
    assert checks("It is here.", channel="sms")["greeting"].ok
    assert "Maria" in checks("Hi Maria, it is here.")["greeting"].reason
    assert failed("Hi Maria, it is here.") == {"greeting"}
    assert failed("Hi there, it is here.") == failed("Hi Maria, it is here.", name="") == set()


@pytest.mark.parametrize(
    "reply",
    ["Hi, I'm so sorry about this.", "Hallo, es tut mir sehr leid.", "Hola, lo siento mucho.", "Bonjour, je suis vraiment désolée.", "Olá, peço desculpa.", "Ciao, mi dispiace molto."],
)  # fmt: skip
def test_empathy_is_asked_for_when_the_customer_is_upset(reply: str) -> None:
    assert checks(reply, sentiment=-0.6)["empathy"].ok
    assert not checks("Hi, here is the invoice.", sentiment=-0.6)["empathy"].ok
    assert checks("Hi, here is the invoice.", sentiment=0.1)["empathy"].ok


@pytest.mark.parametrize(
    ("reply", "check"),
    [
        ("Hi, that was your own fault.", "no_blame"),
        ("Hi, you should have read it.", "no_blame"),
        ("Hallo, da sind Sie selbst schuld.", "no_blame"),
        ("Hola, es su culpa.", "no_blame"),
        ("Bonjour, vous auriez dû lire.", "no_blame"),
        ("Olá, deveria ter lido.", "no_blame"),
        ("Ciao, avrebbe dovuto leggere.", "no_blame"),
        ("Hi, I guarantee it works.", "no_promise"),
        ("Hallo, das klappt auf jeden Fall.", "no_promise"),
        ("Hi, write to <EMAIL_1>.", "placeholders"),
        ("Hi {{ contact.name }}, here it is.", "placeholders"),
        ("Hi [Name], here it is.", "placeholders"),
        ("Hi, your order [order number] is here.", "placeholders"),
        ("Hi, it is **here**.", "form"),
        ("Hi, " + "long " * 200, "length"),
    ],
)
def test_what_a_reviewer_would_strike_out(reply: str, check: str) -> None:
    assert failed(reply, language="") == {check}


def test_no_guarantee_is_no_promise() -> None:
    assert failed("Hi, I cannot guarantee that. I do not promise it.") == set()


def test_the_form_of_each_channel() -> None:
    assert failed("Hi Dana,\n\nhere it is.", channel="email") == {"form"}
    assert failed("Hi Dana,\n\nhere it is.\n\nKind regards\nAna", channel="email") == set()
    assert failed("Hi Dana,\n\nhere it is.\n\nYour Northwind team", channel="email", voice=Voice(signature="Your Northwind team")) == set()  # fmt: skip
    assert failed("It is here.\n\nAnd there.", channel="sms") == {"form"}
    assert failed("- one\n- two", channel="sms") == {"form"}
    assert failed("x" * 321, channel="sms") == {"length"}


def test_the_brands_words() -> None:
    voice = Voice(brand_phrases=("happy to help",), avoid_phrases=("unfortunately",))
    assert failed("Hi, I'm happy to help.", voice=voice) == set()
    assert failed("Hi, unfortunately not.", voice=voice) == {"brand_phrases", "avoided_phrases"}
    assert "happy to help" in prompt_parts.brand(voice) and "never uses: unfortunately" in prompt_parts.brand(voice)


def test_the_language_of_the_reply() -> None:
    assert failed("Hallo Dana, wir haben die Lampe und die Rechnung noch nicht.", language="en") == {"language"}
    assert failed("Hallo Dana, wir haben die Lampe und die Rechnung noch nicht.", language="de") == set()


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("This is terrible, I am furious and want to leave.", -1),
        ("Thank you so much, you are wonderful!", 1),
        ("Where is my order?", 0),
        ("Das ist eine Unverschämtheit, ich bin sehr enttäuscht.", -1),
        ("Die Lampe ist da, vielen Dank, ich bin sehr zufrieden.", 1),
        ("Ich bin mit der Lieferung nicht zufrieden.", -1),
        ("Estoy muy decepcionada, es una vergüenza.", -1),
        ("Muchas gracias, estoy muy contenta con la lámpara.", 1),
        ("Je suis furieux, c'est inacceptable.", -1),
        ("Merci beaucoup, la lampe est parfaite.", 1),
        ("Estou muito irritada com o atraso, é um absurdo.", -1),
        ("Muito obrigada, a loja é excelente.", 1),
        ("Sono molto delusa, è una vergogna.", -1),
        ("Grazie mille, il servizio è ottimo.", 1),
        ("これはひどいです", 0),
        ("", 0),
    ],
)  # fmt: skip
def test_how_customers_feel(text: str, sign: int) -> None:
    felt = tone.sentiment_of(text)
    assert -1 <= felt <= 1
    assert (felt > 0.15) - (felt < -0.15) == sign, felt


def test_edits_are_counted_with_and_without_greeting_and_signature() -> None:
    edit = text_distance.measure(
        "Hi Dana,\n\nIt is here.\n\nKind regards,\nAna", "Dear Dana,\r\n\r\nIt is here.\r\n\r\nBest wishes\r\nBob "
    )
    assert edit.distance > 10 and 0 < edit.ratio < 1 and edit.body_ratio == 0
    assert text_distance.measure("same", "same\n") == text_distance.Edit(0, 0.0, 0.0)
    assert text_distance.measure("kitten", "sitting") == text_distance.Edit(3, 0.4286, 0.4286)
    assert text_distance.measure("", "") == text_distance.Edit(0, 0.0, 0.0)
    assert text_distance.measure("", "abc").ratio == 1.0


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("Hi Dana, thank you.\n\nHere it is.\n\nBest,\nAna Petrović\nNorthwind", "thank you.\n\nHere it is."),
        ("Sehr geehrte Frau Whitfield,\nhier ist sie.\n\nMit freundlichen Grüßen\nAna", "hier ist sie."),
        ("Hola Dana:\n\nAquí está.\n\nUn cordial saludo,\nAna", "Aquí está."),
        ("Bonjour Madame Whitfield,\n\nLa voici.\n\nBien cordialement\nAna", "La voici."),
        ("Prezada Dana,\n\nAqui está.\n\nAtenciosamente,\nAna", "Aqui está."),
        ("Gentile Dana,\n\neccola.\n\nCordiali saluti\nAna", "eccola."),
        ("Here it is.\n-- \nAna", "Here it is."),
        ("Thanks for the photo. It helps.", "Thanks for the photo. It helps."),
        ("Best of all, it works.\nThanks for waiting, it took us a while to find the right lamp for you.", "Best of all, it works.\nThanks for waiting, it took us a while to find the right lamp for you."),
        ("Hi", "Hi"),
    ],
)  # fmt: skip
def test_the_body_of_a_reply(text: str, body: str) -> None:
    assert text_distance.body_of(text) == body


@pytest.mark.parametrize("channel", ["email", "live_chat", "sms", "other"])
def test_every_channel_has_its_form(channel: Channel) -> None:
    assert prompt_parts.channel_form(channel)


def test_what_reviewers_objected_to_reaches_the_prompt() -> None:
    assert prompt_parts.avoid(["too long"]).endswith("- too long")
    assert prompt_parts.sources([]) and prompt_parts.examples([])

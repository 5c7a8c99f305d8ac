"""People taken out of texts: by what the redactor finds, and by the names a conversation tells."""

import pytest

from sidedesk.cx.personal import redactor_for

CONTACT = {"name": "Dana Whitfield", "email": "dana@example.com", "phone": "4411-22"}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("I am Dana Whitfield.", "I am <NAME_1>."),
        ("regards, dana", "regards, <NAME_1>"),
        ("Whitfields and Danas stay", "Whitfields and Danas stay"),
        ("write to dana@example.com", "write to <EMAIL_1>"),
        ("call 4411-22", "call <CONTACT_1>"),
        ("Best wishes, Mia from Northwind Support", "Best wishes, <NAME_1> from Northwind Support"),
        ("I will come in May, says Will", "I will come in May, says <NAME_1>"),
        ("my friend Robert", "my friend Robert"),
    ],
)
def test_what_is_left(text: str, left: str) -> None:
    assert (
        redactor_for(CONTACT, ["Mia Berg", "Support Team", "Will Hope", "bot@northwind.example", ""]).redact(text)
        == left
    )


def test_the_same_person_has_the_same_placeholder_in_question_and_answer() -> None:
    redactor = redactor_for(CONTACT)
    assert redactor.redact("Dana here") == "<NAME_1> here"
    assert redactor.redact("Hello Dana") == "Hello <NAME_1>"


def test_a_conversation_without_a_contact() -> None:
    assert redactor_for({}).redact("mail me: a.b@example.org") == "mail me: <EMAIL_1>"

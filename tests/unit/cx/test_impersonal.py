"""Who took part in a conversation cannot be told from what is left of it."""

import pytest

from sidedesk.cx.impersonal import GAP, greeted, without_people

NOBODY = {"name": "", "email": "", "phone": ""}


def left(question: str, reply: str, known: tuple[str, ...] = (), people: tuple[str, ...] = ()) -> tuple[str, str]:
    made = without_people(question, reply, NOBODY, people, known)
    return made.question, made.reply


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hello Maria,\n\nyes.", "Maria"),
        ("Hi Dana, thank you", "Dana"),
        ("Guten Tag Frau Kern,\nja.", "Frau Kern"),
        ("Hello,\n\nyes.", ""),
        ("Yes, Maria.", ""),
        ("", ""),
    ],
)
def test_whom_a_text_greets(text: str, name: str) -> None:
    assert greeted(text) == name


def test_greeting_and_farewell_go_with_the_names_in_them() -> None:
    question = "Hello Ana,\nwhere is my parcel?\n\nKind regards\nMaria Oliveira"
    reply = "Hello Maria,\n\nit is on its way, Maria.\n\nBest regards\nAna Petrović"
    assert left(question, reply) == ("where is my parcel?", f"it is on its way, {GAP}.")


def test_numbers_of_one_case_go_and_those_of_the_articles_stay() -> None:
    reply = "Order NW-48213 leaves today. The code is WELCOME2026, the form is RT-1001."
    assert left("Where is it, please?", reply, known=("Use form RT-1001.",))[1].count(GAP) >= 1
    assert "NW-48213" not in left("Where is it, please?", reply)[1]
    assert "RT-1001" in left("Where is it, please?", reply, known=("Use form RT-1001.",))[1]
    assert "30 days" in left("How long can I return it?", "You have 30 days.")[1]


def test_our_own_notation_is_taken_out() -> None:
    assert left("Who is <NAME_1> please?", "It is <NAME_1>, <EMAIL_2>.") == (f"Who is {GAP} please?", f"It is {GAP}.")


def test_a_word_that_only_contains_a_name_stays() -> None:
    assert left("Annual plans?", "Hi Ann,\n\nAnnual plans are cheaper, Ann.")[1] == f"Annual plans are cheaper, {GAP}."


def test_texts_of_any_kind_end() -> None:
    for text in ("", " ", "\n\n", "," * 5_000, "Hello " * 2_000, "Kind regards\n" * 500):
        left(text, text)

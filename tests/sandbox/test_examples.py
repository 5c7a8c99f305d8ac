"""The rule-based model follows what several examples share, and nothing that belongs to one of them."""

from local.sandbox.openai.examples import Example, find, shared
from local.sandbox.openai.prompt import Message, Prompt
from local.sandbox.openai.tasks.draft import write

ASKS = "Where is my blue bicycle helmet order?"
ONE = Example(
    "Where is my order of a bicycle helmet?",
    "Please look into the garage first. Your helmet HX-77 is with Fiona. We ride with you.",
)
OTHER = Example(
    "My helmet order is late, where is it?", "Look into the garage first, please. The parcel left Hamburg on Monday."
)


def prompt(examples: list[Example], asks: str = ASKS) -> Prompt:
    shown = "\n".join(
        f"<example><question>{one.question}</question>\n<reply>{one.reply}</reply></example>" for one in examples
    )
    source = '<source id="S1" title="Orders">Your order of a helmet is shown on the orders page.</source>'
    turn = f'<turn id="1" role="client" author="Dana Whitfield" at="2026-11-21T08:00">{asks}</turn>'
    return Prompt(
        [Message("system", "Task: cx.draft"), Message("user", f"{source}\n{shown}\n{turn}")], None, wants_json=False
    )


def test_what_two_answers_share_is_said_in_the_words_of_the_nearer() -> None:
    assert find(prompt([ONE, OTHER])) == [ONE, OTHER]
    assert shared(ASKS, [ONE, OTHER], ASKS) == ["Please look into the garage first."]
    assert "look into the garage first" in write(prompt([ONE, OTHER]), obedient=False).reply


def test_one_example_is_no_custom() -> None:
    assert shared(ASKS, [ONE], ASKS) == []
    assert "garage" not in write(prompt([ONE]), obedient=False).reply


def test_names_and_figures_of_one_case_stay_in_it() -> None:
    twin = Example(OTHER.question, "Your helmet HX-12 is with Robert.")
    assert shared(ASKS, [ONE, twin], ASKS) == []
    same = Example(OTHER.question, "Your helmet HX-77 is with Fiona.")
    assert shared(ASKS, [ONE, same], ASKS) == ["Your helmet HX-77 is with Fiona."]


def test_answers_to_another_question_are_not_followed() -> None:
    far = [Example("Do you sell soup?", ONE.reply), Example("Is there soup today?", OTHER.reply)]
    assert shared(ASKS, far, ASKS) == []

"""What a vector is made of, the same when it is made first and when a new model makes it again."""

from uuid import uuid4

from sidedesk.knowledge.retrieval import Passage


def test_a_text_is_found_by_its_title_and_its_words() -> None:
    assert Passage(uuid4(), "Returns", "Within 30 days.").embedded == "Returns\nWithin 30 days."


def test_an_example_is_found_by_its_question_alone() -> None:
    example = Passage(uuid4(), "When do I get my money?", "Within 5 days.", {"vector_of": "title"})
    assert example.embedded == "When do I get my money?"

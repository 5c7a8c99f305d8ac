"""The replay that measures learning: its fixed set, its reviewer, and what makes two replays comparable."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from bench.learning import figures, threads
from bench.learning.replay import Drafted, Outcome
from bench.learning.reviewer import edited

WHOLE = threads.load()


def test_the_set_is_large_mixed_and_each_answer_has_its_own_words() -> None:
    assert len(WHOLE.threads) >= 100
    topics = Counter(one.topic for one in WHOLE.threads)
    assert len(topics) >= 12
    assert min(topics.values()) >= 7
    assert {one.agent for one in WHOLE.threads} == {"ana", "tom", "mei"}
    assert len({one.asks for one in WHOLE.threads}) == len(WHOLE.threads)
    assert len({one.reply.partition("\n\n")[2] for one in WHOLE.threads}) == len(WHOLE.threads)
    learned = {one.topic for one in WHOLE.threads[: WHOLE.first_tested]}
    assert {one.topic for one in WHOLE.threads[WHOLE.first_tested :]} <= learned


def test_every_point_is_made_by_somebody() -> None:
    for topic in {one.topic for one in WHOLE.threads}:
        listed = [one for one in WHOLE.threads if one.topic == topic]
        made = {name for one in listed for name in one.points_in(one.reply.partition("\n\n")[2])}
        assert made == {name for name, _ in listed[0].points}, topic


def thread(asks: str) -> threads.Thread:
    return next(one for one in WHOLE.threads if one.asks == asks)


def test_a_reviewer_leaves_a_good_draft_alone_and_rewrites_a_bad_one() -> None:
    one = thread("How do I clean my cast iron pan?")
    assert edited(one.reply, one) == one.reply
    assert edited("Hi Dana,\n\nThank you for your message. Call us any time.", one) == one.reply


def test_a_reviewer_keeps_what_is_right_whoever_worded_it() -> None:
    one = thread("How do I clean my cast iron pan?")
    sent = edited("Hi there,\n\nThe dishwasher is not for this pan. We love pans.", one)
    assert "The dishwasher is not for this pan." in sent
    assert "We love pans" not in sent
    assert "Never put it in the dishwasher" not in sent
    assert "salt" in sent


def test_a_reviewer_strikes_what_belongs_to_another_case() -> None:
    one = thread("The toaster only toasts on one side. What can I do about the warranty?")
    assert "scale" not in edited("Keep the scale until you hear from us.", one)
    portugal = thread("How long does delivery to Portugal take?")
    assert "4 to 6" not in edited("Delivery to Portugal takes 4 to 6 business days.", portugal)


def drafted(number: int, ratio: float, examples: int = 0) -> Drafted:
    one = WHOLE.threads[number]
    return Drafted(one, ratio, ratio, ratio, examples, examples, ("Returns",), (), ("model", "1", "hash"))


OFF = Outcome("off", tuple(drafted(number, 0.6) for number in range(8)), 0, 0, 0.1)
ON = Outcome("on", tuple(drafted(number, 0.3 + number / 100, 1) for number in range(8)), 8, 0, 0.1)


def test_the_difference_is_taken_thread_by_thread() -> None:
    found = figures.difference(OFF.drafted, ON.drafted, lambda one: one.ratio)
    assert 0.24 < found.low < found.mean < found.high < 0.30
    assert found == figures.difference(OFF.drafted, ON.drafted, lambda one: one.ratio)
    assert [len(part) for part in figures.quarters(OFF.drafted)] == [2, 2, 2, 2]


def test_replays_that_differ_in_more_than_learning_are_not_compared() -> None:
    assert figures.unfair(OFF, ON) == []
    assert figures.unfair(OFF, OFF)  # nothing was shown
    assert figures.unfair(replace(OFF, learned=1), ON)
    assert figures.unfair(replace(OFF, objections=1), ON)
    first = replace(ON.drafted[0], made_by=("model", "2", "other"))
    assert figures.unfair(OFF, replace(ON, drafted=(first, *ON.drafted[1:])))
    other = replace(ON.drafted[0], articles=("Refunds",))
    assert figures.unfair(OFF, replace(ON, drafted=(other, *ON.drafted[1:])))

"""Quotes of a transcript: true ones in many dresses, and false ones of every kind."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sidedesk.audits.models import Turn

_LINES = (
    "Good morning Dana — I’m sorry about the “late” parcel; let me check it.",
    "Ich verstehe Ihren Ärger, Frau Weiß. Die Gutschrift über 12,50 € ist unterwegs.",
    "Déjà vu? Non : votre commande naïve est prête, à bientôt…",
    "The refund of 49.90 EUR leaves us today and arrives within 5 days.",
    "您好，您的包裹明天上午到达，请注意查收。",
    "我们已经为您退款，谢谢您的耐心。",
    "Здравствуйте! Ваш заказ прибудет в четверг до полудня.",
    "안녕하세요, 환불이 완료되었습니다. 감사합니다.",
    "Please restart the router,\n\nwait two minutes,\tand try again.",
    "Your ticket is 4938271650 – I'll write as soon as it's solved!",
    "مرحبا، تم إرسال الطلب وسيصل غدا.",
    "We don't promise a date, but the colleague calls you before 6 pm.",
)
_CLIENT = (
    "My parcel is late again and nobody answers the phone here.",
    "I want my money back for the broken lamp, the blue one.",
    "Где мой заказ, я жду уже две недели?",
    "Wann kommt endlich der Techniker in die Hauptstraße?",
)


def conversation(dice: random.Random) -> list[Turn]:
    turns: list[Turn] = []
    for number, line in enumerate(dice.sample(_LINES, 4)):
        turns.append(
            Turn(part_id=f"c{number}", role="client", author="Dana", author_id="c1", text=dice.choice(_CLIENT))
        )
        turns.append(Turn(part_id=f"a{number}", role="agent", author="Ana", author_id="991", text=line))
    turns.append(
        Turn(
            part_id="n1",
            role="note",
            author="Ana",
            author_id="991",
            text="Customer is a reseller, waive the shipping fee.",
        )
    )
    turns.append(
        Turn(
            part_id="o1",
            role="agent",
            author="Tom",
            author_id="992",
            text="I am taking over from my colleague for today.",
        )
    )
    return turns


@dataclass(frozen=True)
class Case:
    kind: str
    text: str
    part_id: str | None
    true: bool


def true_quote(dice: random.Random, turns: list[Turn]) -> Case:
    turn = dice.choice([turn for turn in turns if turn.author_id == "991" and turn.role == "agent"])
    words = turn.text.split(" ")
    start = dice.randrange(0, max(1, len(words) - 3))
    piece = " ".join(words[start : start + dice.randint(3, 8)]) if len(words) > 4 else turn.text
    dress = dice.choice(list(_DRESSES))
    return Case(f"true, {dress}", _DRESSES[dress](piece), dice.choice([turn.part_id, None]), True)


_DRESSES: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "compatibility": lambda text: unicodedata.normalize("NFKC", text),
    "plain marks": lambda text: text.translate(
        str.maketrans({"’": "'", "“": '"', "”": '"', "—": "-", "–": "-", "…": "..."})
    ),
    "typographic": lambda text: text.replace("'", "’").replace("-", "‑"),
    "other white space": lambda text: "  " + "\u00a0 ".join(text.split()) + "\n",
    "quoted": lambda text: f"“{text}”",
    "zero width": lambda text: text.replace(" ", " \u200b"),
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "a" <= c <= "z" else c for c in text),
}


def false_quotes(dice: random.Random, turns: list[Turn]) -> Iterator[Case]:
    agent = [turn for turn in turns if turn.author_id == "991" and turn.role == "agent"]
    client = [turn for turn in turns if turn.role == "client"]
    one, other = dice.sample(agent, 2)
    words = one.text.split()
    yield Case("invented", "I have upgraded your account free of charge for a year.", None, False)
    yield Case("invented, near", one.text + " I promise you that.", one.part_id, False)
    yield Case(
        "one word changed",
        " ".join([*words[:-1], "never", *words[-1:]]) if len(words) > 3 else f"不{one.text}",
        None,
        False,
    )
    yield Case("upper case", one.text.upper() if one.text.upper() != one.text else one.text + "!!X", None, False)
    yield Case("joined from two turns", f"{one.text} {other.text}", None, False)
    yield Case(
        "left something out", f"{one.text[: len(one.text) // 3]} … {one.text[-len(one.text) // 3 :]}", None, False
    )
    yield Case("shifted to a neighbour", one.text, other.part_id, False)
    yield Case("shifted to nowhere", one.text, "?", False)
    latin = next(turn for turn in [*client] if turn.text.isascii() or turn.text)
    yield Case("the client said it", latin.text, None, False)
    yield Case("the client said it, claimed there", latin.text, latin.part_id, False)
    yield Case("a note says it", "Customer is a reseller, waive the shipping fee.", None, False)
    yield Case("a colleague said it", "I am taking over from my colleague for today.", "o1", False)
    yield Case("nothing", "“…”", None, False)
    cut = next(
        (
            turn.text
            for turn in agent
            if len(turn.text.split(" ")) > 5 and turn.text.split(" ")[1].isascii() and len(turn.text.split(" ")[1]) > 3
        ),
        None,
    )
    if cut:
        yield Case("shifted by letters", cut[len(cut.split(" ")[0]) + 2 : -4], None, False)

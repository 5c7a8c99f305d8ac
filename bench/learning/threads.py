"""The fixed set that is replayed: what customers ask a shop, and what its people answer, each in their own words."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FILE = Path(__file__).with_name("threads.json")
LEARNING_PART = 0.6
CUSTOMERS = (
    "Dana Whitfield", "Leo Marchetti", "Ingrid Solberg", "Paulo Teixeira", "Hanna Vogel", "Marek Nowicki", "Sofia Lindqvist",
    "Bruno Keller", "Amira Haddad", "Joris de Wit", "Elif Demir", "Tomas Novotny", "Claire Dubois", "Oscar Lund",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Thread:
    topic: str
    agent: str
    customer: str
    asks: str
    reply: str
    points: tuple[tuple[str, re.Pattern[str]], ...]
    belongs_to_one_case: tuple[str, ...]

    def points_in(self, sentence: str) -> set[str]:
        """What the team wants said that this sentence says."""
        return {name for name, pattern in self.points if pattern.search(sentence)}


@dataclass(frozen=True)
class Replay:
    """The threads in the order in which they came."""

    threads: tuple[Thread, ...]

    @cached_property
    def first_tested(self) -> int:
        """Where the part begins that is looked at after something was learned."""
        return round(len(self.threads) * LEARNING_PART)


def load() -> Replay:
    given = json.loads(FILE.read_text())
    topics = given["topics"]
    found = [(topic, one) for topic, listed in topics.items() for one in listed["threads"]]
    # Topics come mixed, and nobody chose how.
    found.sort(key=lambda pair: hashlib.sha256(pair[1]["asks"].encode()).digest())
    threads = []
    for number, (topic, one) in enumerate(found):
        customer = CUSTOMERS[number % len(CUSTOMERS)]
        hello = given["agents"][one["agent"]].format(name=customer.split()[0])
        points = tuple((name, re.compile(text, re.IGNORECASE)) for name, text in topics[topic]["points"].items())
        case = tuple(word.lower() for word in topics[topic].get("belongs_to_one_case", ()))
        reply = f"{hello}\n\n{one['reply']}"
        threads.append(Thread(topic, one["agent"], customer, one["asks"], reply, points, case))
    return Replay(tuple(threads))

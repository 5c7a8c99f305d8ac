"""What share of a corpus is caught, and how often something harmless is taken for personal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sidedesk.ai.redaction import Redactor
from tests.pii import corpus
from tests.pii.corpus import Sample, Sentences

RECALL_BAR, FALSE_BAR = 0.99, 0.01
# What nobody tuned on may be this much worse, and is printed as it is.
HELD_OUT_FLOOR = 0.98
HELD_TO_IT = ("EMAIL", "PHONE", "CARD", "IBAN")


@dataclass
class Measured:
    title: str
    total: Counter[str] = field(default_factory=Counter)
    caught: Counter[str] = field(default_factory=Counter)
    named: Counter[str] = field(default_factory=Counter)  # caught under its own kind
    missed: list[str] = field(default_factory=list)
    misses: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)
    false_texts: list[str] = field(default_factory=list)

    def recall(self, kind: str) -> float:
        return self.caught[kind] / self.total[kind]

    @property
    def false_share(self) -> float:
        return sum(self.false.values()) / sum(self.misses.values())

    @property
    def order_share(self) -> float:
        return self.false["order number"] / self.misses["order number"]

    def holds(self, recall: float = RECALL_BAR) -> bool:
        return (
            all(self.recall(kind) >= recall for kind in HELD_TO_IT)
            and self.false_share < FALSE_BAR
            and self.order_share < FALSE_BAR
        )

    def __add__(self, other: Measured) -> Measured:
        return Measured(
            "together", self.total + other.total, self.caught + other.caught, self.named + other.named, self.missed + other.missed,
            self.misses + other.misses, self.false + other.false, self.false_texts + other.false_texts,
        )  # fmt: skip

    def lines(self) -> list[str]:
        recall = [
            f"{kind:<12} {self.recall(kind):7.2%} of {self.total[kind]} caught, {self.named[kind] / self.total[kind]:7.2%} under its own name"
            for kind in self.total
        ]
        false = f"false hits   {self.false_share:7.2%} of {sum(self.misses.values())} near misses, {self.order_share:.2%} of order numbers"
        return [f"{self.title}:", *(f"  {line}" for line in [*recall, false])]


def gone(sample: Sample, clean: str) -> bool:
    """Nothing is left of the value that somebody could use. What the sentence itself says does not count."""
    around = sample.text.replace(sample.value, " ")
    clean = re.sub(r"<[A-Z_]+_[\d.]+>", " ", clean)
    pieces = [piece for piece in re.split(r"[^\w]+", sample.value) if len(piece) >= 4]
    return sample.value not in clean and all(clean.count(piece) <= around.count(piece) for piece in pieces)


def measure(
    title: str, redactor: Callable[[], Redactor], found: Iterable[Sample], harmless: Iterable[Sample]
) -> Measured:
    seen = Measured(title)
    for sample in found:
        clean = redactor().redact(sample.text)
        seen.total[sample.kind] += 1
        if gone(sample, clean):
            seen.caught[sample.kind] += 1
            seen.named[sample.kind] += f"<{sample.kind}_1>" in clean
        else:
            seen.missed.append(f"{sample.kind}: {sample.text!r} -> {clean!r}")
    for sample in harmless:
        seen.misses[sample.kind] += 1
        clean = redactor().redact(sample.text)
        if clean != sample.text:
            seen.false[sample.kind] += 1
            seen.false_texts.append(f"{sample.kind}: {sample.text!r} -> {clean!r}")
    return seen


def both(redactor: Callable[[], Redactor], each: int = 420, harmless: int = 2_200) -> list[Measured]:
    """The corpus that detectors were tuned on, and the one they never saw."""
    made: list[tuple[str, int, Sentences]] = [
        ("tuned on", corpus.TUNED_SEED, corpus.TUNED),
        ("held out", corpus.HELD_OUT_SEED, corpus.HELD_OUT),
    ]
    return [
        measure(title, redactor, corpus.positives(seed, sentences, each), corpus.near_misses(seed, harmless))
        for title, seed, sentences in made
    ]

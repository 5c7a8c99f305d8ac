"""`python -m bench.learning`: how much people change drafts, with learning off and on; fails when learning does not help.

With OPENAI_API_KEY, or OPENAI_BASE_URL, the model there is asked instead of the sandbox's.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout

from bench.learning import figures, replay, threads
from bench.learning.replay import Drafted, Outcome, Theatre, Way
from bench.stage import silent_log

MARGIN = 0.05  # less than this is nothing a reviewer would notice


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.learning", description=__doc__)
    parser.add_argument("--light", action="store_true", help="also: only hardly changed replies become examples")
    parser.add_argument("--threads", type=int, default=None, help="only so many, for a quick look")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    whole = threads.load()
    chosen = threads.Replay(whole.threads[: asked.threads])
    ways: list[Way] = ["off", "on", "light"] if asked.light else ["off", "on"]
    begun = time.monotonic()
    with Theatre() as theatre:
        print(f"{len(chosen.threads)} threads, drafted by {_who(theatre)}", flush=True)
        # Metrics are printed where functions log.
        with silent_log() as nowhere, redirect_stdout(nowhere):
            outcomes = {way: replay.play(theatre, chosen, way, _progress(way, len(chosen.threads))) for way in ways}
    if reasons := figures.unfair(outcomes["off"], outcomes["on"]):
        print("Not comparable: " + " ".join(reasons))
        return 1
    _show(outcomes, chosen.first_tested)
    certain = figures.difference(outcomes["off"].drafted, outcomes["on"].drafted, lambda one: one.ratio)
    off, on = (figures.mean(outcomes[way].drafted, lambda one: one.ratio) for way in ("off", "on"))
    print(f"\nMean edit distance, learning off: {off:.3f}")
    print(f"Mean edit distance, learning on:  {on:.3f}")
    good = certain.low >= MARGIN
    print(
        f"{certain.mean:.3f} less is changed with learning, 95 % interval {certain.low:.3f} to {certain.high:.3f}: "
        f"{'enough' if good else f'not enough, at least {MARGIN} must be certain'}. {time.monotonic() - begun:.0f} s"
    )
    return 0 if good else 1


def _who(theatre: Theatre) -> str:
    if theatre.model.real:
        return f"the model at {theatre.model.base_url}"
    return "the sandbox's rule-based model (set OPENAI_API_KEY or OPENAI_BASE_URL for another)"


def _progress(way: Way, total: int) -> Callable[[int], None]:
    def told(number: int) -> None:
        if sys.stderr.isatty():
            print(f"\r  learning {way}: {number} of {total} ", end="\n" if number == total else "", file=sys.stderr)

    return told


def _show(outcomes: dict[Way, Outcome], first_tested: int) -> None:
    ways = list(outcomes)
    print(f"\n{'':<52}" + "".join(f"{way:>9}" for way in ways) + "   off − on (95 %)")

    def row(what: str, part: Callable[[Sequence[Drafted]], Sequence[Drafted]], measure: figures.Measure) -> None:
        means = [figures.mean(part(outcomes[way].drafted), measure) for way in ways]
        certain = figures.difference(part(outcomes["off"].drafted), part(outcomes["on"].drafted), measure)
        line = f"{what:<52}" + "".join(f"{one:>9.3f}" for one in means)
        print(f"{line}   {certain.mean:+.3f} ({certain.low:+.3f} to {certain.high:+.3f})")

    row("share of the text that the reviewer changes", lambda all: all, lambda one: one.ratio)
    row("  without greeting and sign-off", lambda all: all, lambda one: one.body_ratio)
    for number in range(4):
        row(f"  quarter {number + 1}", lambda all, at=number: figures.quarters(all)[at], lambda one: one.ratio)  # type: ignore[misc]
    row(f"  after the first {first_tested} threads", lambda all: all[first_tested:], lambda one: one.ratio)
    row("share of replies that are hardly changed (≤ 0.2)", lambda all: all, figures.light)
    row("distance from what the team wrote without a draft", lambda all: all, lambda one: one.written_ratio)
    for what, told in (
        ("replies learned", [float(outcomes[way].learned) for way in ways]),
        ("drafts that were shown examples", [float(sum(one.examples > 0 for one in outcomes[way].drafted)) for way in ways]),
        ("drafts with a flag", [float(sum(bool(one.flags) for one in outcomes[way].drafted)) for way in ways]),
    ):  # fmt: skip
        print(f"{what:<52}" + "".join(f"{one:>9.0f}" for one in told))
    costs = [outcomes[way].spent_usd / len(outcomes[way].drafted) for way in ways]
    print(f"{'dollars per draft, with all that learning costs':<52}" + "".join(f"{one:>9.5f}" for one in costs))


if __name__ == "__main__":
    sys.exit(main())

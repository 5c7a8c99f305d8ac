"""Beside a run: what reached n8n, and a hand that kills at random moments."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import httpx

from tests.chaos.audits.stack import Stack


@dataclass(frozen=True)
class Post:
    at: float
    job: str
    agent: str
    status: int | None


class Posts:
    """Every call of n8n's webhook. The sandbox keeps its last 3000 requests, so they are collected while it runs."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.seen: list[Post] = []
        self._last = 0
        self._lock = threading.Lock()

    def collect(self) -> None:
        with self._lock:
            path = f"log?provider=n8n&direction=in&path=/webhook/&since={self._last}&limit=3000"
            entries: list[dict[str, Any]] = self.stack.sandbox("GET", path)["entries"]
            for entry in entries:
                if entry["status"] is None and time.time() - entry["at"] < 20:
                    return  # being answered: from here on the next time
                body = entry["body"]
                self.seen.append(Post(entry["at"], body["job_id"], body["intercom_admin_ids"][0], entry["status"]))
                self._last = entry["id"]

    def of(self, job_id: str) -> list[Post]:
        self.collect()
        return sorted((post for post in self.seen if post.job == job_id), key=lambda post: post.at)

    def per_agent(self, job_id: str) -> Counter[str]:
        return Counter(post.agent for post in self.of(job_id))


def smallest_gap(posts: list[Post]) -> float | None:
    gaps = [later.at - earlier.at for earlier, later in pairwise(posts)]
    return round(min(gaps), 3) if gaps else None


@contextmanager
def killing(stack: Stack, function: str, every: tuple[float, float], seed: int) -> Iterator[list[float]]:
    """`kill -9` of one process of this function, again and again. Gives the moments at which it happened."""
    chance, done, moments = random.Random(seed), threading.Event(), list[float]()

    def hunt() -> None:
        while not done.wait(chance.uniform(*every)):
            if alive := stack.workers(function):
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(alive), signal.SIGKILL)
                    moments.append(time.time())

    hunter = threading.Thread(target=hunt, daemon=True)
    hunter.start()
    try:
        yield moments
    finally:
        done.set()
        hunter.join()


@contextmanager
def collecting(posts: Posts) -> Iterator[None]:
    done = threading.Event()

    def look() -> None:
        while not done.wait(2):
            with suppress(httpx.HTTPError):
                posts.collect()

    looker = threading.Thread(target=look, daemon=True)
    looker.start()
    try:
        yield
    finally:
        done.set()
        looker.join()

"""Plays n8n's HTTP node, eight times at once: repeats what failed, and hangs up in the middle now and then."""

from __future__ import annotations

import http.client
import random
import socket
import struct
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

PATH = "/functions/v1/ai-audit-callback"
TRIES, WAIT = 5, 5.0  # the most that n8n can be told to
CUT = 0.02


class Sender:
    def __init__(self, api: str, key: str, requests: list[bytes], seed: int) -> None:
        self.host, self.port = urlsplit(api).hostname or "", urlsplit(api).port or 80
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self.requests = requests
        chance = random.Random(seed)
        self.how = [chance.choice(("half", "whole")) if chance.random() < CUT else None for _ in requests]
        self.failures: Counter[str] = Counter()
        self.cuts = self.given_up = self.done = 0
        self._next, self._until = 0, 0.0
        self._lock = threading.Lock()

    @property
    def share(self) -> float:
        return self.done / len(self.requests)

    @property
    def unsent(self) -> int:
        return len(self.requests) - self.done

    def run(self, at_a_time: int, until: float) -> None:
        """`until`: by the monotonic clock; what is left then stays unsent."""
        self._until = until
        hands = [threading.Thread(target=self._work, daemon=True) for _ in range(at_a_time)]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()

    def _work(self) -> None:
        line = http.client.HTTPConnection(self.host, self.port, timeout=40)
        while True:
            with self._lock:
                if self._next == len(self.requests) or time.monotonic() > self._until:
                    return
                mine, self._next = self._next, self._next + 1
            body, cut = self.requests[mine], self.how[mine]
            if cut:
                self._hang_up(body if cut == "whole" else body[: len(body) // 2], len(body))
            success = self._send(line, body)
            with self._lock:
                self.done += 1
                self.cuts += cut is not None
                self.given_up += not success

    def _send(self, line: http.client.HTTPConnection, body: bytes) -> bool:
        for attempt in range(TRIES):
            if attempt:
                time.sleep(WAIT)
            try:
                line.request("POST", PATH, body, self.headers)
                answer = line.getresponse()
                answer.read()
                if answer.status == 200:
                    return True
                problem = str(answer.status)
            except (OSError, http.client.HTTPException) as error:
                line.close()
                problem = type(error).__name__
            with self._lock:
                self.failures[problem] += 1
        return False

    def _hang_up(self, part: bytes, announced: int) -> None:
        """Send this much, then be gone: with a reset, as a killed process or a broken line leaves it."""
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        start = f"POST {PATH} HTTP/1.1\r\nHost: {self.host}\r\n{head}Content-Length: {announced}\r\n\r\n".encode()
        try:
            with socket.create_connection((self.host, self.port), 10) as line:
                line.sendall(start + part)
                time.sleep(random.uniform(0, 0.02))
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError as error:
            with self._lock:
                self.failures[type(error).__name__] += 1

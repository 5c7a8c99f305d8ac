"""A network on loopback: a TCP proxy that hands on whatever it reads a fixed time later, in both directions.

It delays and does not throttle: reads overlap, so a pipeline stays a pipeline. A process of its own, so that it takes
no turn of the interpreter that is being measured. It ends with whoever started it.
"""

from __future__ import annotations

import select
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ONE_WAY_SECONDS = 0.0004  # with the proxy's own work: about one millisecond per round trip
CHUNK = 256 * 1024


@contextmanager
def network(target: int) -> Iterator[int]:
    """A port behind which `target` lies one network away."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.proxy", str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


class Proxy:
    """One thread and `select`, whose timeouts are exact to microseconds where those of `epoll` are milliseconds."""

    def __init__(self, listener: socket.socket, target: int) -> None:
        self._listener, self._target = listener, target
        self._other: dict[socket.socket, socket.socket] = {}
        self._waiting: deque[tuple[float, socket.socket, bytes]] = deque()  # in order: the delay is always the same

    def serve(self) -> None:
        while True:
            wait = max(0.0, self._waiting[0][0] - time.perf_counter()) if self._waiting else None
            readable, _, _ = select.select([self._listener, sys.stdin, *self._other], [], [], wait)
            if sys.stdin in readable:  # whoever started this is gone
                return
            for source in readable:
                if source is self._listener:
                    self._connect()
                elif source in self._other:
                    self._read(source)
            while self._waiting and self._waiting[0][0] <= time.perf_counter():
                self._deliver(*self._waiting.popleft()[1:])

    def _connect(self) -> None:
        near, _ = self._listener.accept()
        far = socket.create_connection(("127.0.0.1", self._target))
        for each in (near, far):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._other |= {near: far, far: near}

    def _read(self, source: socket.socket) -> None:
        try:
            data = source.recv(CHUNK)
        except OSError:
            data = b""
        self._waiting.append((time.perf_counter() + ONE_WAY_SECONDS, self._other[source], data))
        if not data:
            del self._other[source]

    def _deliver(self, sink: socket.socket, data: bytes) -> None:
        with suppress(OSError):  # it hung up meanwhile
            sink.sendall(data) if data else sink.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    door = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(door.getsockname()[1], flush=True)
    Proxy(door, int(sys.argv[1])).serve()

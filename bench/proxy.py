"""A network on loopback: a TCP proxy that hands on whatever it reads a fixed time later, in both directions.

It delays and does not throttle: reads overlap, so a pipeline stays a pipeline. A process of its own, so that it takes
no turn of the interpreter that is being measured. It ends with whoever started it.
"""

from __future__ import annotations

import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ONE_WAY_SECONDS = 0.0004  # with the proxy's own work: about one millisecond per round trip
CHUNK = 256 * 1024

_Waiting = queue.SimpleQueue[tuple[float, bytes]]


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


def _read(source: socket.socket, waiting: _Waiting) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK):
            waiting.put((time.perf_counter() + ONE_WAY_SECONDS, data))
    waiting.put((0.0, b""))


def _write(sink: socket.socket, waiting: _Waiting) -> None:
    with suppress(OSError):
        while True:
            due, data = waiting.get()
            if not data:
                break
            if (wait := due - time.perf_counter()) > 0:
                time.sleep(wait)
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, target: int) -> None:
    while True:
        near, _ = listener.accept()
        far = socket.create_connection(("127.0.0.1", target))
        for each in (near, far):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for source, sink in ((near, far), (far, near)):
            waiting: _Waiting = queue.SimpleQueue()
            threading.Thread(target=_read, args=(source, waiting), daemon=True).start()
            threading.Thread(target=_write, args=(sink, waiting), daemon=True).start()


if __name__ == "__main__":
    sys.setswitchinterval(0.0005)
    door = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_serve, args=(door, int(sys.argv[1])), daemon=True).start()
    print(door.getsockname()[1], flush=True)
    sys.stdin.read()

"""Something between a client and a server that counts what the server sends; a process of its own, for a driver that
waits in C may let no thread of this one run.

As a script (host, port): it says where it listens, and for each line that it is told how many bytes it was.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

_COUNTED = [0]


@contextmanager
def relay(host: str, port: int) -> Iterator[tuple[int, Callable[[], int]]]:
    """The port, on 127.0.0.1, where that server can be reached; and how many bytes it has sent since last asked."""
    command = [sys.executable, __file__, host, str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told, said = process.stdin, process.stdout

        def answered() -> int:
            told.write("\n")
            told.flush()
            return int(said.readline())

        yield int(said.readline()), answered


def _pass(source: socket.socket, target: socket.socket, counts: bool) -> None:
    with closing(source), suppress(OSError):
        while some := source.recv(1 << 16):
            _COUNTED[0] += len(some) if counts else 0
            target.sendall(some)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)  # whoever waits for it wakes up


def _serve(listening: socket.socket, there: tuple[str, int]) -> None:
    while True:
        client, _ = listening.accept()
        server = socket.create_connection(there)
        for ends in ((client, server, False), (server, client, True)):
            threading.Thread(target=_pass, args=ends, daemon=True).start()


def main(host: str, port: str) -> None:
    """Until there is nobody to ask."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_serve, args=(listening, (host, int(port))), daemon=True).start()
        print(listening.getsockname()[1], flush=True)
        for _ in sys.stdin:
            counted, _COUNTED[0] = _COUNTED[0], 0
            print(counted, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A relay between a MariaDB server and its clients that takes an offer out of the server's greeting."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

_HEAD = 4
_EXTENDED_AT = 27


@contextmanager
def without_extensions(port: int) -> Iterator[int]:
    """Relay to a server on loopback, whose greeting then offers nothing that is MariaDB's own; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=_serve, args=(listener, port), daemon=True).start()
        yield listener.getsockname()[1]


def _serve(listener: socket.socket, port: int) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            server = socket.create_connection(("127.0.0.1", port))
            greeting = bytearray(server.recv(1 << 12))
            at = greeting.index(b"\0", _HEAD + 1) + 1 + _EXTENDED_AT
            greeting[at : at + 4] = bytes(4)
            client.sendall(greeting)
            for source, target in ((client, server), (server, client)):
                Thread(target=_pump, args=(source, target), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)

"""A relay on loopback before a MySQL-like server, at which a cluster's certification can fail.

In a Galera cluster two nodes let two transactions change the same row, and the second one's COMMIT is answered with
error 1213 and rolled back (https://galeracluster.com/library/documentation/certification-based-replication.html).
"""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Lock, Thread

from sqlalchemy.engine import URL

_COM_QUERY = b"\x03"
_DEADLOCK = b"\xff" + struct.pack("<H", 1213) + b"#40001" + b"Deadlock found when trying to get lock"


@dataclass
class Relay:
    """The relay while it is served.

    Attributes:
        url: The server's address through it.
        to_refuse: Commits that will be refused.
        refused: Commits that were.
    """

    url: URL
    to_refuse: int = 0
    refused: int = 0
    lock: Lock = field(default_factory=Lock)

    def refuses(self, packet: bytes) -> bool:
        """Say whether a packet is a COMMIT that is to be refused, and count it."""
        with self.lock:
            if not self.to_refuse or packet[4:] != _COM_QUERY + b"COMMIT":
                return False
            self.to_refuse -= 1
            self.refused += 1
            return True


@contextmanager
def relayed(url: URL) -> Iterator[Relay]:
    """Serve a relay to a server; what passes it is not encrypted."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError), socket.create_connection((str(url.host), url.port or 3306)) as server:
                Thread(target=_pass_on, args=(server, self.request), daemon=True).start()
                while packet := _packet(self.request):
                    if relay.refuses(packet):
                        # A second connection's rollback would come too late: it is this one's transaction.
                        self.server_rolls_back(server)
                    else:
                        server.sendall(packet)

        def server_rolls_back(self, server: socket.socket) -> None:
            refusing.add(self.request)
            query = _COM_QUERY + b"ROLLBACK"
            server.sendall(struct.pack("<I", len(query)) + query)

    refusing: set[socket.socket] = set()

    def _pass_on(server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while packet := _packet(server):
                if client in refusing:
                    refusing.remove(client)
                    packet = struct.pack("<I", len(_DEADLOCK) | 1 << 24) + _DEADLOCK
                client.sendall(packet)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    class Server(ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as served:
        port = served.server_address[1]
        relay = Relay(url.set(host="127.0.0.1", port=port).update_query_dict({"ssl_mode": "DISABLED"}))
        Thread(target=served.serve_forever, daemon=True).start()
        yield relay
        served.shutdown()


def _packet(connection: socket.socket) -> bytes:
    """Return the next packet with its header; empty at the end."""
    header = _exactly(connection, 4)
    return header + _exactly(connection, struct.unpack("<I", header[:3] + b"\0")[0]) if header else b""


def _exactly(connection: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size and (part := connection.recv(size - len(found))):
        found += part
    return bytes(found)

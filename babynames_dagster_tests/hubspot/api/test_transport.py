"""Whatever the wire brings is an answer or the lack of one, and never a traceback."""

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import urllib3.util.connection

from babynames_dagster.hubspot.api.answers import NO_ANSWER
from babynames_dagster.hubspot.api.transport import Exchange, Transport

_JSON = b'{"results": []}'


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join([b"HTTP/1.1 " + status, length, *headers, b"", body])


def _request(connection: socket.socket) -> bytes:
    """Read a request, and one like `exchange`'s to its end: closing on unread bytes would reset the connection."""
    request = connection.recv(65536)
    while request.startswith(b"POST") and not request.endswith(b"\r\n\r\n{}"):
        request += connection.recv(65536)
    return request


class Wire:
    """A server that sends the same bytes to whoever asks, and then closes the connection.

    Where it drips, it sends them one by one, with some seconds between two.
    """

    def __init__(self, reply: bytes, drip: float | None = None) -> None:
        self._reply = reply
        self._drip = drip
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.received: list[bytes] = []
        self.closed = threading.Semaphore(0)

    def serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                connection.settimeout(10)
                request = _request(connection)
                if not request:
                    return
                self.received.append(request)
                # A client that has read enough hangs up, in the middle of the answer if need be.
                try:
                    if self._drip is None:
                        connection.sendall(self._reply)
                    else:
                        for byte in self._reply:
                            connection.sendall(bytes([byte]))
                            time.sleep(self._drip)
                except OSError:
                    continue
            self.closed.release()

    def close(self) -> None:
        socket.create_connection(("127.0.0.1", self.port)).close()


@contextmanager
def wire(reply: bytes, drip: float | None = None) -> Iterator[Wire]:
    server = Wire(reply, drip)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


def exchange(address: str, *, times: int = 1) -> Exchange:
    transport = Transport(address, "pat-na1-token", connections=2, timeout=5)
    try:
        return [transport.exchange("POST", "/crm", body=b"{}") for _ in range(times)][-1]
    finally:
        transport.close()


@pytest.mark.parametrize(
    "reply",
    [
        answer(_JSON),
        answer(gzip.compress(_JSON), b"Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"
        + _JSON[:5]
        + b"\r\na\r\n"
        + _JSON[5:]
        + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + _JSON,
        b"HTTP/1.1 100 Continue\r\n\r\n" + answer(_JSON),
    ],
    ids=["plain", "gzip", "chunked", "until closed", "continued"],
)
def test_json_is_read_however_it_is_sent(reply: bytes) -> None:
    with wire(reply) as server:
        found = exchange(f"http://127.0.0.1:{server.port}").answer
    assert (found.status, found.payload) == (200, {"results": []})


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\x00\x01 no HTTP\r\n\r\n",
        b"HTTP/1.1 9999 \r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        answer(b"\x1f\x8bnonsense", b"Content-Encoding: gzip"),
        answer(b"", b"Location: http://[nowhere", status=b"302 Found"),
        answer(gzip.compress(bytes(80_000_000), 1), b"Content-Encoding: gzip"),
    ],
    ids=["nothing", "noise", "status", "cut off", "chunks", "header", "gzip", "location", "endless"],
)
def test_what_is_no_answer_counts_as_none(reply: bytes) -> None:
    with wire(reply) as server:
        found = exchange(f"http://127.0.0.1:{server.port}").answer
    assert found.status == NO_ANSWER
    assert found.text


@pytest.mark.parametrize("body", [b"[" * 200_000, b"9" * 10_000, b'{"results": [', b"<html>", "é".encode("latin-1")])
def test_a_body_that_is_no_json_has_no_payload(body: bytes) -> None:
    with wire(answer(body)) as server:
        found = exchange(f"http://127.0.0.1:{server.port}").answer
    assert (found.status, found.payload) == (200, None)


def test_an_answer_that_drips_in_is_not_waited_for_without_end() -> None:
    with wire(answer(b" " * 400 + _JSON), drip=0.005) as server:
        transport = Transport(f"http://127.0.0.1:{server.port}", "pat-na1-token", connections=1, timeout=0.25)
        found = transport.exchange("GET", "/crm").answer
        transport.close()
    assert found.status == NO_ANSWER
    assert "not there after 1 s" in found.text


def test_a_connection_that_the_server_closed_meanwhile_is_replaced() -> None:
    with wire(answer(_JSON, b"Connection: keep-alive")) as server:
        transport = Transport(f"http://127.0.0.1:{server.port}", "pat-na1-token", connections=1, timeout=5)
        for _ in range(3):
            assert transport.exchange("GET", "/crm").answer.status == 200
            server.closed.acquire()
        transport.close()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://no-such-host.invalid", "gaierror"),
        (f"http://{'a' * 70}.com", "label"),
        ("https://127.0.0.1:{port}", "SSLError"),
    ],
)
def test_an_address_that_leads_nowhere_is_reported_with_its_cause(address: str, said: str) -> None:
    with wire(b"no TLS") as server:
        found = exchange(address.format(port=server.port)).answer
    assert found.status == NO_ANSWER
    assert said in found.text


def test_a_ca_bundle_that_is_not_there_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle.pem")
    assert "/no/such/bundle.pem" in exchange("https://no-such-host.invalid").answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_proxy_is_passed_by_on_the_way_to_this_machine(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with wire(answer(_JSON)) as server:
        assert exchange(f"http://{host}:{server.port}").answer.status == 200


def test_a_proxy_is_used_on_the_way_to_others_unless_they_are_excepted(monkeypatch: pytest.MonkeyPatch) -> None:
    with wire(answer(_JSON)) as server:
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.port}")
        assert exchange("http://api.hubapi.invalid").answer.status == 200
        assert server.received[0].startswith(b"POST http://api.hubapi.invalid/crm ")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "api.hubapi.invalid")
        assert exchange("http://api.hubapi.invalid").answer.status == NO_ANSWER


@pytest.mark.parametrize("proxied", [False, True])
def test_a_call_is_sent_when_it_leaves_not_when_it_dials(monkeypatch: pytest.MonkeyPatch, *, proxied: bool) -> None:
    connected: list[float] = []
    dial = urllib3.util.connection.create_connection

    def noting(*arguments: object, **options: object) -> socket.socket:
        dialled = dial(*arguments, **options)  # type: ignore[arg-type]  # handed through
        connected.append(time.monotonic())
        return dialled

    monkeypatch.setattr(urllib3.util.connection, "create_connection", noting)
    with wire(answer(_JSON)) as server:
        address = f"http://127.0.0.1:{server.port}"
        if proxied:
            monkeypatch.setenv("http_proxy", address)
            address = "http://api.hubapi.invalid"
        found = exchange(address)
    assert found.answer.status == 200
    assert connected[0] <= found.sent_at <= found.answered_at

"""An HTTP proxy on loopback that asks for a login, and leads every name to one server."""

import base64
import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

USER, PASSWORD = "office", "pa ss@w:ord"
_HOP_BY_HOP = {"connection", "keep-alive", "proxy-authorization", "proxy-connection", "transfer-encoding"}


@dataclass(frozen=True)
class ServedProxy:
    """The proxy while it is served.

    Attributes:
        port: On 127.0.0.1.
        passed: The addresses that were asked for with the right login, and each that was asked for over TLS.
    """

    port: int
    passed: list[str] = field(default_factory=list)


@contextmanager
def serving_proxy(target: str) -> Iterator[ServedProxy]:
    """Serve a proxy.

    Args:
        target: The address of the server that answers for every name.
    """
    login = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    passed: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Proxy-Authorization") != login:
                self._answer(407, [("Proxy-Authenticate", 'Basic realm="office"')], b"")
                return
            passed.append(self.path)
            parts = urlsplit(self.path)
            server = http.client.HTTPConnection(urlsplit(target).netloc, timeout=30)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            server.request(self.command, parts.path + (f"?{parts.query}" if parts.query else ""), body, headers)
            answer = server.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() != "content-length"]
            self._answer(answer.status, [item for item in kept if item[0].lower() not in _HOP_BY_HOP], answer.read())
            server.close()

        def do_CONNECT(self) -> None:
            passed.append(self.path)
            self._answer(502, [], b"")

        def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _pass_on  # noqa: N815 - http.server's own names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield ServedProxy(server.server_port, passed)
        server.shutdown()

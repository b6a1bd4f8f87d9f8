"""A mail server on loopback that keeps what it is given."""

import base64
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class MailServer:
    """What a server offers, and what it got.

    Attributes:
        extensions: What its answer to EHLO offers.
        refused: Receivers it turns away.
        credentials: The one pair that it lets in; None to let in everybody without.
        messages: What it took, each with its receivers.
        lines: Every command it was sent.
    """

    extensions: tuple[str, ...] = ("AUTH PLAIN",)
    refused: frozenset[str] = frozenset()
    credentials: tuple[str, str] | None = None
    port: int = 0
    messages: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


class _Session(socketserver.StreamRequestHandler):
    """One client's conversation (RFC 5321, and AUTH PLAIN of RFC 4954)."""

    receivers: list[str]

    def handle(self) -> None:
        self.receivers = []
        self.say("220 loopback")
        for raw in self.rfile:
            line = raw.decode().strip()
            self.mail.lines.append(line)
            command = line.split(" ")[0].upper()
            if command == "QUIT":
                self.say("221 bye")
                return
            if command == "DATA":
                self.take_message()
            else:
                self.say(self.answer(command, line))

    @property
    def mail(self) -> MailServer:
        server = self.server
        assert isinstance(server, _Server)
        return server.mail

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def answer(self, command: str, line: str) -> str:
        if command == "EHLO":
            return "\r\n".join(["250-loopback", *(f"250-{name}" for name in self.mail.extensions), "250 8BITMIME"])
        if command == "STARTTLS":
            return "454 TLS not available"
        if command == "AUTH":
            _, user, password = base64.b64decode(line.split(" ")[2]).decode().split("\0")
            return "235 welcome" if (user, password) == self.mail.credentials else "535 wrong credentials"
        if command == "RCPT":
            receiver = line.split("<")[1].split(">", maxsplit=1)[0]
            if receiver in self.mail.refused:
                return "550 no such user"
            self.receivers.append(receiver)
        return "250 fine"

    def take_message(self) -> None:
        self.say("354 go on")
        lines = []
        for raw in self.rfile:
            if raw == b".\r\n":
                break
            lines.append(raw)
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.mail.messages.append((self.receivers, message))
        self.say("250 taken")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, mail: MailServer) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.mail = mail


@contextmanager
def running_mail_server(mail: MailServer) -> Iterator[MailServer]:
    """Serve mail for as long as the block lasts; sets the port."""
    with _Server(mail) as server:
        mail.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield mail
        finally:
            server.shutdown()
            thread.join()

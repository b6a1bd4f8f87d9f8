"""A private MariaDB server on loopback, in a folder of its own, with the server's default durability."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import pymysql

_SERVERS = ("mariadbd", "/usr/sbin/mariadbd", "/usr/local/sbin/mariadbd", "/usr/libexec/mariadbd")
_INSTALLERS = ("mariadb-install-db", "/usr/bin/mariadb-install-db")
_START_SECONDS = 60


class ServerMissingError(RuntimeError):
    """There is no MariaDB server binary on this machine."""


def _find(candidates: tuple[str, ...]) -> str:
    for candidate in candidates:
        found = shutil.which(candidate)
        if found:
            return found
    message = f"none of {', '.join(candidates)} is here: run `make mariadb`, or set TEST_DATABASE_URL"
    raise ServerMissingError(message)


def free_port() -> int:
    """Return a loopback port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class MariaDB:
    """One server; it can be stopped and started again under its clients."""

    def __init__(self, folder: Path, *options: str) -> None:
        """Lay out an empty data folder below `folder`; the server will be started with these options."""
        self.folder = folder
        self._options = options
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._user = ["--user=root"] if os.geteuid() == 0 else []
        data = folder / "data"
        data.mkdir(parents=True)
        laid_out = subprocess.run(  # noqa: S603 - a program of this machine with arguments of ours
            [
                _find(_INSTALLERS),
                "--no-defaults",
                f"--datadir={data}",
                f"--tmpdir={folder}",  # several in one folder take each other's temporary tables away
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                *self._user,
            ],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if laid_out.returncode != 0:
            message = f"MariaDB's data folder was not laid out:\n{laid_out.stdout[-2000:]}"
            raise RuntimeError(message)

    @property
    def url(self) -> str:
        """The server's address, without a database."""
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/"

    @property
    def process_id(self) -> int:
        """The id of the server's process while it runs.

        Raises:
            RuntimeError: It does not run.
        """
        if self._process is None:
            message = "the server does not run"
            raise RuntimeError(message)
        return self._process.pid

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a program of this machine with arguments of ours
                [
                    _find(_SERVERS),
                    "--no-defaults",
                    f"--datadir={self.folder / 'data'}",
                    f"--tmpdir={self.folder}",
                    f"--socket={self.folder / 'server.sock'}",
                    f"--pid-file={self.folder / 'server.pid'}",
                    f"--port={self.port}",
                    "--bind-address=127.0.0.1",
                    *self._user,
                    *self._options,
                ],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.connect().close()
            except pymysql.err.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log_text = (self.folder / "server.log").read_text(errors="replace")[-2000:]
                    message = f"MariaDB did not start:\n{log_text}"
                    raise RuntimeError(message) from None
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Shut the server down in order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=60)
            self._process = None

    def kill(self) -> None:
        """Take the server away from under its clients."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=60)
            self._process = None

    def connect(self) -> "pymysql.connections.Connection[pymysql.cursors.Cursor]":
        """Return a connection without a database."""
        return pymysql.connect(host="127.0.0.1", port=self.port, user="root", autocommit=True)


@contextmanager
def running_mariadb(folder: Path, *options: str) -> Iterator[MariaDB]:
    """Run a private server with these options for as long as the block lasts."""
    server = MariaDB(folder, *options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class StartMariaDB(Protocol):
    """Starts a private server in a folder, with options of its own; see `running_mariadb`."""

    def __call__(self, folder: Path, *options: str) -> AbstractContextManager[MariaDB]:
        """Yield the server, and stop it at the end."""
        ...

"""How a server is reached: TLS, the password's bytes, and an end to every wait.

What belongs here: what the driver is given, and what it does not do by itself. What does not: how an address is written
(`settings/address.py`), and the session (`mysql_session.py`).
"""

import ssl
from contextlib import AbstractContextManager
from typing import Any

import pymysql
from pymysql.connections import Connection
from sqlalchemy.engine import URL
from typing_extensions import override

from babynames_dagster.database.connection.array_binding import ArrayBinding, PackedRows
from babynames_dagster.database.connection.mysql_session import StatementCursor
from babynames_dagster.database.connection.waiting import bound_of_locks, waiting

DEFAULT_TIMEOUT = 60
_CONNECT_SECONDS = 10
_NO_ANSWER = 2003
_TLS_FAILED = 2026
_SHOWN = 200


def timeout_of(url: URL) -> int:
    """Return for how many seconds to wait for a lock, at most."""
    given = url.query.get("timeout")
    return int(str(given)) if given else DEFAULT_TIMEOUT


def shown_address(url: URL) -> str:
    """Return an address for people: without its password, and without how it is reached."""
    return url.set(query={}).render_as_string(hide_password=True)


def connect(url: URL) -> "Connection[Any]":
    """Connect to a MySQL-like server.

    A greeting may take 10 s, or DB_TIMEOUT where that is less. An answer may take twice DB_TIMEOUT, so that the server,
    which waits for a lock no longer than DB_TIMEOUT, says itself what it waited for.

    Raises:
        pymysql.Error: What the server or the driver said.
    """
    timeout = timeout_of(url)
    return _Connection(
        host=url.host,
        port=url.port or 3306,
        user=url.username,
        # PyMySQL would encode a text as latin-1; servers compare UTF-8.
        password=str(url.password or "").encode(),
        database=url.database,
        unix_socket=url.query.get("unix_socket"),
        charset="utf8mb4",
        cursorclass=StatementCursor,
        client_flag=pymysql.constants.CLIENT.FOUND_ROWS,
        connect_timeout=min(_CONNECT_SECONDS, timeout),
        read_timeout=2 * timeout,
        write_timeout=2 * timeout,
        **_tls(url),
    )


def _tls(url: URL) -> dict[str, Any]:
    """Return the driver's TLS arguments: none where the driver's default is meant."""
    mode = url.query.get("ssl_mode", "PREFERRED")
    if mode == "DISABLED":
        return {"ssl_disabled": True}
    if mode == "PREFERRED":
        return {}
    authority, certificate = url.query.get("ssl_ca"), url.query.get("ssl_cert")
    try:
        context = ssl.create_default_context(cafile=str(authority) if authority else None)
        # Servers make themselves certificates that lack what newer Pythons insist on.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.check_hostname = mode == "VERIFY_IDENTITY"
        if mode == "REQUIRED":
            context.verify_mode = ssl.CERT_NONE
        if certificate:
            context.load_cert_chain(str(certificate), str(url.query.get("ssl_key") or certificate))
    except OSError as error:
        files = ", ".join(str(file) for file in (authority, certificate, url.query.get("ssl_key")) if file)
        raise pymysql.err.OperationalError(_TLS_FAILED, f"TLS can't be set up with {files}: {error}") from error
    return {"ssl": context}


class _Connection(ArrayBinding):
    """Bounds the wait for the greeting, and lets no error but the driver's own out."""

    _read_timeout: float | None
    _write_timeout: float | None

    @override
    def connect(self, sock: Any = None) -> None:
        patience, self._read_timeout = self._read_timeout, self.connect_timeout
        try:
            with waiting(self._place, "connecting", f"a connection is waited for {self.connect_timeout} s at most"):
                super().connect(sock)
        except pymysql.err.Error as error:
            if self.server_version or error.args[0] == _NO_ANSWER:
                raise
            raise self._no_server(error) from error
        except Exception as error:  # what speaks another protocol can make the driver fail anywhere
            raise self._no_server(error) from error
        finally:
            self._read_timeout = patience

    @override
    def query(self, sql: Any, unbuffered: bool = False) -> int:
        text = sql if isinstance(sql, str) else bytes(sql[:_SHOWN]).decode(errors="replace")
        with self._waiting(text):
            return super().query(sql, unbuffered)

    @override
    def execute_rows(self, statement: str, rows: PackedRows) -> None:
        with self._waiting(statement):
            super().execute_rows(statement, rows)

    @override
    def commit(self) -> None:
        with self._waiting("COMMIT"):
            super().commit()

    def _waiting(self, statement: str) -> AbstractContextManager[None]:
        return waiting(self._place, statement, bound_of_locks(int(self._write_timeout or 0) // 2))

    @property
    def _place(self) -> str:
        return f"The database at {self.unix_socket or self.host}"

    def _no_server(self, error: Exception) -> pymysql.err.OperationalError:
        where = self.unix_socket or f"{self.host}:{self.port}"
        return pymysql.err.OperationalError(
            _NO_ANSWER, f"What listens on {where} does not answer as a MySQL server does: {error}"
        )

"""What a database server's error means: its code here, and whether a retry can help.

What belongs here: the tables of server error numbers. What does not: the retrying.
Numbers: MySQL Server Error Message Reference and MariaDB Error Codes.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from babynames_dagster.database.connection.reach import shown_address
from babynames_dagster.errors import ErrorCode, PipelineError

_MYSQL_CODES = {
    1044: ErrorCode.DB_PERMISSION_DENIED,
    1045: ErrorCode.DB_AUTH_ERROR,
    1698: ErrorCode.DB_AUTH_ERROR,
    1049: ErrorCode.DB_NOT_FOUND,
    1142: ErrorCode.DB_PERMISSION_DENIED,
    1143: ErrorCode.DB_PERMISSION_DENIED,
    1227: ErrorCode.DB_PERMISSION_DENIED,
    1146: ErrorCode.DB_SCHEMA_OUTDATED,
    1054: ErrorCode.DB_SCHEMA_OUTDATED,
    1021: ErrorCode.DISK_FULL,
    1114: ErrorCode.DISK_FULL,
    1205: ErrorCode.DB_LOCK_TIMEOUT,
    1213: ErrorCode.DB_BUSY,
    1290: ErrorCode.DB_READ_ONLY,
    1020: ErrorCode.DB_BUSY,
    1040: ErrorCode.DB_BUSY,
    1203: ErrorCode.DB_BUSY,
    1792: ErrorCode.DB_READ_ONLY,
    1836: ErrorCode.DB_READ_ONLY,
    1129: ErrorCode.DB_AUTH_ERROR,
    1130: ErrorCode.DB_AUTH_ERROR,
    1820: ErrorCode.DB_AUTH_ERROR,
    1862: ErrorCode.DB_AUTH_ERROR,
    3118: ErrorCode.DB_AUTH_ERROR,
    3159: ErrorCode.DB_TLS_ERROR,
    4151: ErrorCode.DB_AUTH_ERROR,
    2026: ErrorCode.DB_TLS_ERROR,
    1226: ErrorCode.DB_BUSY,
    1684: ErrorCode.DB_BUSY,
    1969: ErrorCode.DB_LOCK_TIMEOUT,
    3024: ErrorCode.DB_LOCK_TIMEOUT,
    1053: ErrorCode.DB_CONNECTION_LOST,
    1927: ErrorCode.DB_CONNECTION_LOST,
    2003: ErrorCode.DB_UNREACHABLE,
    2005: ErrorCode.DB_UNREACHABLE,
    2002: ErrorCode.DB_UNREACHABLE,
    3032: ErrorCode.DB_UNREACHABLE,
    3168: ErrorCode.DB_UNREACHABLE,
    2006: ErrorCode.DB_CONNECTION_LOST,
    1317: ErrorCode.DB_CONNECTION_LOST,
    2013: ErrorCode.DB_CONNECTION_LOST,
    2014: ErrorCode.DB_CONNECTION_LOST,
    4031: ErrorCode.DB_CONNECTION_LOST,
}

_NODE_NOT_READY = 1047
_COMMIT_FAILED = 1180
_OPTION = 1290
_SAYS_READ_ONLY = re.compile("read.only", re.IGNORECASE)

_SQLITE_PHRASES = (
    ("database is locked", ErrorCode.DB_LOCK_TIMEOUT),
    ("database table is locked", ErrorCode.DB_LOCK_TIMEOUT),
    ("readonly database", ErrorCode.FILE_NOT_WRITABLE),
    ("unable to open database file", ErrorCode.FILE_NOT_WRITABLE),
    ("disk is full", ErrorCode.DISK_FULL),
    ("disk I/O error", ErrorCode.DISK_FULL),
    ("no such table", ErrorCode.DB_SCHEMA_OUTDATED),
    ("no such column", ErrorCode.DB_SCHEMA_OUTDATED),
)
_DAMAGE = ("file is not a database", "database disk image is malformed")
"""SQLite's SQLITE_NOTADB and SQLITE_CORRUPT (sqlite.org/rescode.html)."""
_DAMAGED = (
    "Restore a back-up, or move the file away: names are loaded again, and `babynames reconcile` adopts contacts."
)

_MORE_CONNECTIONS = (
    "Wait until its other connections have ended; if there are none, let its administrator raise MAX_USER_CONNECTIONS: "
    "a run needs three."
)
_REMEDIES = {
    "disk I/O error": "Free some space on that disk; if there is some, let the file lie on a disk of this machine.",
    "server doesn't support it": "Switch TLS on in the server; or, where nobody can listen, ask for none: leave out "
    "DB_SSL_CA, and ssl-mode and the like in DATABASE_URL.",
    "(error 3032)": "Wait until the server's administrator has ended its offline mode.",
    "(error 1203)": _MORE_CONNECTIONS,
    "(error 1226)": _MORE_CONNECTIONS,
}

_TLS_PHRASES = (
    "CERTIFICATE_VERIFY_FAILED",
    "certificate verify failed",
    "[SSL",
    "SSL connection error",
    "secure_transport",
)


@contextmanager
def translated_errors(url: URL) -> Iterator[None]:
    """Turn the driver's errors into PipelineErrors that name the server, and never its password."""
    try:
        yield
    except SQLAlchemyError as error:
        raise translate(error, url) from error


def is_cut_off(error: BaseException) -> bool:
    """Say whether a driver's error is that of a Galera node which has lost its cluster: it answers, and does nothing.

    Another connection may lead to another node, so that this one counts as lost (`DB_CONNECTION_LOST`). Seen with
    MariaDB 10.11 and Galera 26.4: error 1180 at COMMIT, 1047 from then on.
    """
    number, text = _number_and_text(error)
    return number == _NODE_NOT_READY or (number == _COMMIT_FAILED and "Primary Component" in text)


def translate(error: SQLAlchemyError, url: URL) -> PipelineError:
    """Return what a driver's error means for people.

    Args:
        error: What SQLAlchemy raised.
        url: The database that was talked to.
    """
    code, text = meaning(error)
    return PipelineError(code, f"{shown_address(url)}: {text}", remedy=remedy_of(error))


def remedy_of(error: SQLAlchemyError) -> str | None:
    """Return the remedy of a driver's error that has one of its own, apart from its code's."""
    if is_damage(error):
        return _DAMAGED
    _, text = meaning(error)
    return next((remedy for phrase, remedy in _REMEDIES.items() if phrase in text), None)


def is_damage(error: SQLAlchemyError) -> bool:
    """Say whether SQLite finds its file damaged, or no database at all."""
    return is_of_sqlite(error) and any(phrase in str(error) for phrase in _DAMAGE)


def is_of_sqlite(error: SQLAlchemyError) -> bool:
    """Say whether an error is about a SQLite file, and no server."""
    return isinstance(getattr(error, "orig", None), sqlite3.Error)


def meaning(error: SQLAlchemyError) -> tuple[ErrorCode, str]:
    """Return the code of a driver's error, and the server's own words."""
    original = getattr(error, "orig", None)
    number, text = _number_and_text(original if original is not None else error)
    return _code(error, number, text), text


def _number_and_text(error: BaseException) -> tuple[int | None, str]:
    arguments = error.args
    if len(arguments) > 1 and isinstance(arguments[0], int):
        return arguments[0], f"{arguments[1]} (error {arguments[0]})"
    return None, str(error).splitlines()[0] if str(error) else type(error).__name__


def _code(error: SQLAlchemyError, number: int | None, text: str) -> ErrorCode:
    if any(phrase in text for phrase in _TLS_PHRASES):
        return ErrorCode.DB_TLS_ERROR
    if number in _MYSQL_CODES:
        return ErrorCode.DB_ERROR if number == _OPTION and not _SAYS_READ_ONLY.search(text) else _MYSQL_CODES[number]
    for phrase, code in _SQLITE_PHRASES:
        if phrase in text:
            return code
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    # PyMySQL reports a connection that was closed under it as InterfaceError(0, '').
    if lost or (isinstance(error, InterfaceError) and isinstance(error, DBAPIError) and number in (None, 0)):
        return ErrorCode.DB_CONNECTION_LOST
    if isinstance(error, OperationalError) and "cryptography" in text:
        return ErrorCode.DB_AUTH_ERROR
    return ErrorCode.DB_ERROR

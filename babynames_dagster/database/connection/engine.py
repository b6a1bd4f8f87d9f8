"""The engine and the two kinds of transaction.

What belongs here: how a connection is opened and set up on each server. What does not: statements.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.pool import ConnectionPoolEntry

from babynames_dagster.common.paths import resolved
from babynames_dagster.database.connection.failures import is_cut_off, translated_errors
from babynames_dagster.database.connection.mysql_session import prepare_session
from babynames_dagster.database.connection.reach import connect, shown_address, timeout_of
from babynames_dagster.database.connection.waiting import bound_of_locks, waiting
from babynames_dagster.errors import ErrorCode, PipelineError


def utc_now() -> datetime:
    """Return this moment as the tables keep it: UTC, without a zone, to the millisecond."""
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def is_unmade(url: URL) -> bool:
    """Say whether a database is a SQLite file that is not there yet."""
    return url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists()


def open_engine(url: URL, *, makes_file: bool = True) -> Engine:
    """Return an engine for a MySQL-like server or a SQLite file; nothing is connected yet.

    Args:
        url: `mysql+pymysql://...` or `sqlite:///file`.
        makes_file: Whether a SQLite file and its folder are made where they are missing. Else connecting raises
            DB_NOT_FOUND until the file is there.

    Raises:
        PipelineError: FILE_NOT_WRITABLE where the SQLite file's folder can't be made.
    """
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(url, makes_file=makes_file)
    return _open_server(url)


@contextmanager
def opened_engine(url: URL, *, makes_file: bool = True) -> Iterator[Engine]:
    """Open an engine, and close its connections at the end; arguments and errors as for `open_engine`."""
    engine = open_engine(url, makes_file=makes_file)
    try:
        yield engine
    finally:
        engine.dispose()


def _open_server(url: URL) -> Engine:
    engine = sa.create_engine(url, pool_pre_ping=True, pool_recycle=1800)

    @event.listens_for(engine, "do_connect")
    def _connect(*_: object) -> Any:  # noqa: ANN401 - the driver's own type
        return connect(url)

    # First of all listeners: SQLAlchemy's own, which learns about the server, relies on the session as well.
    @event.listens_for(engine, "connect", insert=True)
    def _set_up(connection: Any, record: ConnectionPoolEntry) -> None:  # noqa: ANN401 - the driver's own type
        prepare_session(connection, record.info, lock_seconds=timeout_of(url))

    @event.listens_for(engine, "handle_error")
    def _leave_node(context: sa.ExceptionContext) -> None:
        if is_cut_off(context.original_exception):
            context.is_disconnect = True

    return engine


def _open_sqlite(url: URL, *, makes_file: bool) -> Engine:
    if makes_file:
        _make_folder(resolved(Path(str(url.database)).expanduser()).parent)
    engine = sa.create_engine(url.set(query={}), connect_args={"timeout": timeout_of(url)})

    @event.listens_for(engine, "do_connect")
    def _require_file(*_: object) -> None:
        if not makes_file and is_unmade(url):
            raise PipelineError(
                ErrorCode.DB_NOT_FOUND,
                f"{shown_address(url)} is not there yet.",
                remedy="`babynames migrate`, or the next run, makes it; --data-dir names another folder.",
            )

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own type
        connection.isolation_level = None  # SQLAlchemy, not the driver, says BEGIN
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that turns into a writing one fails at once instead of waiting its turn.
        writes = connection.get_execution_options().get("writes", False)
        with waiting(f"The file {url.database}", "BEGIN", bound_of_locks(timeout_of(url))):
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PipelineError(
            ErrorCode.FILE_NOT_WRITABLE, f"The database's folder {folder} can't be made: {error.strerror}."
        ) from error


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that writes; it commits at the end, and rolls back on an error.

    Raises:
        PipelineError: What the server said, as one of the DB_* codes.
    """
    with (
        translated_errors(engine.url),
        engine.connect() as connection,
        connection.execution_options(writes=True).begin(),
    ):
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that only reads.

    Raises:
        PipelineError: What the server said, as one of the DB_* codes.
    """
    with translated_errors(engine.url), engine.connect() as connection:
        yield connection

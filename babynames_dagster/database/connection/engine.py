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
from babynames_dagster.database.connection.reach import connect, timeout_of
from babynames_dagster.database.connection.waiting import bound_of_locks, waiting
from babynames_dagster.errors import ErrorCode, PipelineError


def utc_now() -> datetime:
    """Return this moment as the tables keep it: UTC, without a zone, to the millisecond."""
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def open_engine(url: URL) -> Engine:
    """Return an engine for a MySQL-like server or a SQLite file; nothing is connected yet.

    Args:
        url: `mysql+pymysql://...` or `sqlite:///file`; a SQLite file's folder is made where it is missing.

    Raises:
        PipelineError: FILE_NOT_WRITABLE where the SQLite file's folder can't be made.
    """
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(url)
    return _open_server(url)


@contextmanager
def opened_engine(url: URL) -> Iterator[Engine]:
    """Open an engine, and close its connections at the end; `url` and errors as for `open_engine`."""
    engine = open_engine(url)
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


def _open_sqlite(url: URL) -> Engine:
    folder = resolved(Path(str(url.database)).expanduser()).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PipelineError(
            ErrorCode.FILE_NOT_WRITABLE, f"The database's folder {folder} can't be made: {error.strerror}."
        ) from error
    engine = sa.create_engine(url.set(query={}), connect_args={"timeout": timeout_of(url)})

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

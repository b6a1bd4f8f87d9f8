"""Named locks of a MySQL-like server, which end with the connection that holds them.

What belongs here: taking one, giving it back, and servers that have none. What does not: what is locked.
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from babynames_dagster.database.connection.failures import translated_errors

_log = logging.getLogger(__name__)


def lock_name(engine: Engine, what: str, *which: int) -> str:
    """Return a lock's name, at most 64 characters: a server's databases share names, and the locks must not meet.

    Args:
        engine: The database.
        what: What is locked.
        which: Which of them, by numbers.
    """
    database = hashlib.sha256(str(engine.url.database).encode()).hexdigest()[:16]
    return ".".join(("babynames", what, database, *map(str, which)))


@contextmanager
def named_lock(engine: Engine, name: str, *, seconds: int) -> Iterator[bool]:
    """Hold a lock for as long as the block lasts, on a connection of its own.

    Some servers refuse named locks, such as Percona XtraDB Cluster in its strict mode. The lock then counts as taken,
    with a warning: what it guards must allow for that.

    Args:
        engine: A MySQL-like server.
        name: The lock; see `lock_name`.
        seconds: How long to wait for it.

    Yields:
        Whether it was to be had in time.

    Raises:
        PipelineError: Any DB_* code, when the lock is taken.
    """
    with translated_errors(engine.url):
        connection = engine.connect()
    with connection:
        with translated_errors(engine.url):
            taken, is_held = _take(connection, name, seconds)
        try:
            yield taken
        finally:
            if is_held:
                with suppress(SQLAlchemyError):  # the server may have gone, and the lock with it
                    connection.execute(sa.text("SELECT RELEASE_LOCK(:name)"), {"name": name})


def _take(connection: Connection, name: str, seconds: int) -> tuple[bool, bool]:
    """Return whether to continue as if the lock were ours, and whether it is."""
    try:
        taken = connection.execute(sa.text("SELECT GET_LOCK(:name, :seconds)"), {"name": name, "seconds": seconds})
        is_held = bool(taken.scalar())
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        _log.warning("The server refuses named locks (%s): start no second load or migration meanwhile.", error.orig)
        connection.rollback()
        return True, False
    connection.commit()
    return is_held, is_held

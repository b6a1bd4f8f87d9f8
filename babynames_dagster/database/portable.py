"""Statements that differ from server to server."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.engine import Connection

Item = TypeVar("Item")

KEYS_LISTED = 500
"""Keys that an IN (...) may list: some 20 bytes each, below the least max_allowed_packet that is accepted."""


def slices(items: Sequence[Item], size: int = KEYS_LISTED) -> Iterator[Sequence[Item]]:
    """Yield the items in order, so many at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def server_clock(connection: Connection) -> str:
    """Return the query for seconds since 1970 by the database's clock, as finely as it gives them."""
    if connection.dialect.name == "sqlite":
        # julianday() is the finest clock that every SQLite has; 2440587.5 is 1970-01-01.
        return "SELECT (julianday('now') - 2440587.5) * 86400.0"
    return "SELECT UNIX_TIMESTAMP(SYSDATE(6))"


def insert_if_missing(connection: Connection, table: sa.Table) -> sa.Insert:
    """Return an insert that leaves a row with the same key as it is."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return mysql.insert(table).prefix_with("IGNORE")

"""Statements that each server says in words of its own.

What belongs here: those that need no knowledge of a table. What does not: bulk writing (`bulk.py`).
"""

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.engine import Connection


def server_clock(connection: Connection) -> str:
    """Return the query for seconds since 1970 by the database's clock, as finely as it tells them."""
    if connection.dialect.name == "sqlite":
        # julianday() is the finest clock that every SQLite has; 2440587.5 is 1970-01-01.
        return "SELECT (julianday('now') - 2440587.5) * 86400.0"
    return "SELECT UNIX_TIMESTAMP(SYSDATE(6))"


def insert_if_missing(connection: Connection, table: sa.Table) -> sa.Insert:
    """Return an insert that leaves a row with the same key as it is."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return mysql.insert(table).prefix_with("IGNORE")

"""Statements that each server says in words of its own.

What belongs here: those that need no knowledge of a table. What does not: bulk writing (`bulk.py`).
"""

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.engine import Connection


def insert_if_missing(connection: Connection, table: sa.Table) -> sa.Insert:
    """Return an insert that leaves a row with the same key as it is."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return mysql.insert(table).prefix_with("IGNORE")

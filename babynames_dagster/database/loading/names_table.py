"""Statements about `baby_names`.

What belongs here: inserting names, counting and reading them. What does not: what a name is.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from babynames_dagster.database.connection.paging import whole_page
from babynames_dagster.database.loading import bulk
from babynames_dagster.database.tables import baby_names

_COLUMNS = ("slug", "name", "sex", "initial", "line")
_INTO = "INSERT INTO baby_names (slug, name, sex, initial, source_line, load_id, created_at, updated_at)"
_SQLITE_INSERT = f"{_INTO} VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (slug) DO NOTHING"
# A bound JSON list joins by the unique key however long it is; a long IN list makes optimizers scan the table.
_SLUG_LIST = "JSON_TABLE(%s, '$[*]' COLUMNS (slug VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PATH '$')) AS item"
_FIND = f"SELECT found.slug, found.id FROM {_SLUG_LIST} STRAIGHT_JOIN baby_names AS found ON found.slug = item.slug"  # noqa: S608 - no input is in it
# AUTOINCREMENT spends an id on each row that ON CONFLICT skips, so rows that are there are best not sent.
_SQLITE_FIND = "SELECT slug, id FROM baby_names WHERE slug IN (SELECT value FROM json_each(?))"
_MISSING = (
    f"SELECT item.slug FROM {_SLUG_LIST} LEFT JOIN baby_names AS found ON found.slug = item.slug "  # noqa: S608 - no input is in it
    "WHERE found.id IS NULL"
)
_COUNT = (
    f"SELECT COUNT(*), COUNT(found.id) FROM {_SLUG_LIST} "  # noqa: S608 - no input is in it
    "LEFT JOIN baby_names AS found ON found.slug = item.slug"
)
_SQLITE_COUNT = (
    "SELECT COUNT(*), COUNT(found.id) FROM json_each(?) AS item "
    "LEFT JOIN baby_names AS found ON found.slug = item.value"
)
_UNSEEN = "load_id <> {me} AND (seen_load_id IS NULL OR seen_load_id <> {me})"


class NameRow(NamedTuple):
    """One row of the table."""

    id: int
    slug: str
    name: str
    sex: str
    initial: str


def insert_names(connection: Connection, rows: pa.Table, *, load_id: int, now: datetime, all_new: bool) -> int:
    """Insert the names that are not there yet; no auto-increment id is spent on the others.

    Args:
        connection: An open writing transaction.
        rows: `slug`, `name`, `sex`, `initial` and `line`: each slug once, best sorted by it.
        load_id: The load that brings them.
        now: The moment to keep with them, UTC.
        all_new: Whether to send them without looking first; if one is there after all, that is an error.

    Returns:
        How many were inserted.

    Raises:
        PipelineError: DB_BUSY where one of them appeared in the meantime: try again with `all_new` off.
    """
    if connection.dialect.name == "sqlite":
        if not all_new:
            there = find_ids(connection, rows["slug"].combine_chunks())
            rows = rows.filter(pc.invert(pc.is_in(rows["slug"], pa.array(there, pa.string()))))
        stamp = now.isoformat(" ", "microseconds")
        columns = (rows[name].to_pylist() for name in _COLUMNS)
        values = [(*row, load_id, stamp, stamp) for row in zip(*columns, strict=True)]
        inserted = connection.exec_driver_sql(_SQLITE_INSERT, values).rowcount if values else 0
        if inserted != len(values):
            bulk.require_all(len(values), count_there(connection, rows["slug"].combine_chunks()), "baby_names")
        return inserted
    if not all_new:
        rows = _missing(connection, rows)
    stamp = now.isoformat(" ", "milliseconds")
    arrays = [rows[name].combine_chunks() for name in _COLUMNS]
    constants = f"{load_id},'{stamp}','{stamp}'"
    slugs = rows["slug"].combine_chunks()
    return bulk.insert(connection, _INTO, arrays, constants, "baby_names", lambda: count_there(connection, slugs))


def count_there(connection: Connection, slugs: pa.StringArray) -> int:
    """Return how many of these different slugs are in the table, by the server's own count.

    Raises:
        PipelineError: DB_ERROR where the server did not look for all of them.
    """
    if connection.dialect.name == "sqlite":
        statement, lists = _SQLITE_COUNT, iter([json.dumps(slugs.to_pylist())])
    else:
        statement, lists = _COUNT, _slug_lists(connection, slugs)
    counts = [connection.exec_driver_sql(statement, (listed,)).one() for listed in lists]
    bulk.require_all(len(slugs), sum(asked for asked, _ in counts), "baby_names")
    return sum(there for _, there in counts)


def mark_seen(connection: Connection, slugs: pa.StringArray, *, load_id: int) -> int:
    """Mark the rows that this load meets for the first time and did not insert.

    Args:
        connection: An open writing transaction.
        slugs: Names that the file holds.
        load_id: The load that met them.

    Returns:
        How many were not marked before: they were present before the load.
    """
    if connection.dialect.name == "sqlite":
        condition = _UNSEEN.format(me="?")
        statement = f"UPDATE baby_names SET seen_load_id = ? WHERE slug = ? AND {condition}"  # noqa: S608 - no input is in it
        values = [(load_id, slug, load_id, load_id) for slug in slugs.to_pylist()]
        return connection.exec_driver_sql(statement, values).rowcount
    condition = _UNSEEN.format(me="%s")
    statement = (
        f"UPDATE {_SLUG_LIST} STRAIGHT_JOIN baby_names AS found ON found.slug = item.slug "  # noqa: S608 - no input is in it
        f"SET found.seen_load_id = %s WHERE {condition}"
    )
    return sum(
        connection.exec_driver_sql(statement, (listed, load_id, load_id, load_id)).rowcount
        for listed in _slug_lists(connection, slugs)
    )


def find_ids(connection: Connection, slugs: pa.StringArray) -> dict[str, int]:
    """Return the ids of those slugs that are in the table.

    Args:
        connection: An open transaction.
        slugs: Any number.
    """
    if connection.dialect.name == "sqlite":
        statement, lists = _SQLITE_FIND, iter([json.dumps(slugs.to_pylist())])
    else:
        statement, lists = _FIND, _slug_lists(connection, slugs)
    found: dict[str, int] = {}
    for listed in lists:
        found.update((slug, row_id) for slug, row_id in connection.exec_driver_sql(statement, (listed,)))
    return found


def _missing(connection: Connection, rows: pa.Table) -> pa.Table:
    """Return those rows whose slugs are not in the table.

    The server's count decides, and its list of the missing ones has to agree: a list may be cut short without a word.
    """
    slugs = rows["slug"].combine_chunks()
    wanted = len(slugs) - count_there(connection, slugs)
    while wanted not in {0, len(slugs)}:
        lists = _slug_lists(connection, slugs)
        missing = [slug for listed in lists for (slug,) in connection.exec_driver_sql(_MISSING, (listed,))]
        if len(missing) == wanted:
            return rows.filter(pc.is_in(rows["slug"], pa.array(missing, pa.string())))
        # Each statement sees what other loads have committed by then; a list is cut short where that is not the reason.
        after = len(slugs) - count_there(connection, slugs)
        if after == wanted:
            bulk.require_all(wanted, len(missing), "baby_names")
        wanted = after
    return rows.slice(0, wanted)


def _slug_lists(connection: Connection, slugs: pa.StringArray) -> Iterator[str]:
    """Yield slugs as JSON lists; nothing in a slug needs escaping, but a driver doubles each quote."""
    quoted = bulk.enclosed('"', slugs, '"')
    for listed in bulk.value_lists(connection, quoted, growth=2):
        yield f"[{listed}]"


def sample_names(engine: Engine, *, limit: int) -> Sequence[NameRow]:
    """Return the table's first rows by id."""
    return [NameRow(*row) for row in whole_page(engine, _name_rows().limit(limit))]


def _name_rows() -> sa.Select[int, str, str, str, str]:
    row = baby_names.c
    return sa.select(row.id, row.slug, row.name, row.sex, row.initial).order_by(row.id)

"""Writing `baby_name_years`.

What belongs here: inserting and correcting births. What does not: reading them (`database/births.py`), and what a
row means.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.engine import Connection

from babynames_dagster.database.loading import bulk
from babynames_dagster.database.loading.loads import RowCounts

_COLUMNS = ("name_id", "year", "births")
_INTO = "INSERT INTO baby_name_years (name_id, year, births, load_id)"
_SQLITE_INSERT = f"{_INTO} VALUES (?, ?, ?, ?) ON CONFLICT (name_id, year) DO NOTHING"
_SQLITE_UPDATE = "UPDATE baby_name_years SET births = ?, load_id = ? WHERE name_id = ? AND year = ? AND load_id <> ?"
_ITEMS = (
    "JSON_TABLE(%s, '$[*]' COLUMNS "
    "(name_id BIGINT PATH '$[0]', year SMALLINT PATH '$[1]', births INT PATH '$[2]')) AS item"
)
_SAME = "found.name_id = item.name_id AND found.year = item.year"
_MISSING = (
    f"SELECT item.name_id, item.year FROM {_ITEMS} LEFT JOIN baby_name_years AS found ON {_SAME} "  # noqa: S608 - no input is in it
    "WHERE found.name_id IS NULL"
)
_COUNT = f"SELECT COUNT(*), COUNT(found.name_id) FROM {_ITEMS} LEFT JOIN baby_name_years AS found ON {_SAME}"  # noqa: S608 - no input is in it
_UPDATE = (
    f"UPDATE {_ITEMS} STRAIGHT_JOIN baby_name_years AS found ON {_SAME} "  # noqa: S608 - no input is in it
    "SET found.births = item.births, found.load_id = %s WHERE found.load_id <> %s"
)

_KEY_FACTOR = 10_000
"""Years have four digits, so `name_id * 10,000 + year` is one number per row."""


def upsert_years(connection: Connection, rows: pa.Table, *, load_id: int, all_new: bool) -> RowCounts:
    """Insert births, and correct those that an earlier load wrote; what is neither, this very load wrote before.

    Args:
        connection: An open writing transaction.
        rows: `name_id`, `year` and `births`: each name and year once, best sorted by them.
        load_id: The load that brings them.
        all_new: Whether to send them without looking first; if one is there after all, that is an error.

    Raises:
        PipelineError: DB_BUSY where one of them appeared in the meantime: try again with `all_new` off.
    """
    if not rows.num_rows:
        return RowCounts()
    if connection.dialect.name == "sqlite":
        return _upsert_on_sqlite(connection, rows, load_id)
    there = rows.slice(0, 0)
    if not all_new:
        there, rows = _there_and_missing(connection, rows)
    columns = [rows[name].combine_chunks() for name in _COLUMNS]
    inserted = bulk.insert(
        connection, _INTO, columns, str(load_id), "baby_name_years", lambda: _count_there(connection, rows)
    )
    present = sum(
        connection.exec_driver_sql(_UPDATE, (listed, load_id, load_id)).rowcount
        for listed in _json_lists(connection, there)
    )
    return RowCounts(inserted=inserted, present=present)


def _upsert_on_sqlite(connection: Connection, rows: pa.Table, load_id: int) -> RowCounts:
    columns = [rows[name].to_pylist() for name in _COLUMNS]
    new = [(*row, load_id) for row in zip(*columns, strict=True)]
    inserted = connection.exec_driver_sql(_SQLITE_INSERT, new).rowcount
    if inserted == len(new):
        return RowCounts(inserted=inserted)
    there = [(births, load_id, name_id, year, load_id) for name_id, year, births, _ in new]
    return RowCounts(inserted=inserted, present=connection.exec_driver_sql(_SQLITE_UPDATE, there).rowcount)


def _there_and_missing(connection: Connection, rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Part rows by whether the table has them; the server's count decides, and its list has to agree."""
    wanted = rows.num_rows - _count_there(connection, rows)
    if wanted in {0, rows.num_rows}:
        return rows.slice(wanted), rows.slice(0, wanted)
    missing = [
        name_id * _KEY_FACTOR + year
        for listed in _json_lists(connection, rows)
        for name_id, year in connection.exec_driver_sql(_MISSING, (listed,))
    ]
    bulk.require_all(wanted, len(missing), "baby_name_years")
    is_missing = pc.is_in(_keys(rows), pa.array(missing, pa.int64()))
    return rows.filter(pc.invert(is_missing)), rows.filter(is_missing)


def _count_there(connection: Connection, rows: pa.Table) -> int:
    """Return how many of the rows are in the table, by the server's own count."""
    counts = [connection.exec_driver_sql(_COUNT, (listed,)).one() for listed in _json_lists(connection, rows)]
    bulk.require_all(rows.num_rows, sum(asked for asked, _ in counts), "baby_name_years")
    return sum(there for _, there in counts)


def _keys(rows: pa.Table) -> pa.ChunkedArray:
    return pc.add(pc.multiply(rows["name_id"], _KEY_FACTOR), rows["year"])


def _json_lists(connection: Connection, rows: pa.Table) -> Iterator[str]:
    items = bulk.joined(*(rows[name].combine_chunks() for name in _COLUMNS))
    for listed in bulk.value_lists(connection, bulk.enclosed("[", items, "]")):
        yield f"[{listed}]"

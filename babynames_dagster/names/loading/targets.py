"""The two tables that are loaded: what a load has to know of each.

What belongs here: how stream rows become the table's rows. What does not: SQL (`database/`), and the course of a load
(`load.py`).
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.engine import Connection, Engine

from babynames_dagster.database.births import delete_orphans, has_orphans
from babynames_dagster.database.connection.engine import reading, utc_now
from babynames_dagster.database.loading.loaded_rows import count_rows_of_load
from babynames_dagster.database.loading.loads import LoadRow, RowCounts, earlier_load_went_on
from babynames_dagster.database.loading.names_table import (
    find_ids,
    insert_names,
    mark_seen,
)
from babynames_dagster.database.loading.years_table import upsert_years
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.names.loading.pairs import PairMemory

_IDS_REMEMBERED = 400_000
_MISSING_SHOWN = 3


class Target(Protocol):
    """A table that is loaded."""

    def keeps(self, load: LoadRow) -> bool:
        """Return whether what a load has written so far is still there."""

    def holds(self, load: LoadRow) -> bool:
        """Return whether every row that a finished load brought or met is certain to be still there."""

    def tidy(self, connection: Connection) -> bool:
        """Delete some rows that belong to nothing any more, before a load; return whether there may be more."""

    def pick(self, groups: pa.RecordBatch) -> Sequence[int]:
        """Return the indices of the stream rows that have to be written."""

    def prepare(self, rows: pa.Table) -> pa.Table:
        """Return a batch's rows as the table takes them fastest, each key once: the first by line."""

    def write(self, connection: Connection, rows: pa.Table, *, load_id: int, all_new: bool) -> RowCounts:
        """Write prepared rows, and count the inserted and the present; the others repeat what this load has met."""


class NamesTarget:
    """`baby_names`."""

    def __init__(self, engine: Engine) -> None:
        """Load into this database."""
        self._engine = engine
        self._memory = PairMemory()

    def keeps(self, load: LoadRow) -> bool:
        """Return whether every row that a load inserted is still there."""
        return count_rows_of_load(self._engine, load.target, load.id) >= load.rows.inserted

    def holds(self, load: LoadRow) -> bool:
        """Return whether the load's own rows are there and, if it met others, all that it and earlier loads left.

        Rows that were only present don't say that the load met them. They are among those of earlier loads, so as
        many of these as there were must be left, and none may have been added since.
        """
        if not self.keeps(load):
            return False
        if not load.rows.present:
            return True
        there = count_rows_of_load(self._engine, load.target, load.id, and_before=True)
        return there >= (load.table_rows or 0) and not earlier_load_went_on(self._engine, load)

    def tidy(self, connection: Connection) -> bool:
        """Delete nothing: names belong to themselves."""
        del connection
        return False

    def pick(self, groups: pa.RecordBatch) -> Sequence[int]:
        """Return the pairs that this load has not met yet, as far as it remembers."""
        return self._memory.new_among(groups["slug"])

    def prepare(self, rows: pa.Table) -> pa.Table:
        """Sort by the unique key, which spares the server half of the work."""
        return _first_of_each(rows.select(["slug", "name", "sex", "initial", "line"]), ["slug"])

    def write(self, connection: Connection, rows: pa.Table, *, load_id: int, all_new: bool) -> RowCounts:
        """Insert the new ones; distinguish present ones from duplicates, which takes a mark where memory is full."""
        inserted = insert_names(connection, rows, load_id=load_id, now=utc_now(), all_new=all_new)
        rest = rows.num_rows - inserted
        if rest and self._memory.full:
            rest = mark_seen(connection, rows["slug"].combine_chunks(), load_id=load_id)
        return RowCounts(inserted=inserted, present=rest)


class YearsTarget:
    """`baby_name_years`."""

    def __init__(self, engine: Engine, retried: Callable[[Callable[[], dict[str, int]]], dict[str, int]]) -> None:
        """Load into this database.

        Args:
            engine: The database.
            retried: Calls a function again where the connection was lost.
        """
        self._engine = engine
        self._retried = retried
        self._ids: dict[str, int] = {}

    def keeps(self, load: LoadRow) -> bool:
        """Return whether every row that a load wrote is still there, is its own, and has its name."""
        there = count_rows_of_load(self._engine, load.target, load.id)
        return there >= load.rows.inserted + load.rows.present and not has_orphans(self._engine)

    def holds(self, load: LoadRow) -> bool:
        """Return whether every row of the load is still there, and no later file has corrected any."""
        return self.keeps(load)

    def tidy(self, connection: Connection) -> bool:
        """Delete births of names that are gone; should their names be loaded again, they get new ids."""
        return delete_orphans(connection)

    def pick(self, groups: pa.RecordBatch) -> Sequence[int]:
        """Return all rows."""
        return range(len(groups))

    def prepare(self, rows: pa.Table) -> pa.Table:
        """Put ids for slugs, and sort by the primary key.

        Raises:
            PipelineError: NAMES_NOT_LOADED where the names table lacks some of them.
        """
        slugs = rows["slug"].combine_chunks().dictionary_encode()
        ids = pa.array(self._ids_of(slugs.dictionary), pa.int64()).take(slugs.indices)
        rows = pa.table({"name_id": ids, "year": rows["year"], "births": rows["births"], "line": rows["line"]})
        return _first_of_each(rows, ["name_id", "year"])

    def write(self, connection: Connection, rows: pa.Table, *, load_id: int, all_new: bool) -> RowCounts:
        """Insert the new ones and correct the others, once a load."""
        return upsert_years(connection, rows, load_id=load_id, all_new=all_new)

    def _ids_of(self, slugs: pa.StringArray) -> list[int]:
        if len(self._ids) > _IDS_REMEMBERED:
            self._ids.clear()
        wanted = slugs.to_pylist()
        unknown = pa.array([slug for slug in wanted if slug not in self._ids], pa.string())
        if len(unknown):
            self._ids.update(self._retried(lambda: self._look_up(unknown)))
        missing = [slug for slug in wanted if slug not in self._ids]
        if missing:
            raise PipelineError(
                ErrorCode.NAMES_NOT_LOADED,
                f"{len(missing):,} names of the file are not in baby_names, for example "
                f"{', '.join(missing[:_MISSING_SHOWN])}.",
            )
        return [self._ids[slug] for slug in wanted]

    def _look_up(self, slugs: pa.StringArray) -> dict[str, int]:
        with reading(self._engine) as connection:
            return find_ids(connection, slugs)


def _first_of_each(rows: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Sort rows by their keys, and keep of each key the row with the lowest line number."""
    rows = rows.combine_chunks().sort_by([(key, "ascending") for key in (*keys, "line")])
    count = rows.num_rows
    if count < 2:  # noqa: PLR2004 - fewer have no neighbours
        return rows
    differs = None
    for key in keys:
        column = rows[key].combine_chunks()
        here = pc.not_equal(column.slice(1), column.slice(0, count - 1))
        differs = here if differs is None else pc.or_(differs, here)
    if pc.all(differs).as_py():
        return rows
    return rows.filter(pa.concat_arrays([pa.array([True]), differs]))

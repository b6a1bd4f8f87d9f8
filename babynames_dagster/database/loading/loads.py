"""Statements about `loads` and `rejected_rows`: what was loaded, how far, and what was left out.

What belongs here: a load's life, its counts and its rejects. What does not: the rows it writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from babynames_dagster.database.connection.engine import reading, utc_now, writing
from babynames_dagster.database.connection.paging import whole_page
from babynames_dagster.database.tables import baby_names, loads, rejected_rows
from babynames_dagster.errors import ErrorCode, PipelineError

RUNNING = "running"
DONE = "done"
FAILED = "failed"
_MESSAGE_LENGTH = 1000


@dataclass(frozen=True)
class RowCounts:
    """What became of rows of a file.

    Attributes:
        read: All of them, without the header and blank lines; each is one of the others, too.
        inserted: Those that became a row of the table.
        present: Those whose row was there before the load; of several such, the first.
        duplicate: Those that repeat an earlier row of the file.
        rejected: Those that were not loaded.
    """

    read: int = 0
    inserted: int = 0
    present: int = 0
    duplicate: int = 0
    rejected: int = 0

    def __add__(self, other: "RowCounts") -> "RowCounts":
        """Count the rows of both."""
        return RowCounts(*map(sum, zip(astuple(self), astuple(other), strict=True)))

    @property
    def accounted_for(self) -> int:
        """All rows but `read`, which must be as many."""
        return self.inserted + self.present + self.duplicate + self.rejected

    def by_column(self) -> dict[str, int]:
        """Return the counts by the names that they have in `loads`, in metadata and in summaries."""
        return dict(zip(COUNT_COLUMNS, astuple(self), strict=True))


COUNT_COLUMNS = tuple(f"rows_{field.name}" for field in fields(RowCounts))


@dataclass(frozen=True)
class LoadRow:
    """One load, as the ledger has it; `rows_committed` is where it resumes after an interruption."""

    id: int
    target: str
    file_name: str
    sha256: str
    options: str
    state: str
    rows: RowCounts
    rows_committed: int
    table_rows: int | None
    run_id: str | None
    error_code: str | None
    error_message: str | None
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class KeptReject:
    """A rejected row that was kept; `line` counts over all files of a zip, `member_line` in the file `member`."""

    load_id: int
    target: str
    file_name: str
    line: int
    reason: str
    raw: str
    member: str | None
    member_line: int | None

    @property
    def place(self) -> str:
        """Where a person finds the row."""
        return f"line {self.line:,}" if self.member is None else f"{self.member}, line {self.member_line:,}"


def begin_load(  # noqa: PLR0913 - one argument a column
    engine: Engine, *, target: str, file_name: str, sha256: str, options: str, run_id: str | None
) -> LoadRow:
    """Enter a new load, which has read nothing yet."""
    now = utc_now()
    values = {
        "target": target,
        "file_name": file_name,
        "sha256": sha256,
        "options": options,
        "state": RUNNING,
        "run_id": run_id,
        "started_at": now,
        "updated_at": now,
    }
    with writing(engine) as connection:
        key = connection.execute(sa.insert(loads).values(values)).inserted_primary_key
        if key is None:  # no dialect of ours leaves it out
            raise PipelineError(ErrorCode.DB_ERROR, "The server did not say which id the load got.")
        return _load(connection, key[0])


def take_up_load(engine: Engine, load_id: int, *, run_id: str | None) -> LoadRow:
    """Let an unfinished load run again, from where it stopped."""
    values = {"state": RUNNING, "run_id": run_id, "error_code": None, "error_message": None, "updated_at": utc_now()}
    with writing(engine) as connection:
        connection.execute(sa.update(loads).where(loads.c.id == load_id).values(values))
        return _load(connection, load_id)


def advance_load(connection: Connection, load_id: int, *, before: int, counts: RowCounts) -> bool:
    """Add a batch to a load, in the transaction that writes the batch.

    Args:
        connection: That transaction.
        load_id: The load.
        before: Rows committed before the batch.
        counts: What became of the batch's rows.

    Returns:
        False where the load is no longer where this process left it: another one has taken it up.
    """
    values = {
        **{name: loads.c[name] + count for name, count in counts.by_column().items()},
        "rows_committed": before + counts.read,
        "updated_at": utc_now(),
    }
    where = (loads.c.id == load_id, loads.c.rows_committed == before, loads.c.state == RUNNING)
    return connection.execute(sa.update(loads).where(*where).values(values)).rowcount == 1


def keep_rejects(connection: Connection, load_id: int, rejects: Sequence[Mapping[str, object]], *, most: int) -> None:
    """Keep rejected rows, their columns by name, while the load has fewer than `most` of them."""
    if not rejects:
        return
    statement = sa.select(sa.func.count()).where(rejected_rows.c.load_id == load_id)
    room = most - connection.execute(statement).scalar_one()
    values = [{"load_id": load_id, **reject} for reject in rejects[: max(0, room)]]
    if values:
        connection.execute(sa.insert(rejected_rows), values)


def finish_load(engine: Engine, load_id: int, *, table_rows: int) -> LoadRow:
    """Mark a load as done."""
    now = utc_now()
    values = {"state": DONE, "table_rows": table_rows, "updated_at": now, "finished_at": now}
    with writing(engine) as connection:
        connection.execute(sa.update(loads).where(loads.c.id == load_id).values(values))
        return _load(connection, load_id)


def fail_load(engine: Engine, load_id: int, *, committed: int, code: str, message: str) -> None:
    """Mark a load as failed, unless another process has taken it further than `committed` rows.

    What it committed stays, and so does the point where it resumes.
    """
    now = utc_now()
    values = {
        "state": FAILED,
        "error_code": code,
        "error_message": message[:_MESSAGE_LENGTH],
        "updated_at": now,
        "finished_at": now,
    }
    with writing(engine) as connection:
        where = (loads.c.id == load_id, loads.c.rows_committed == committed, loads.c.state == RUNNING)
        connection.execute(sa.update(loads).where(*where).values(values))


def load_by_id(engine: Engine, load_id: int) -> LoadRow:
    """Return one load."""
    with reading(engine) as connection:
        return _load(connection, load_id)


def latest_load(engine: Engine, *, target: str, sha256: str, options: str) -> LoadRow | None:
    """Return the last load of a content, read in a certain way, into a table."""
    where = (loads.c.target == target, loads.c.sha256 == sha256, loads.c.options == options)
    found = _loads(engine, sa.select(loads).where(*where).order_by(loads.c.id.desc()).limit(1))
    return found[0] if found else None


def last_loads(engine: Engine, limit: int) -> Sequence[LoadRow]:
    """Return the last loads of all tables, newest first."""
    return _loads(engine, sa.select(loads).order_by(loads.c.id.desc()).limit(limit))


def earlier_load_went_on(engine: Engine, load: LoadRow) -> bool:
    """Return whether a load of the same table that began before this one did anything after this one was done."""
    where = (loads.c.target == load.target, loads.c.id < load.id, loads.c.updated_at >= load.finished_at)
    return bool(whole_page(engine, sa.select(loads.c.id).where(*where).limit(1)))


def last_finished_load(engine: Engine, target: str, *, sha256: str | None = None) -> LoadRow | None:
    """Return the last load into a table that is done, of one content where it is given; None where there is none."""
    where = [loads.c.target == target, loads.c.state == DONE]
    if sha256 is not None:
        where.append(loads.c.sha256 == sha256)
    newest = (loads.c.finished_at.desc(), loads.c.id.desc())  # a resumed load ends after later ones
    found = _loads(engine, sa.select(loads).where(*where).order_by(*newest).limit(1))
    return found[0] if found else None


def is_loaded(engine: Engine, sha256: str) -> bool:
    """Return whether the names of this content were loaded to the end at least once."""
    where = (loads.c.target == baby_names.name, loads.c.sha256 == sha256, loads.c.state == DONE)
    return bool(whole_page(engine, sa.select(loads.c.id).where(*where).limit(1)))


def rejects_of_load(engine: Engine, load_id: int, limit: int) -> Sequence[KeptReject]:
    """Return the first rejected rows of a load, by line."""
    return _rejects(engine, [load_id], limit)


def rejected_rows_of_last_loads(engine: Engine, limit: int) -> Sequence[KeptReject]:
    """Return the first rejected rows of each table's last load, by load and line."""
    newest = sa.select(sa.func.max(loads.c.id)).group_by(loads.c.target)
    return _rejects(engine, [load_id for (load_id,) in whole_page(engine, newest)], limit)


def _rejects(engine: Engine, load_ids: Sequence[int], limit: int) -> Sequence[KeptReject]:
    row = rejected_rows.c
    statement = (
        sa.select(
            *(loads.c.id, loads.c.target, loads.c.file_name), row.line, row.reason, row.raw, row.member, row.member_line
        )
        .join_from(rejected_rows, loads, loads.c.id == rejected_rows.c.load_id)
        .where(rejected_rows.c.load_id.in_(load_ids))
        .order_by(rejected_rows.c.load_id, rejected_rows.c.line)
        .limit(limit)
    )
    return [KeptReject(*row) for row in whole_page(engine, statement)]


def _load(connection: Connection, load_id: int) -> LoadRow:
    return _load_row(connection.execute(sa.select(loads).where(loads.c.id == load_id)).mappings().one())


def _loads(engine: Engine, statement: sa.Select[tuple[object, ...]]) -> list[LoadRow]:
    rows = whole_page(engine, statement)
    return [_load_row(dict(zip(loads.c.keys(), row, strict=True))) for row in rows]


def _load_row(row: Mapping[Any, Any]) -> LoadRow:
    others = {name: value for name, value in row.items() if name not in COUNT_COLUMNS}
    return LoadRow(**others, rows=RowCounts(*(row[name] for name in COUNT_COLUMNS)))

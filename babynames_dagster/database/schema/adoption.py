"""Another program's `baby_names`: whether its names can be taken over, putting it aside, and reading it.

What belongs here: SQL about that table. What does not: what a name is, and loading them (`names/loading/adopt.py`).
"""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from babynames_dagster.database.connection.engine import reading, writing
from babynames_dagster.database.tables import baby_names
from babynames_dagster.errors import ErrorCode, PipelineError

ASIDE = "baby_names_before"

_NEEDED = ("name", "sex")
_ROWS_FETCHED = 10_000


def put_aside(engine: Engine) -> bool:
    """Rename another program's `baby_names`, so that ours can be made.

    Args:
        engine: The database; an adoption that was interrupted may have renamed the table already.

    Returns:
        Whether there is a table to take names from.

    Raises:
        PipelineError: DB_TABLE_FOREIGN where its columns do not fit, or a table was put aside before; any DB_* code.
    """
    with writing(engine) as connection:
        inspector = sa.inspect(connection)
        has_aside = inspector.has_table(ASIDE)
        there = _columns(inspector, baby_names.name) if inspector.has_table(baby_names.name) else {}
        if not there or set(baby_names.columns.keys()) <= there.keys():
            return has_aside
        missing = [name for name in _NEEDED if name not in there]
        if missing or has_aside:
            raise PipelineError(
                ErrorCode.DB_TABLE_FOREIGN,
                f"{baby_names.name} has no column {' and '.join(missing)}."
                if missing
                else f"{ASIDE} is there already, and {baby_names.name} is another program's again.",
                remedy="Rename the table by hand, or name another database in DB_NAME.",
            )
        if connection.dialect.name == "sqlite":  # where the names of indexes belong to the whole file
            for index in inspector.get_indexes(baby_names.name):
                _drop_index(connection, index["name"])
        connection.exec_driver_sql(f"ALTER TABLE {baby_names.name} RENAME TO {ASIDE}")
    return True


def names_aside(engine: Engine) -> Iterator[tuple[str, str]]:
    """Yield name and sex of each row that was put aside; rows without either are left out.

    Raises:
        PipelineError: Any DB_* code.
    """
    with reading(engine) as connection:
        columns = _columns(sa.inspect(connection), ASIDE)
        name: sa.ColumnClause[str] = sa.column(columns["name"])
        sex: sa.ColumnClause[str] = sa.column(columns["sex"])
        statement = sa.select(name, sex).select_from(sa.table(ASIDE)).where(name.is_not(None), sex.is_not(None))
        rows = connection.execution_options(stream_results=True, yield_per=_ROWS_FETCHED).execute(statement)
        for row in rows:
            yield str(row[0]), str(row[1])


def _columns(inspector: sa.Inspector, table: str) -> dict[str, str]:
    """Return a table's columns by their names in lower case."""
    return {column["name"].lower(): column["name"] for column in inspector.get_columns(table)}


def _drop_index(connection: Connection, name: str | None) -> None:
    connection.exec_driver_sql(f"DROP INDEX {connection.dialect.identifier_preparer.quote(str(name))}")

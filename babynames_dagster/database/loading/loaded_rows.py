"""What can be asked of either table that is loaded, by its name."""

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.paging import whole_page
from babynames_dagster.database.tables import metadata


def has_rows(engine: Engine, table: str) -> bool:
    """Return whether a table has any row."""
    return bool(whole_page(engine, sa.select(sa.literal(1)).select_from(metadata.tables[table]).limit(1)))


def count_rows(engine: Engine, table: str) -> int:
    """Return the number of a table's rows."""
    return _count(engine, sa.select(sa.func.count()).select_from(metadata.tables[table]))


def count_rows_of_load(engine: Engine, table: str, load_id: int, *, and_before: bool = False) -> int:
    """Return how many rows have the id of a load: of `baby_names` it inserted them, of the years it met them last.

    Args:
        engine: The database.
        table: Which table.
        load_id: The load.
        and_before: Whether to count those of all earlier loads, too.
    """
    found = metadata.tables[table]
    where = found.c.load_id <= load_id if and_before else found.c.load_id == load_id
    return _count(engine, sa.select(sa.func.count()).select_from(found).where(where))


def _count(engine: Engine, statement: sa.Select[int]) -> int:
    ((count,),) = whole_page(engine, statement)
    return int(count)

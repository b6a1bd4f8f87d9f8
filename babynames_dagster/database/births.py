"""Births by name and year, as `baby_name_years` has them: sums of them, and those whose name is gone.

What belongs here: reading them, and deleting those of no name. What does not: loading them
(`loading/years_table.py`).
"""

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from babynames_dagster.database.connection.engine import reading
from babynames_dagster.database.connection.paging import whole_page
from babynames_dagster.database.loading.loads import LoadRow
from babynames_dagster.database.portable import KEYS_LISTED
from babynames_dagster.database.tables import baby_name_years, baby_names, loads


class YearBirths(NamedTuple):
    """All births of one year."""

    year: int
    births: int


class NameBirths(NamedTuple):
    """All births of one name."""

    name: str
    sex: str
    births: int


def count_years_of_loads_beside(engine: Engine, load: LoadRow) -> int:
    """Return how many rows have the id of a load that was at work between a load's beginning and its end."""
    beside = sa.select(loads.c.id).where(
        loads.c.target == load.target,
        loads.c.id != load.id,
        loads.c.started_at < load.finished_at,
        loads.c.updated_at > load.started_at,
    )
    statement = sa.select(sa.func.count()).select_from(baby_name_years).where(baby_name_years.c.load_id.in_(beside))
    with reading(engine) as connection:
        return connection.execute(statement).scalar_one()


def has_orphans(engine: Engine) -> bool:
    """Return whether there are births of a name that is gone."""
    with reading(engine) as connection:
        return connection.execute(_orphans().limit(1)).first() is not None


def count_orphans(engine: Engine) -> int:
    """Return how many names have births here and are gone."""
    with reading(engine) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(_orphans().subquery())).scalar_one()


def delete_orphans(connection: Connection) -> bool:
    """Delete the births of some names that are gone.

    Args:
        connection: An open writing transaction.

    Returns:
        Whether there may be more of them.
    """
    name_ids = connection.execute(_orphans().limit(KEYS_LISTED)).scalars().all()
    if name_ids:
        connection.execute(sa.delete(baby_name_years).where(baby_name_years.c.name_id.in_(name_ids)))
    return len(name_ids) == KEYS_LISTED


def _orphans() -> sa.Select[int]:
    # Each id once, so that no name is looked up for every year of it.
    of_years = sa.select(baby_name_years.c.name_id).distinct().subquery()
    there = sa.exists().where(baby_names.c.id == of_years.c.name_id)
    return sa.select(of_years.c.name_id).where(~there)


def births_by_year(engine: Engine) -> Sequence[YearBirths]:
    """Return all births of each year, by year."""
    statement = (
        sa.select(baby_name_years.c.year, sa.func.sum(baby_name_years.c.births))
        .group_by(baby_name_years.c.year)
        .order_by(baby_name_years.c.year)
    )
    return [YearBirths(year, int(births)) for year, births in whole_page(engine, statement)]


def top_names(engine: Engine, *, limit: int) -> Sequence[NameBirths]:
    """Return the names with the most births, most first."""
    births = sa.func.sum(baby_name_years.c.births).label("births")
    totals = (
        sa.select(baby_name_years.c.name_id, births)
        .group_by(baby_name_years.c.name_id)
        .order_by(births.desc(), baby_name_years.c.name_id)
        .limit(limit)
        .subquery()
    )
    statement = (
        sa.select(baby_names.c.name, baby_names.c.sex, totals.c.births)
        .join_from(totals, baby_names, baby_names.c.id == totals.c.name_id)
        .order_by(totals.c.births.desc(), baby_names.c.id)
    )
    return [NameBirths(name, sex, int(count)) for name, sex, count in whole_page(engine, statement)]

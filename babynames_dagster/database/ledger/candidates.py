"""The names that a sync looks at, page by page, each with what the ledger knows about it.

What belongs here: which names are meant (`ContactScope`) and reading them. What does not: whether a name needs to
be sent, which `hubspot/` decides.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from babynames_dagster.database.births import has_orphans
from babynames_dagster.database.connection.engine import reading
from babynames_dagster.database.connection.paging import keyset_pages, whole_page
from babynames_dagster.database.ledger.key import NAMES, Ledger
from babynames_dagster.database.ledger.rows import NO_ENTRY, Entry
from babynames_dagster.database.loading.loads import DONE
from babynames_dagster.database.tables import baby_name_years, baby_names, hubspot_contacts, loads
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.settings import HubSpotSettings

PAGE_ROWS = 2000
"""Larger pages save no time: Python's garbage collector looks at every row of a page that is still there."""
_NAME_COLUMNS = 6


@dataclass(frozen=True)
class ContactScope:
    """Which names the account is to have.

    Attributes:
        first_names: Only this many names, the table's first by id; None for all (DEMO_MODE).
        min_year: Only names with births in or after this year.
        max_year: Only names with births in or before this year.
        last_id: Only names up to this id, as `pinned` found it.
    """

    first_names: int | None = None
    min_year: int | None = None
    max_year: int | None = None
    last_id: int | None = None

    @classmethod
    def from_settings(cls, settings: HubSpotSettings) -> "ContactScope":
        """Return the scope that DEMO_MODE, MAX_RECORDS, MIN_YEAR and MAX_YEAR describe."""
        return cls(
            settings.max_records if settings.demo_mode else None,
            settings.min_year,
            settings.max_year,
        )

    @property
    def needs_years(self) -> bool:
        """Whether `baby_name_years` has to be there."""
        return self.min_year is not None or self.max_year is not None

    def pinned(self, engine: Engine) -> "ContactScope":
        """Return the same scope with `first_names` as an id, so that not every page of names counts them again.

        Raises:
            PipelineError: Any DB_* code of the server.
        """
        if self.first_names is None:
            return self
        with reading(engine) as connection:
            last_id = connection.execute(_last_id_of_first(self.first_names)).scalar_one()
        return replace(self, first_names=None, last_id=last_id or 0)

    def condition(self) -> sa.ColumnElement[bool]:
        """Return the condition on `baby_names` that the scope amounts to."""
        conditions: list[sa.ColumnElement[bool]] = [sa.true()]
        if self.first_names is not None:
            conditions.append(baby_names.c.id <= _last_id_of_first(self.first_names).scalar_subquery())
        if self.last_id is not None:
            conditions.append(baby_names.c.id <= self.last_id)
        if self.needs_years:
            years = [baby_name_years.c.name_id == baby_names.c.id]
            if self.min_year is not None:
                years.append(baby_name_years.c.year >= self.min_year)
            if self.max_year is not None:
                years.append(baby_name_years.c.year <= self.max_year)
            conditions.append(sa.exists().where(*years).correlate(baby_names))
        return sa.and_(*conditions)


def _last_id_of_first(names: int) -> sa.Select[int | None]:
    # A derived table, because MySQL takes no LIMIT inside IN (...).
    first = sa.select(baby_names.c.id).order_by(baby_names.c.id).limit(names).subquery()
    return sa.select(sa.func.max(first.c.id))


class Candidate(NamedTuple):
    """One name, and what the ledger knows about it for one portal."""

    name_id: int
    slug: str
    name: str
    sex: str
    initial: str
    created_at: datetime
    entry: Entry = NO_ENTRY

    @classmethod
    def of(cls, row: Sequence[Any]) -> "Candidate":
        """Return what a row of `candidate_columns` says."""
        return cls._make((*row[:_NAME_COLUMNS], Entry._make(row[_NAME_COLUMNS:])))


def entry_columns() -> list[sa.ColumnElement[Any]]:
    """Return the columns that an `Entry` is made of, in its order."""
    return [hubspot_contacts.c[name] for name in Entry._fields]


def candidate_columns() -> tuple[sa.ColumnElement[Any], ...]:
    """Return the columns that a `Candidate` is made of, in its order and that of `Entry`."""
    name = baby_names.c
    return (
        name.id,
        name.slug,
        name.name,
        name.sex,
        name.initial,
        name.created_at,
        *entry_columns(),
    )


def names_with_entries(portal_id: int) -> sa.Join:
    """Return the names, each with its ledger entry for one portal, or with none.

    The name's id is what is cast, so that the ledger's primary key is looked up.
    """
    own = Ledger(portal_id, NAMES).owns(hubspot_contacts)
    key = sa.cast(baby_names.c.id, sa.String(20))
    return baby_names.outerjoin(hubspot_contacts, sa.and_(own, hubspot_contacts.c.row_key == key))


def name_of_entry() -> sa.ColumnElement[bool]:
    """Return the condition of the name that an entry is about; here, the names' primary key is looked up."""
    entry = hubspot_contacts.c
    return sa.and_(entry.sync == NAMES, baby_names.c.id == sa.cast(entry.row_key, sa.BigInteger))


def require_years(engine: Engine, scope: ContactScope) -> None:
    """Make sure that the year data which the scope needs are there, for each file that the table's names came from.

    Raises:
        PipelineError: YEARS_NOT_LOADED where they are missing, or those of some files are.
    """
    if not scope.needs_years:
        return
    with reading(engine) as connection:
        files = _files_of_names(connection)
        done = sa.select(loads.c.sha256).where(loads.c.target == baby_name_years.name, loads.c.state == DONE)
        with_years = set(connection.execute(done).scalars())
        any_years = connection.execute(sa.select(baby_name_years.c.name_id).limit(1)).first() is not None
    lacking = sorted({file_name for sha256, file_name in files.items() if sha256 not in with_years})
    if not any_years or not files:
        state = "are not loaded"
    elif lacking:
        state = f"belong to another file than some of the names. There are none for {', '.join(lacking)}"
    elif has_orphans(engine):
        state = "belong in part to names that are gone"
    else:
        return
    raise PipelineError(
        ErrorCode.YEARS_NOT_LOADED, f"MIN_YEAR or MAX_YEAR is set, but the years in baby_name_years {state}."
    )


def _files_of_names(connection: Connection) -> dict[str, str]:
    """Return the files that the table's names came from: the last name of each, by SHA-256."""
    in_table = set(connection.execute(sa.select(baby_names.c.load_id).distinct()).scalars())
    oldest = min(in_table, default=None)
    names_loads = (
        sa.select(loads.c.id, loads.c.sha256, loads.c.file_name, loads.c.rows_present)
        .where(loads.c.target == baby_names.name, loads.c.state == DONE)
        .order_by(loads.c.id)
    )
    return {
        load.sha256: load.file_name
        for load in connection.execute(names_loads)
        # Names that were only present when their file was loaded are among those of earlier loads.
        if load.id in in_table or (load.rows_present and oldest is not None and oldest < load.id)
    }


def candidate_pages(
    engine: Engine,
    *,
    portal_id: int,
    partitions: Sequence[str],
    scope: ContactScope,
    page_rows: int = PAGE_ROWS,
) -> Iterator[list[Candidate]]:
    """Read the names of some partitions, in keyset pages: memory holds one page, and no cursor stays open.

    Args:
        engine: The database.
        portal_id: Whose ledger entries to join.
        partitions: The names' initials, `A`..`Z` or `other`.
        scope: Which of their names are meant.
        page_rows: Most rows a page.

    Yields:
        Pages in the order of the partitions, and of the ids within each.

    Raises:
        PipelineError: Any DB_* code of the server.
    """
    return _pages(engine, portal_id, partitions, scope.pinned(engine).condition(), page_rows)


def _pages(
    engine: Engine, portal_id: int, partitions: Sequence[str], meant: sa.ColumnElement[bool], page_rows: int
) -> Iterator[list[Candidate]]:
    # One partition a statement: `initial IN (...)` in the order of the ids would sort all the rest for each page.
    names = sa.select(*candidate_columns()).select_from(names_with_entries(portal_id)).where(meant)
    for initial in partitions:
        of_partition = names.where(baby_names.c.initial == initial)
        yield from keyset_pages(engine, of_partition, baby_names.c.id, Candidate.of, page_rows=page_rows, before_all=0)


def candidates_of(engine: Engine, portal_id: int, scope: ContactScope, names: Collection[int]) -> list[Candidate]:
    """Read some names, as far as the scope means them.

    Raises:
        PipelineError: Any DB_* code of the server.
    """
    statement = (
        sa.select(*candidate_columns())
        .select_from(names_with_entries(portal_id))
        .where(baby_names.c.id.in_(sorted(names)), scope.condition())
    )
    return [Candidate.of(row) for row in whole_page(engine, statement)]


def names_by_partition(engine: Engine, scope: ContactScope, partitions: Sequence[str]) -> dict[str, int]:
    """Count the names that the scope means, by partition (every one of `partitions`, 0 included)."""
    statement = (
        sa.select(baby_names.c.initial, sa.func.count())
        .where(baby_names.c.initial.in_(partitions), scope.condition())
        .group_by(baby_names.c.initial)
    )
    with reading(engine) as connection:
        counts = {row[0]: row[1] for row in connection.execute(statement)}
    return {initial: counts.get(initial, 0) for initial in partitions}

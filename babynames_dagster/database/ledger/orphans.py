"""Orphans: contacts that the account has by the ledger, and is no longer to have.

What belongs here: the statements that find them. What does not: what becomes of them (`hubspot/archive/mirror.py`).

Three kinds are orphans: contacts whose name has left the table; those whose name MIN_YEAR and MAX_YEAR leave out; those
of a former mapping's email.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import reading
from babynames_dagster.database.connection.paging import keyset_pages
from babynames_dagster.database.ledger.candidates import ContactScope, name_of_entry
from babynames_dagster.database.ledger.created import CreatedContact
from babynames_dagster.database.ledger.key import NAMES, Ledger
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster.database.tables import hubspot_contacts, superseded_contacts


@dataclass(frozen=True)
class Orphan:
    """One contact that the account is no longer to have.

    Attributes:
        contact: The contact.
        partition: Its partition.
        ours: Whether a request of ours made it.
    """

    contact: CreatedContact
    partition: str
    ours: bool


@dataclass(frozen=True)
class OrphanCount:
    """How many orphans there are: those that this ledger created, and the others."""

    ours: int = 0
    others: int = 0

    @property
    def all(self) -> int:
        """Both."""
        return self.ours + self.others


def count_orphans(engine: Engine, portal_id: int, scope: ContactScope, partitions: Sequence[str]) -> OrphanCount:
    """Count the orphans of some partitions.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    current = (
        sa.select(entry.created_by_us, sa.func.count())
        .where(_orphaned(portal_id, scope, partitions))
        .group_by(entry.created_by_us)
    )
    ledger = Ledger(portal_id, NAMES)
    former = sa.select(sa.func.count()).select_from(_superseded(ledger)).where(_former(ledger, partitions))
    with reading(engine) as connection:
        counts = {bool(row[0]): row[1] for row in connection.execute(current)}
        superseded: int = connection.execute(former).scalar_one()
    return OrphanCount(counts.get(True, 0) + superseded, counts.get(False, 0))


def orphan_pages(
    engine: Engine, portal_id: int, scope: ContactScope, partitions: Sequence[str], *, page_rows: int
) -> Iterator[list[Orphan]]:
    """Read the orphans of some partitions in keyset pages.

    Raises:
        PipelineError: Any DB_* code.
    """
    yield from entries_as_orphans(engine, _orphaned(portal_id, scope, partitions), page_rows=page_rows)
    yield from former_pages(engine, Ledger(portal_id, NAMES), partitions, page_rows=page_rows)


def former_pages(
    engine: Engine, ledger: Ledger, partitions: Sequence[str] | None, *, page_rows: int, beyond: Sequence[str] = ()
) -> Iterator[list[Orphan]]:
    """Read the contacts that rows had under the email of before, in keyset pages.

    Args:
        engine: The ledger's database.
        ledger: Whose entries.
        partitions: In which partitions; None for all.
        page_rows: Most contacts a page.
        beyond: As `in_partitions`.

    Raises:
        PipelineError: Any DB_* code.
    """
    kept = superseded_contacts.c
    statement = (
        sa.select(kept.row_key, kept.email, kept.hubspot_id, hubspot_contacts.c.partition_key)
        .select_from(_superseded(ledger))
        .where(_former(ledger, partitions, beyond))
    )

    def made(row: Sequence[Any]) -> Orphan:
        return Orphan(CreatedContact(row[0], row[1], row[2], superseded=True), row[3], ours=True)

    return keyset_pages(engine, statement, kept.hubspot_id, made, page_rows=page_rows)


def entries_as_orphans(engine: Engine, condition: sa.ColumnElement[bool], *, page_rows: int) -> Iterator[list[Orphan]]:
    """Read the ledger's entries that meet a condition, in keyset pages, as the orphans that they may be.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    statement = sa.select(
        entry.row_key,
        sa.func.coalesce(entry.hubspot_email, entry.email),
        entry.hubspot_id,
        entry.partition_key,
        entry.created_by_us,
    ).where(condition)

    def made(row: Sequence[Any]) -> Orphan:
        return Orphan(CreatedContact(*row[:3]), row[3], bool(row[4]))

    return keyset_pages(engine, statement, entry.row_key, made, page_rows=page_rows)


def _orphaned(portal_id: int, scope: ContactScope, partitions: Sequence[str]) -> sa.ColumnElement[bool]:
    """Return the condition of an entry whose contact is not meant; what DEMO_MODE leaves out is meant all the same."""
    entry = hubspot_contacts.c
    anywhere = replace(scope, first_names=None, last_id=None)
    meant = sa.exists().where(name_of_entry(), anywhere.condition())
    return sa.and_(
        Ledger(portal_id, NAMES).owns(hubspot_contacts),
        entry.hubspot_id.is_not(None),
        entry.outcome != LedgerOutcome.ARCHIVED.value,
        entry.partition_key.in_(list(partitions)),
        ~meant.correlate(hubspot_contacts),
    )


def _superseded(ledger: Ledger) -> sa.Join:
    kept, entry = superseded_contacts.c, hubspot_contacts.c
    same = sa.and_(ledger.owns(hubspot_contacts), entry.row_key == kept.row_key)
    return superseded_contacts.join(hubspot_contacts, same)


def in_partitions(partitions: Sequence[str] | None, beyond: Sequence[str] = ()) -> sa.ColumnElement[bool]:
    """Return the condition of an entry in some partitions.

    Args:
        partitions: Which; None for all, former ones included.
        beyond: Where these are all that there are: former ones, too.
    """
    if partitions is None:
        return sa.true()
    key = hubspot_contacts.c.partition_key
    among = key.in_(list(partitions))
    return sa.or_(among, key.not_in(list(beyond))) if beyond else among


def _former(ledger: Ledger, partitions: Sequence[str] | None, beyond: Sequence[str] = ()) -> sa.ColumnElement[bool]:
    return sa.and_(ledger.owns(superseded_contacts), in_partitions(partitions, beyond))

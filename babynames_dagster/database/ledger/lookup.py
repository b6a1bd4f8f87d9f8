"""What the ledger knows of the rows of a source that is in no one database with it.

What belongs here: looking entries up by key, and which contacts the account has by the ledger. What does not: which of
those are still meant, which the source knows.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.paging import whole_page
from babynames_dagster.database.ledger.candidates import entry_columns
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.orphans import Orphan, entries_as_orphans, in_partitions
from babynames_dagster.database.ledger.rows import Entry
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster.database.portable import slices
from babynames_dagster.database.tables import hubspot_contacts


class Holder(NamedTuple):
    """An entry whose contact is a record."""

    sync: str
    key: str
    hubspot_id: str


def entries_by_key(engine: Engine, ledger: Ledger, keys: Collection[str]) -> dict[str, Entry]:
    """Return the entries of some rows, by key.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    found: dict[str, Entry] = {}
    for listed in slices(sorted(keys)):
        statement = sa.select(entry.row_key, *entry_columns()).where(
            ledger.owns(hubspot_contacts), entry.row_key.in_(listed)
        )
        found.update((row[0], Entry._make(row[1:])) for row in whole_page(engine, statement))
    return found


def held_pages(
    engine: Engine, ledger: Ledger, partitions: Sequence[str] | None, *, page_rows: int, beyond: Sequence[str] = ()
) -> Iterator[list[Orphan]]:
    """Read the contacts that the account has by the ledger, in keyset pages, as the orphans that they may be.

    Args:
        engine: The ledger's database.
        ledger: Whose entries.
        partitions: Which partitions; None for all, former ones included.
        page_rows: Most contacts a page.
        beyond: As `in_partitions`.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    condition = sa.and_(
        ledger.owns(hubspot_contacts),
        entry.hubspot_id.is_not(None),
        entry.outcome != LedgerOutcome.ARCHIVED.value,
        in_partitions(partitions, beyond),
    )
    return entries_as_orphans(engine, condition, page_rows=page_rows)


def holders(engine: Engine, portal_id: int, hubspot_ids: Collection[str]) -> list[Holder]:
    """Return the entries, of whichever source, that have one of these records as their contact.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    found: list[Holder] = []
    for listed in slices(sorted(hubspot_ids)):
        statement = sa.select(entry.sync, entry.row_key, entry.hubspot_id).where(
            entry.portal_id == portal_id,
            entry.hubspot_id.in_(listed),
            entry.outcome != LedgerOutcome.ARCHIVED.value,
        )
        found += [Holder._make(row) for row in whole_page(engine, statement)]
    return found

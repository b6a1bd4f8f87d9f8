"""The contacts that a ledger's sync made: what undo and mirror may archive."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import reading
from babynames_dagster.database.connection.paging import keyset_pages
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.tables import hubspot_contacts


@dataclass(frozen=True)
class CreatedContact:
    """A contact that exists because this ledger's sync made it, under the email that HubSpot acknowledged."""

    key: str
    email: str
    hubspot_id: str
    superseded: bool = False


def created_pages(engine: Engine, ledger: Ledger, *, page_rows: int) -> Iterator[list[CreatedContact]]:
    """Read the contacts that this ledger created and did not archive, in keyset pages.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    columns = (entry.row_key, sa.func.coalesce(entry.hubspot_email, entry.email), entry.hubspot_id)
    statement = sa.select(*columns).where(created_by_us(ledger))
    return keyset_pages(engine, statement, entry.row_key, lambda row: CreatedContact(*row), page_rows=page_rows)


def count_created(engine: Engine, ledger: Ledger) -> int:
    """Count the contacts that this ledger created and did not archive.

    Raises:
        PipelineError: Any DB_* code.
    """
    with reading(engine) as connection:
        count: int = connection.execute(sa.select(sa.func.count()).where(created_by_us(ledger))).scalar_one()
        return count


def created_by_us(ledger: Ledger) -> sa.ColumnElement[bool]:
    """Return the condition of a contact that is this ledger's own: what a later failed try says changes nothing."""
    entry = hubspot_contacts.c
    return sa.and_(ledger.owns(hubspot_contacts), entry.created_by_us.is_(True), entry.hubspot_id.is_not(None))

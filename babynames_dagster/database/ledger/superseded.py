"""Contacts that this ledger created under an email that a row no longer has.

What belongs here: keeping them for `babynames undo` when an entry moves on to another record. What does not: the
entries themselves (`entries.py`, `writing.py`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from babynames_dagster.database.connection.engine import reading, utc_now, writing
from babynames_dagster.database.connection.paging import keyset_pages
from babynames_dagster.database.connection.retrying import retried_transaction
from babynames_dagster.database.ledger.created import CreatedContact, created_by_us
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.portable import insert_if_missing, slices
from babynames_dagster.database.tables import hubspot_contacts, superseded_contacts


@dataclass(frozen=True)
class Acknowledged:
    """The contact that HubSpot acknowledged for a row: under which email, as which record."""

    email: str
    hubspot_id: str


def keep_superseded(connection: Connection, ledger: Ledger, contacts: Mapping[str, Acknowledged]) -> set[str]:
    """Keep the contacts that entries are about to move on from, and give back those that they return to.

    Args:
        connection: The transaction that is about to write the entries.
        ledger: Whose entries they are.
        contacts: What HubSpot acknowledged, by the row's key.

    Returns:
        The record ids among `contacts` that this ledger created before.
    """
    returned = _give_back(connection, ledger, [contact.hubspot_id for contact in contacts.values()])
    now = utc_now()
    # By record, which two rows may share once somebody has merged their contacts.
    left = {
        old.hubspot_id: {**ledger._asdict(), "row_key": old.key, "email": old.email, "superseded_at": now}
        for old in _created(connection, ledger, contacts)
        # Where the email is still the same, the record was merged or deleted in HubSpot: what was ours is gone.
        if contacts[old.key].hubspot_id != old.hubspot_id and contacts[old.key].email != old.email
    }
    if left:
        rows = [{"hubspot_id": hubspot_id, **row} for hubspot_id, row in sorted(left.items())]
        connection.execute(insert_if_missing(connection, superseded_contacts), rows)
    return returned


def _give_back(connection: Connection, ledger: Ledger, hubspot_ids: Sequence[str]) -> set[str]:
    kept, returned = superseded_contacts.c, set[str]()
    for listed in slices(sorted(hubspot_ids)):
        among = sa.and_(ledger.owns(superseded_contacts), kept.hubspot_id.in_(listed))
        found = set(connection.execute(sa.select(kept.hubspot_id).where(among)).scalars())
        if found:
            connection.execute(sa.delete(superseded_contacts).where(among))
        returned |= found
    return returned


def _created(connection: Connection, ledger: Ledger, keys: Collection[str]) -> list[CreatedContact]:
    """Read the entries of contacts that this ledger created; locked, so that two syncs do not both move on."""
    entry, created = hubspot_contacts.c, list[CreatedContact]()
    for listed in slices(sorted(keys)):
        statement = (
            sa.select(entry.row_key, entry.hubspot_email, entry.hubspot_id)
            .where(created_by_us(ledger), entry.row_key.in_(listed))
            .order_by(entry.row_key)
            .with_for_update()
        )
        created += [CreatedContact(*row) for row in connection.execute(statement)]
    return created


def superseded_pages(engine: Engine, ledger: Ledger, *, page_rows: int) -> Iterator[list[CreatedContact]]:
    """Read the superseded contacts in keyset pages.

    Raises:
        PipelineError: Any DB_* code.
    """
    kept = superseded_contacts.c
    statement = sa.select(kept.row_key, kept.email, kept.hubspot_id).where(ledger.owns(superseded_contacts))

    def made(row: Sequence[Any]) -> CreatedContact:
        return CreatedContact(row[0], row[1], row[2], superseded=True)

    return keyset_pages(engine, statement, kept.hubspot_id, made, page_rows=page_rows)


def count_superseded(engine: Engine, ledger: Ledger) -> int:
    """Count the superseded contacts.

    Raises:
        PipelineError: Any DB_* code.
    """
    statement = sa.select(sa.func.count()).where(ledger.owns(superseded_contacts))
    with reading(engine) as connection:
        count: int = connection.execute(statement).scalar_one()
        return count


def forget_superseded(engine: Engine, ledger: Ledger, hubspot_ids: Collection[str]) -> None:
    """Record that superseded contacts were archived in HubSpot.

    Raises:
        PipelineError: Any DB_* code, after some tries where a retry can help.
    """
    if not hubspot_ids:
        return
    kept = superseded_contacts.c

    def forget() -> None:
        with writing(engine) as connection:
            for listed in slices(sorted(hubspot_ids)):
                among = sa.and_(ledger.owns(superseded_contacts), kept.hubspot_id.in_(listed))
                connection.execute(sa.delete(superseded_contacts).where(among))

    retried_transaction(forget)

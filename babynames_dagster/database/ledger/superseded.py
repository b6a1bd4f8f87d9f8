"""Contacts that this ledger created under an email that a name no longer has.

What belongs here: keeping them for `babynames undo` when an entry moves on to another record. What does not: the
entries themselves (`ledger.py`, `ledger_writing.py`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from babynames_dagster.database.connection.engine import reading, utc_now, writing
from babynames_dagster.database.connection.patience import patiently
from babynames_dagster.database.ledger.entries import CreatedContact, created_by_us
from babynames_dagster.database.portable import insert_if_missing, slices
from babynames_dagster.database.tables import hubspot_contacts, superseded_contacts


@dataclass(frozen=True)
class Acknowledged:
    """The contact that HubSpot acknowledged for a name: under which email, as which record."""

    email: str
    hubspot_id: str


def keep_superseded(connection: Connection, portal_id: int, contacts: Mapping[int, Acknowledged]) -> set[str]:
    """Keep the contacts that entries are about to move on from, and give back those that they return to.

    Args:
        connection: The transaction that is about to write the entries.
        portal_id: The account.
        contacts: What HubSpot acknowledged, by name id.

    Returns:
        The record ids among `contacts` that this ledger created before.
    """
    returned = _give_back(connection, portal_id, [contact.hubspot_id for contact in contacts.values()])
    now = utc_now()
    # By record, which two names may share once somebody has merged their contacts.
    left = {
        old.hubspot_id: {"portal_id": portal_id, "name_id": old.name_id, "email": old.email, "superseded_at": now}
        for old in _created(connection, portal_id, contacts)
        # Where the email is still the same, the record was merged or deleted in HubSpot: what was ours is no more.
        if contacts[old.name_id].hubspot_id != old.hubspot_id and contacts[old.name_id].email != old.email
    }
    if left:
        rows = [{"hubspot_id": hubspot_id, **row} for hubspot_id, row in sorted(left.items())]
        connection.execute(insert_if_missing(connection, superseded_contacts), rows)
    return returned


def _give_back(connection: Connection, portal_id: int, hubspot_ids: Sequence[str]) -> set[str]:
    kept, returned = superseded_contacts.c, set[str]()
    for listed in slices(sorted(hubspot_ids)):
        among = sa.and_(kept.portal_id == portal_id, kept.hubspot_id.in_(listed))
        found = set(connection.execute(sa.select(kept.hubspot_id).where(among)).scalars())
        if found:
            connection.execute(sa.delete(superseded_contacts).where(among))
        returned |= found
    return returned


def _created(connection: Connection, portal_id: int, names: Collection[int]) -> list[CreatedContact]:
    """Read the entries of contacts that this ledger created; locked, so that two syncs do not both move on."""
    entry, created = hubspot_contacts.c, list[CreatedContact]()
    for listed in slices(sorted(names)):
        statement = (
            sa.select(entry.name_id, entry.hubspot_email, entry.hubspot_id)
            .where(created_by_us(portal_id), entry.name_id.in_(listed))
            .order_by(entry.name_id)
            .with_for_update()
        )
        created += [CreatedContact(*row) for row in connection.execute(statement)]
    return created


def superseded_pages(engine: Engine, portal_id: int, *, page_rows: int) -> Iterator[list[CreatedContact]]:
    """Read the superseded contacts in keyset pages.

    Raises:
        PipelineError: Any DB_* code.
    """
    kept, after = superseded_contacts.c, ""
    while True:
        statement = (
            sa.select(kept.name_id, kept.email, kept.hubspot_id)
            .where(kept.portal_id == portal_id, kept.hubspot_id > after)
            .order_by(kept.hubspot_id)
            .limit(page_rows)
        )
        with reading(engine) as connection:
            rows = [CreatedContact(*row, superseded=True) for row in connection.execute(statement)]
        if rows:
            yield rows
        if len(rows) < page_rows:
            return
        after = rows[-1].hubspot_id


def count_superseded(engine: Engine, portal_id: int) -> int:
    """Count the superseded contacts.

    Raises:
        PipelineError: Any DB_* code.
    """
    statement = sa.select(sa.func.count()).where(superseded_contacts.c.portal_id == portal_id)
    with reading(engine) as connection:
        count: int = connection.execute(statement).scalar_one()
        return count


def forget_superseded(engine: Engine, portal_id: int, hubspot_ids: Collection[str]) -> None:
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
                among = sa.and_(kept.portal_id == portal_id, kept.hubspot_id.in_(listed))
                connection.execute(sa.delete(superseded_contacts).where(among))

    patiently(forget)

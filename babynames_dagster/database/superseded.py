"""Contacts that this ledger created under an email that a name no longer has.

What belongs here: keeping them for `babynames undo` when an entry moves on to another record. What does not: the
entries themselves (`ledger.py`, `ledger_writing.py`).
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from babynames_dagster.database.engine import reading, utc_now, writing
from babynames_dagster.database.ledger import CreatedContact
from babynames_dagster.database.patience import patiently
from babynames_dagster.database.tables import hubspot_contacts, superseded_contacts


def keep_superseded(connection: Connection, portal_id: int, records: Mapping[int, str]) -> set[str]:
    """Keep the contacts that entries are about to move on from, and give back those that they return to.

    Args:
        connection: The transaction that is about to write the entries.
        portal_id: The account.
        records: By name id, the record id that HubSpot acknowledged.

    Returns:
        The record ids among `records` that this ledger created before.
    """
    old, kept = hubspot_contacts.c, superseded_contacts.c
    of_portal = kept.portal_id == portal_id
    returned = set(
        connection.execute(
            sa.select(kept.hubspot_id).where(of_portal, kept.hubspot_id.in_(sorted(records.values())))
        ).scalars()
    )
    if returned:
        connection.execute(sa.delete(superseded_contacts).where(of_portal, kept.hubspot_id.in_(sorted(returned))))
    # Locked, so that two syncs of the same names do not both move on from the same contact.
    current = (
        sa.select(old.name_id, old.email, old.hubspot_id)
        .with_for_update()
        .where(
            old.portal_id == portal_id,
            old.name_id.in_(sorted(records)),
            old.created_by_us.is_(True),
            old.hubspot_id.is_not(None),
        )
    )
    left = [row for row in connection.execute(current) if row.hubspot_id != records[row.name_id]]
    rows: list[dict[str, Any]] = [
        {"portal_id": portal_id, **row._mapping, "superseded_at": utc_now()}  # noqa: SLF001 - SQLAlchemy's public name
        for row in sorted(left, key=lambda row: str(row.hubspot_id))
    ]
    if rows:
        connection.execute(sa.insert(superseded_contacts), rows)
    return returned


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
    kept = superseded_contacts.c
    statement = sa.delete(superseded_contacts).where(
        kept.portal_id == portal_id, kept.hubspot_id.in_(sorted(hubspot_ids))
    )

    def forget() -> None:
        with writing(engine) as connection:
            connection.execute(statement)

    patiently(forget)

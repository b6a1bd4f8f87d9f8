"""Entries that HubSpot acknowledged, each as a whole: what reconciling reads back from HubSpot."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import reading
from babynames_dagster.database.connection.paging import keyset_pages
from babynames_dagster.database.ledger.created import CreatedContact
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.rows import SourceRow
from babynames_dagster.database.ledger.states import LOST, Finding, LedgerOutcome
from babynames_dagster.database.portable import slices
from babynames_dagster.database.tables import hubspot_contacts

Accepted = Mapping[str, tuple[str, str]]
"""By property, the value that was sent and the one that the account made of it."""


@dataclass(frozen=True)
class LedgerRow:
    """One entry that HubSpot acknowledged.

    Attributes:
        key: The row's key in its source.
        partition: Its partition.
        email: The email that HubSpot acknowledged.
        hubspot_id: The record that HubSpot named.
        outcome: What the ledger says of it.
        fingerprint: The payload that it is about.
        created_by_us: Whether a request of ours made the contact.
        accepted: What the account is known to rewrite.
        finding: What it was found to be before.
        synced_at: When HubSpot acknowledged it last, in UTC.
        source: The row; None where its source no longer has it, and where it was not looked at.
    """

    key: str
    partition: str
    email: str
    hubspot_id: str
    outcome: LedgerOutcome
    fingerprint: str
    created_by_us: bool
    accepted: Accepted
    finding: Finding | None
    synced_at: datetime
    source: SourceRow | None = None

    @property
    def contact(self) -> CreatedContact:
        """The contact as far as archiving needs to know it."""
        return CreatedContact(self.key, self.email, self.hubspot_id)


def entry_pages(
    engine: Engine, ledger: Ledger, partitions: Sequence[str] | None, *, page_rows: int
) -> Iterator[list[LedgerRow]]:
    """Read the entries that HubSpot acknowledged, in keyset pages.

    Left out are those that `babynames undo` archived.

    Args:
        engine: The database.
        ledger: Whose entries.
        partitions: The entries' partitions; None for all, former ones included.
        page_rows: Most rows a page.

    Raises:
        PipelineError: Any DB_* code.
    """
    statement = _rows(ledger).where(_read_back(partitions))
    return keyset_pages(engine, statement, hubspot_contacts.c.row_key, _row, page_rows=page_rows)


def entries_together(
    engine: Engine, ledger: Ledger, partitions: Sequence[str] | None, records: Collection[str]
) -> list[LedgerRow]:
    """Read the entries that have the same record as another one, and those of some records.

    Args:
        engine: The database.
        ledger: Whose entries.
        partitions: As `entry_pages`.
        records: Records by their ids.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry, among = hubspot_contacts.c, sa.and_(ledger.owns(hubspot_contacts), _read_back(partitions))
    twice = sa.select(entry.hubspot_id).where(among).group_by(entry.hubspot_id).having(sa.func.count() > 1)
    conditions = [entry.hubspot_id.in_(twice), *(entry.hubspot_id.in_(listed) for listed in slices(sorted(records)))]
    found: dict[str, LedgerRow] = {}
    with reading(engine) as connection:
        for condition in conditions:
            for row in connection.execute(_rows(ledger).where(_read_back(partitions), condition)):
                found[row.row_key] = _row(tuple(row))
    return list(found.values())


def _read_back(partitions: Sequence[str] | None) -> sa.ColumnElement[bool]:
    entry = hubspot_contacts.c
    by_users = entry.finding.in_([finding.value for finding in LOST])
    among = sa.true() if partitions is None else entry.partition_key.in_(list(partitions))
    return sa.and_(among, sa.or_(entry.outcome != LedgerOutcome.ARCHIVED.value, by_users))


def entries_of(engine: Engine, ledger: Ledger, keys: Collection[str]) -> list[LedgerRow]:
    """Read the entries of some rows.

    Raises:
        PipelineError: Any DB_* code.
    """
    statement = _rows(ledger).where(hubspot_contacts.c.row_key.in_(sorted(keys)))
    with reading(engine) as connection:
        return [_row(tuple(row)) for row in connection.execute(statement)]


def sampled_entries(engine: Engine, ledger: Ledger, mapping: str, size: int) -> list[LedgerRow]:
    """Pick some acknowledged contacts at random.

    Args:
        engine: The database.
        ledger: Whose entries.
        mapping: Fingerprint of the mapping that they were sent with.
        size: How many, at most.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    chance = sa.func.random() if engine.dialect.name == "sqlite" else sa.func.rand()
    picked = (
        sa.select(entry.row_key)
        .where(ledger.owns(hubspot_contacts), entry.outcome == LedgerOutcome.SYNCED.value, entry.mapping == mapping)
        .order_by(chance)
        .limit(size)
    )
    with reading(engine) as connection:
        keys = connection.execute(picked).scalars().all()
    return entries_of(engine, ledger, keys)


def _rows(ledger: Ledger) -> sa.Select[Any]:
    entry = hubspot_contacts.c
    return sa.select(
        entry.row_key,
        entry.partition_key,
        entry.hubspot_email,
        entry.hubspot_id,
        entry.outcome,
        entry.fingerprint,
        entry.created_by_us,
        entry.accepted,
        entry.finding,
        entry.synced_at,
    ).where(ledger.owns(hubspot_contacts), entry.hubspot_id.is_not(None), entry.hubspot_email.is_not(None))


def _row(row: Sequence[Any]) -> LedgerRow:
    known = json.loads(row[7]) if row[7] else {}
    return LedgerRow(
        key=row[0],
        partition=row[1],
        email=row[2],
        hubspot_id=row[3],
        outcome=LedgerOutcome(row[4]),
        fingerprint=row[5],
        created_by_us=bool(row[6]),
        accepted={prop: (values[0], values[1]) for prop, values in known.items()},
        finding=Finding(row[8]) if row[8] else None,
        synced_at=row[9],
    )

"""What reconciling found of each contact: reading entries, and keeping the findings.

What belongs here: the statements about the ledger's columns `finding` to `read_at`. What does not: what a contact is
found to be, which `hubspot/reconcile/` decides.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine, Row

from babynames_dagster.database.connection.engine import reading, utc_now, writing
from babynames_dagster.database.connection.patience import retried_transaction
from babynames_dagster.database.ledger.entries import CreatedContact, LedgerOutcome, by_key
from babynames_dagster.database.ledger.finding import LOST, NOT_OURS_TO_WRITE, Finding
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.rows import SourceRow
from babynames_dagster.database.tables import hubspot_contacts

__all__ = [
    "LOST",
    "NOT_OURS_TO_WRITE",
    "Accepted",
    "Finding",
    "FindingCount",
    "FoundContact",
    "KeptFinding",
    "LedgerRow",
]

Accepted = Mapping[str, tuple[str, str]]
"""By property, the value that was sent and the one that the account made of it."""

_DETAIL_KEPT = 1000
_ACCEPTED_KEPT = 2000


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
        source: The row; None where its source has it no more, and where it was not looked at.
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


@dataclass(frozen=True)
class KeptFinding:
    """What is to be kept of one contact.

    Attributes:
        key: The row's key in its source.
        finding: What it was found to be.
        detail: The same in words, both values included.
        accepted: What the account rewrites; kept in place of what was known before.
    """

    key: str
    finding: Finding
    detail: str = ""
    accepted: Accepted = field(default_factory=dict)


@dataclass(frozen=True)
class FindingCount:
    """How many contacts of a partition were found to be something, and since when that is known."""

    partition: str
    finding: Finding
    contacts: int
    read_at: datetime


@dataclass(frozen=True)
class FoundContact:
    """One contact that was found to be something, for people."""

    partition: str
    email: str
    hubspot_id: str
    finding: Finding
    detail: str


def entry_pages(
    engine: Engine, ledger: Ledger, partitions: Sequence[str], *, page_rows: int
) -> Iterator[list[LedgerRow]]:
    """Read the entries that HubSpot acknowledged, in keyset pages.

    Left out are those that `babynames undo` archived.

    Args:
        engine: The database.
        ledger: Whose entries.
        partitions: The entries' partitions.
        page_rows: Most rows a page.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    by_users = entry.finding.in_([finding.value for finding in LOST])
    meant = sa.or_(entry.outcome != LedgerOutcome.ARCHIVED.value, by_users)
    statement = _rows(ledger).where(
        entry.partition_key.in_(list(partitions)), meant, entry.row_key > sa.bindparam("after")
    )
    statement = statement.order_by(entry.row_key).limit(page_rows)
    after = ""
    while True:
        with reading(engine) as connection:
            rows = [_row(row) for row in connection.execute(statement, {"after": after})]
        if rows:
            yield rows
        if len(rows) < page_rows:
            return
        after = rows[-1].key


def entries_of(engine: Engine, ledger: Ledger, keys: Collection[str]) -> list[LedgerRow]:
    """Read the entries of some rows.

    Raises:
        PipelineError: Any DB_* code.
    """
    statement = _rows(ledger).where(hubspot_contacts.c.row_key.in_(sorted(keys)))
    with reading(engine) as connection:
        return [_row(row) for row in connection.execute(statement)]


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


def keep_findings(engine: Engine, ledger: Ledger, findings: Sequence[KeptFinding]) -> None:
    """Keep what contacts were found to be.

    Those that users archived or deleted count as archived from then on, until they are found to be restored.

    Raises:
        PipelineError: Any DB_* code, after some tries where a retry can help.
    """
    now, entry = utc_now(), hubspot_contacts.c
    ordered = sorted(findings, key=lambda found: found.key)
    detailed = [found for found in ordered if found.detail or found.accepted]
    plain: dict[Finding, list[str]] = {}
    for found in ordered:
        if not (found.detail or found.accepted):
            plain.setdefault(found.finding, []).append(found.key)
    lost = [found.key for found in ordered if found.finding in LOST]
    there = [found.key for found in ordered if found.finding not in LOST and found.finding is not Finding.UNREAD]
    one = sa.update(hubspot_contacts).where(ledger.owns(hubspot_contacts))
    restored = one.where(
        entry.row_key.in_(there),
        entry.outcome == LedgerOutcome.ARCHIVED.value,
        entry.finding.in_([finding.value for finding in LOST]),
    )

    def write() -> None:
        with writing(engine) as connection:
            if there:
                connection.execute(restored.values(outcome=LedgerOutcome.SYNCED.value))
            for finding, keys in plain.items():
                values = {"finding": finding.value, "finding_detail": None, "accepted": None, "read_at": now}
                connection.execute(one.where(entry.row_key.in_(keys)).values(values))
            if detailed:
                connection.execute(
                    one.where(entry.row_key == sa.bindparam("of_row")).values(
                        finding=sa.bindparam("found"),
                        finding_detail=sa.bindparam("detail"),
                        accepted=sa.bindparam("rewritten"),
                        read_at=now,
                    ),
                    [
                        {
                            "of_row": found.key,
                            "found": found.finding.value,
                            "detail": found.detail[:_DETAIL_KEPT] or None,
                            "rewritten": as_text(found.accepted) or None,
                        }
                        for found in detailed
                    ],
                )
            if lost:
                connection.execute(
                    one.where(entry.row_key.in_(lost)).values(outcome=LedgerOutcome.ARCHIVED.value, created_by_us=False)
                )

    if findings:
        retried_transaction(write)


def as_text(accepted: Accepted) -> str | None:
    """Return accepted values as they are kept; None where they are too long for that."""
    text = json.dumps({name: list(values) for name, values in accepted.items()}, ensure_ascii=False) if accepted else ""
    return text if len(text) <= _ACCEPTED_KEPT else None


def finding_counts(engine: Engine, ledger: Ledger) -> list[FindingCount]:
    """Count the findings by partition, each with the moment of its oldest reading.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    statement = (
        sa.select(entry.partition_key, entry.finding, sa.func.count(), sa.func.min(entry.read_at))
        .where(ledger.owns(hubspot_contacts), entry.finding.is_not(None))
        .group_by(entry.partition_key, entry.finding)
        .order_by(entry.partition_key, entry.finding)
    )
    with reading(engine) as connection:
        return [FindingCount(row[0], Finding(row[1]), row[2], row[3]) for row in connection.execute(statement)]


def found_contacts(
    engine: Engine, ledger: Ledger, findings: Collection[Finding], limit: int, partitions: Sequence[str] | None = None
) -> list[FoundContact]:
    """List contacts that were found to be one of some things.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    statement = (
        sa.select(entry.partition_key, entry.hubspot_email, entry.hubspot_id, entry.finding, entry.finding_detail)
        .where(ledger.owns(hubspot_contacts), entry.finding.in_([finding.value for finding in findings]))
        .order_by(*by_key())
        .limit(limit)
    )
    if partitions is not None:
        statement = statement.where(entry.partition_key.in_(list(partitions)))
    with reading(engine) as connection:
        return [
            FoundContact(row[0], row[1] or "", row[2] or "", Finding(row[3]), row[4] or "")
            for row in connection.execute(statement)
        ]


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


def _row(found: "Row[Any]") -> LedgerRow:
    row: Sequence[Any] = tuple(found)
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

"""What reconciling found of each contact: reading entries beside their names, and keeping the findings.

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
from babynames_dagster.database.connection.patience import patiently
from babynames_dagster.database.ledger.candidates import Candidate, candidate_columns
from babynames_dagster.database.ledger.entries import CreatedContact, LedgerOutcome
from babynames_dagster.database.ledger.finding import LOST, NOT_OURS_TO_WRITE, Finding
from babynames_dagster.database.tables import baby_names, hubspot_contacts

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

_OWN_COLUMNS = 10
_DETAIL_KEPT = 1000
_ACCEPTED_KEPT = 2000


@dataclass(frozen=True)
class LedgerRow:
    """One entry that HubSpot acknowledged, beside its name.

    Attributes:
        name_id: The name.
        initial: Its partition.
        email: The email that HubSpot acknowledged.
        hubspot_id: The record that HubSpot named.
        outcome: What the ledger says of it.
        fingerprint: The payload that it is about.
        created_by_us: Whether a request of ours made the contact.
        accepted: What the account is known to rewrite.
        finding: What it was found to be before.
        synced_at: When HubSpot acknowledged it last, in UTC.
        name: The name with this entry; None where the table has it no more.
    """

    name_id: int
    initial: str
    email: str
    hubspot_id: str
    outcome: LedgerOutcome
    fingerprint: str
    created_by_us: bool
    accepted: Accepted
    finding: Finding | None
    synced_at: datetime
    name: Candidate | None

    @property
    def contact(self) -> CreatedContact:
        """The contact as far as archiving needs to know it."""
        return CreatedContact(self.name_id, self.email, self.hubspot_id)


@dataclass(frozen=True)
class KeptFinding:
    """What is to be kept of one contact.

    Attributes:
        name_id: The name.
        finding: What it was found to be.
        detail: The same in words, both values included.
        accepted: What the account rewrites; kept in place of what was known before.
    """

    name_id: int
    finding: Finding
    detail: str = ""
    accepted: Accepted = field(default_factory=dict)


@dataclass(frozen=True)
class FindingCount:
    """How many contacts of a partition were found to be something, and since when that is known."""

    initial: str
    finding: Finding
    contacts: int
    read_at: datetime


@dataclass(frozen=True)
class FoundContact:
    """One contact that was found to be something, for people."""

    initial: str
    email: str
    hubspot_id: str
    finding: Finding
    detail: str


def entry_pages(
    engine: Engine, portal_id: int, partitions: Sequence[str], *, page_rows: int, recreate: bool = False
) -> Iterator[list[LedgerRow]]:
    """Read the entries that HubSpot acknowledged, in keyset pages.

    Left out are those that `babynames undo` archived.

    Args:
        engine: The database.
        portal_id: The account.
        partitions: The entries' initials.
        page_rows: Most rows a page.
        recreate: Whether only those are meant that users archived or deleted.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    by_users = entry.finding.in_([Finding.ARCHIVED.value, Finding.GONE.value])
    meant = by_users if recreate else sa.or_(entry.outcome != LedgerOutcome.ARCHIVED.value, by_users)
    statement = _rows(portal_id).where(
        entry.initial.in_(list(partitions)), meant, entry.name_id > sa.bindparam("after")
    )
    statement = statement.order_by(entry.name_id).limit(page_rows)
    after = 0
    while True:
        with reading(engine) as connection:
            rows = [_row(row) for row in connection.execute(statement, {"after": after})]
        if rows:
            yield rows
        if len(rows) < page_rows:
            return
        after = rows[-1].name_id


def entries_of(engine: Engine, portal_id: int, names: Collection[int]) -> list[LedgerRow]:
    """Read the entries of some names.

    Raises:
        PipelineError: Any DB_* code.
    """
    statement = _rows(portal_id).where(hubspot_contacts.c.name_id.in_(sorted(names)))
    with reading(engine) as connection:
        return [_row(row) for row in connection.execute(statement)]


def sampled_entries(engine: Engine, portal_id: int, mapping: str, size: int) -> list[LedgerRow]:
    """Pick some acknowledged contacts at random.

    Args:
        engine: The database.
        portal_id: The account.
        mapping: Fingerprint of the mapping that they were sent with.
        size: How many, at most.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    chance = sa.func.random() if engine.dialect.name == "sqlite" else sa.func.rand()
    picked = (
        sa.select(entry.name_id)
        .where(entry.portal_id == portal_id, entry.outcome == LedgerOutcome.SYNCED.value, entry.mapping == mapping)
        .order_by(chance)
        .limit(size)
    )
    with reading(engine) as connection:
        names = connection.execute(picked).scalars().all()
    return entries_of(engine, portal_id, names)


def keep_findings(engine: Engine, portal_id: int, findings: Sequence[KeptFinding]) -> None:
    """Keep what contacts were found to be; those that users archived or deleted count as archived from then on.

    Raises:
        PipelineError: Any DB_* code, after some tries where a retry can help.
    """
    now, entry = utc_now(), hubspot_contacts.c
    ordered = sorted(findings, key=lambda found: found.name_id)
    told = [found for found in ordered if found.detail or found.accepted]
    plain: dict[Finding, list[int]] = {}
    for found in ordered:
        if not (found.detail or found.accepted):
            plain.setdefault(found.finding, []).append(found.name_id)
    lost = [found.name_id for found in ordered if found.finding in LOST]
    one = sa.update(hubspot_contacts).where(entry.portal_id == portal_id)

    def write() -> None:
        with writing(engine) as connection:
            for finding, names in plain.items():
                values = {"finding": finding.value, "finding_detail": None, "accepted": None, "read_at": now}
                connection.execute(one.where(entry.name_id.in_(names)).values(values))
            if told:
                connection.execute(
                    one.where(entry.name_id == sa.bindparam("of_name")).values(
                        finding=sa.bindparam("found"),
                        finding_detail=sa.bindparam("detail"),
                        accepted=sa.bindparam("rewritten"),
                        read_at=now,
                    ),
                    [
                        {
                            "of_name": found.name_id,
                            "found": found.finding.value,
                            "detail": found.detail[:_DETAIL_KEPT] or None,
                            "rewritten": as_text(found.accepted) or None,
                        }
                        for found in told
                    ],
                )
            if lost:
                connection.execute(
                    one.where(entry.name_id.in_(lost)).values(outcome=LedgerOutcome.ARCHIVED.value, created_by_us=False)
                )

    if findings:
        patiently(write)


def as_text(accepted: Accepted) -> str | None:
    """Return accepted values as they are kept; None where they are too long for that."""
    text = json.dumps({name: list(values) for name, values in accepted.items()}, ensure_ascii=False) if accepted else ""
    return text if len(text) <= _ACCEPTED_KEPT else None


def finding_counts(engine: Engine, portal_id: int) -> list[FindingCount]:
    """Count the findings by partition, each with the moment of its oldest reading.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    statement = (
        sa.select(entry.initial, entry.finding, sa.func.count(), sa.func.min(entry.read_at))
        .where(entry.portal_id == portal_id, entry.finding.is_not(None))
        .group_by(entry.initial, entry.finding)
        .order_by(entry.initial, entry.finding)
    )
    with reading(engine) as connection:
        return [FindingCount(row[0], Finding(row[1]), row[2], row[3]) for row in connection.execute(statement)]


def found_contacts(
    engine: Engine, portal_id: int, findings: Collection[Finding], limit: int, partitions: Sequence[str] | None = None
) -> list[FoundContact]:
    """List contacts that were found to be one of some things.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    statement = (
        sa.select(entry.initial, entry.hubspot_email, entry.hubspot_id, entry.finding, entry.finding_detail)
        .where(entry.portal_id == portal_id, entry.finding.in_([finding.value for finding in findings]))
        .order_by(entry.name_id)
        .limit(limit)
    )
    if partitions is not None:
        statement = statement.where(entry.initial.in_(list(partitions)))
    with reading(engine) as connection:
        return [
            FoundContact(row[0], row[1] or "", row[2] or "", Finding(row[3]), row[4] or "")
            for row in connection.execute(statement)
        ]


def _rows(portal_id: int) -> sa.Select[Any]:
    entry = hubspot_contacts.c
    return (
        sa.select(
            entry.name_id,
            entry.initial,
            entry.hubspot_email,
            entry.hubspot_id,
            entry.outcome,
            entry.fingerprint,
            entry.created_by_us,
            entry.accepted,
            entry.finding,
            entry.synced_at,
            *candidate_columns(),
        )
        .select_from(hubspot_contacts.outerjoin(baby_names, baby_names.c.id == entry.name_id))
        .where(entry.portal_id == portal_id, entry.hubspot_id.is_not(None), entry.hubspot_email.is_not(None))
    )


def _row(found: "Row[Any]") -> LedgerRow:
    row: Sequence[Any] = tuple(found)
    name = row[_OWN_COLUMNS:]
    known = json.loads(row[7]) if row[7] else {}
    return LedgerRow(
        name_id=row[0],
        initial=row[1],
        email=row[2],
        hubspot_id=row[3],
        outcome=LedgerOutcome(row[4]),
        fingerprint=row[5],
        created_by_us=bool(row[6]),
        accepted={prop: (values[0], values[1]) for prop, values in known.items()},
        finding=Finding(row[8]) if row[8] else None,
        synced_at=row[9],
        name=None if name[0] is None else Candidate._make(name),
    )

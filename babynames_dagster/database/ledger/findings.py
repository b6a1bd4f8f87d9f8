"""What reconciling found of each contact: keeping it, counting and listing it, and how far contacts were read back.

What belongs here: the statements about the ledger's columns `finding` to `read_at`. What does not: what a contact is
found to be, which `hubspot/reconcile/` decides.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import reading, utc_now, writing
from babynames_dagster.database.connection.retrying import retried_transaction
from babynames_dagster.database.ledger.acknowledged import Accepted
from babynames_dagster.database.ledger.entries import by_key
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.states import LOST, NOT_OURS, NOT_OURS_TO_WRITE, Finding, LedgerOutcome
from babynames_dagster.database.tables import hubspot_contacts

_DETAIL_KEPT = 1000
_ACCEPTED_KEPT = 2000


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


def keep_findings(engine: Engine, ledger: Ledger, findings: Sequence[KeptFinding]) -> None:
    """Keep what contacts were found to be.

    Acknowledged contacts that are somebody's by now count as kept from then on, those that users archived or deleted as
    archived, until they are found to be ours, or restored.

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
    there = [found.key for found in ordered if found.finding not in {*LOST, Finding.UNREAD}]
    taken = [found.key for found in ordered if found.finding in NOT_OURS_TO_WRITE]
    one = sa.update(hubspot_contacts).where(ledger.owns(hubspot_contacts))
    before = {LedgerOutcome.ARCHIVED: LOST, LedgerOutcome.KEPT: NOT_OURS_TO_WRITE}
    back = one.where(
        entry.row_key.in_(there),
        sa.or_(
            *(
                sa.and_(entry.outcome == outcome.value, entry.finding.in_([known.value for known in findings_before]))
                for outcome, findings_before in before.items()
            )
        ),
    ).values(outcome=LedgerOutcome.SYNCED.value, category=None, message=None)
    kept = one.where(entry.row_key.in_(taken), entry.outcome == LedgerOutcome.SYNCED.value).values(
        outcome=LedgerOutcome.KEPT.value, category=NOT_OURS, message=entry.finding_detail, correlation_id=None
    )

    def write() -> None:
        with writing(engine) as connection:
            if there:
                connection.execute(back)
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
            if taken:
                connection.execute(kept)
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


@dataclass(frozen=True)
class Readings:
    """How far contacts were read back.

    Attributes:
        there: Contacts that HubSpot acknowledged and that are there, as far as is known.
        archived: Contacts that were archived.
        last: When any of them was read back last, in UTC; None where that never was.
    """

    there: int
    archived: int
    last: datetime | None

    def __str__(self) -> str:
        """Say why there is no finding."""
        if self.archived and not self.there:
            return f"There is no contact to reconcile: all {self.archived:,} were archived."
        if self.last is not None:
            return f"`babynames reconcile` read at {self.last:%Y-%m-%d %H:%M} UTC; every contact was sent again since."
        return "No contact has been reconciled yet."


def readings(engine: Engine, ledger: Ledger, partitions: Sequence[str]) -> Readings:
    """Look how far the contacts of some partitions were read back.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    statement = (
        sa.select(entry.outcome, sa.func.count(), sa.func.max(entry.read_at))
        .where(ledger.owns(hubspot_contacts), entry.partition_key.in_(list(partitions)))
        .group_by(entry.outcome)
    )
    with reading(engine) as connection:
        found = {row[0]: (row[1], row[2]) for row in connection.execute(statement)}
    moments = [moment for _, moment in found.values() if moment is not None]
    there, archived = (
        found.get(outcome.value, (0, None))[0] for outcome in (LedgerOutcome.SYNCED, LedgerOutcome.ARCHIVED)
    )
    return Readings(there, archived, max(moments, default=None))

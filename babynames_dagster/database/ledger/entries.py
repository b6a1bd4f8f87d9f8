"""Reading the ledger: what HubSpot acknowledged, refused or never answered, one row per portal, source and row.

What belongs here: the statements that read `hubspot_contacts`. What does not: writing it (`ledger_writing.py`), and
what an outcome means for sending, which `hubspot/` decides.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import reading
from babynames_dagster.database.ledger.candidates import NAMES, ContactScope, name_of_entry, names_with_entries
from babynames_dagster.database.ledger.finding import NOT_OURS_TO_WRITE
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.tables import baby_names, hubspot_contacts


class LedgerOutcome(Enum):
    """What the ledger says of a row."""

    SYNCED = "synced"
    """HubSpot acknowledged this very row."""
    KEPT = "kept"
    """HUBSPOT_WRITE_POLICY leaves HubSpot as it is, or the contact is somebody's: looked at again when the row, the
    mapping or the policy changes, or when asked for."""
    REJECTED = "rejected"
    """HubSpot refuses it as it is: sent again when the row or the mapping changes, or when asked for."""
    FAILED = "failed"
    """It got no answer of its own, or one that can pass: sent again by the next run."""
    ARCHIVED = "archived"
    """`babynames undo` archived it: sent again when the row or the mapping changes, or by a full refresh."""


@dataclass(frozen=True)
class OutcomeCount:
    """How many contacts of a portal and source have one outcome."""

    portal_id: int
    sync: str
    outcome: str
    contacts: int


@dataclass(frozen=True)
class RefusedContact:
    """A contact whose last try did not get through, and why.

    Attributes:
        portal_id: The account.
        sync: The source.
        key: The row's key in it.
        outcome: `rejected`, `failed`, or `kept` where it is somebody's by now.
        email: The email that was sent.
        name: The name; None where the table has it no more, and for other sources' rows.
        sex: The name's sex; None likewise.
        category: The reason in one word of HubSpot's.
        message: The same in a sentence.
        correlation_id: What HubSpot's support asks for.
        attempts: How often it was sent.
        updated_at: When it was sent last, in UTC.
    """

    portal_id: int
    sync: str
    key: str
    outcome: str
    email: str
    name: str | None
    sex: str | None
    category: str | None
    message: str | None
    correlation_id: str | None
    attempts: int
    updated_at: datetime


@dataclass(frozen=True)
class CreatedContact:
    """A contact that exists because this ledger's sync made it, under the email that HubSpot acknowledged."""

    key: str
    email: str
    hubspot_id: str
    superseded: bool = False


@dataclass(frozen=True)
class LedgerComparison:
    """How one partition's names and ledger entries compare.

    Attributes:
        initial: The partition.
        names: Names that the account is to have.
        acknowledged: Those that HubSpot acknowledged.
        rejected: Those that it refuses.
        failed: Those whose last try failed.
        kept: Those that HUBSPOT_WRITE_POLICY leaves as HubSpot has them.
        archived: Those that `babynames undo` archived.
        unsent: Those without an entry.
        without_name: Acknowledged contacts whose name the table has no more.
    """

    initial: str
    names: int = 0
    acknowledged: int = 0
    rejected: int = 0
    failed: int = 0
    kept: int = 0
    archived: int = 0
    unsent: int = 0
    without_name: int = 0


def partitions_with_work(
    engine: Engine, portal_id: int, mapping: str, scope: ContactScope | None = None
) -> dict[str, int]:
    """Count the names that a sync would send, by partition; partitions without any are left out.

    They are those without an entry, those that failed, and those whose entry is about another mapping, but for contacts
    that reconciling found to be somebody's.

    Args:
        engine: The database.
        portal_id: The account.
        mapping: Fingerprint of the mapping in force.
        scope: Which names are meant; all by default.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    statement = (
        sa.select(baby_names.c.initial, sa.func.count())
        .select_from(names_with_entries(portal_id))
        .where(
            sa.or_(entry.row_key.is_(None), entry.outcome == LedgerOutcome.FAILED.value, entry.mapping != mapping),
            sa.func.coalesce(entry.finding, "").not_in([finding.value for finding in NOT_OURS_TO_WRITE]),
            (scope or ContactScope()).condition(),
        )
        .group_by(baby_names.c.initial)
    )
    with reading(engine) as connection:
        return {row[0]: row[1] for row in connection.execute(statement)}


def ledger_vs_table(engine: Engine, portal_id: int, scope: ContactScope | None = None) -> list[LedgerComparison]:
    """Compare names and ledger entries, partition by partition.

    Args:
        engine: The database.
        portal_id: The account.
        scope: Which names are meant; all by default.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    names = (
        sa.select(baby_names.c.initial, entry.outcome, sa.func.count())
        .select_from(names_with_entries(portal_id))
        .where((scope or ContactScope()).condition())
        .group_by(baby_names.c.initial, entry.outcome)
    )
    without_name = (
        sa.select(entry.partition_key, sa.func.count())
        .select_from(hubspot_contacts.outerjoin(baby_names, name_of_entry()))
        .where(
            Ledger(portal_id, NAMES).owns(hubspot_contacts),
            entry.outcome == LedgerOutcome.SYNCED.value,
            baby_names.c.id.is_(None),
        )
        .group_by(entry.partition_key)
    )
    counts: dict[str, dict[str, int]] = {}
    with reading(engine) as connection:
        for initial, outcome, count in connection.execute(names):
            partition = counts.setdefault(initial, {})
            partition["names"] = partition.get("names", 0) + count
            partition[{None: "unsent", "synced": "acknowledged"}.get(outcome, outcome)] = count
        for initial, count in connection.execute(without_name):
            counts.setdefault(initial, {})["without_name"] = count
    return [LedgerComparison(initial, **partition) for initial, partition in sorted(counts.items())]


def outcome_counts(engine: Engine) -> list[OutcomeCount]:
    """Count the ledger's contacts by portal, source and outcome.

    Raises:
        PipelineError: Any DB_* code.
    """
    key = (hubspot_contacts.c.portal_id, hubspot_contacts.c.sync, hubspot_contacts.c.outcome)
    statement = sa.select(*key, sa.func.count()).group_by(*key).order_by(*key)
    with reading(engine) as connection:
        return [OutcomeCount(*row) for row in connection.execute(statement)]


def ledger_counts(engine: Engine, ledger: Ledger) -> dict[str, int]:
    """Count a ledger's contacts by outcome; an outcome that none has is left out.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    statement = sa.select(entry.outcome, sa.func.count()).where(ledger.owns(hubspot_contacts)).group_by(entry.outcome)
    with reading(engine) as connection:
        return {row[0]: row[1] for row in connection.execute(statement)}


def refused_contacts(
    engine: Engine, outcome: LedgerOutcome, limit: int, *, sync: str | None = None
) -> list[RefusedContact]:
    """List the contacts whose last try ended in an outcome, by portal, source and key, each with its reason.

    Args:
        engine: The database.
        outcome: REJECTED, FAILED, or KEPT; of the latter those with a reason, which HUBSPOT_WRITE_POLICY gives none.
        limit: Most contacts listed.
        sync: The source whose contacts are listed; None for all.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    statement = (
        sa.select(
            entry.portal_id,
            entry.sync,
            entry.row_key.label("key"),
            entry.outcome,
            entry.email,
            baby_names.c.name,
            baby_names.c.sex,
            entry.category,
            entry.message,
            entry.correlation_id,
            entry.attempts,
            entry.updated_at,
        )
        .select_from(hubspot_contacts.outerjoin(baby_names, name_of_entry()))
        .where(
            entry.outcome == outcome.value,
            entry.category.is_not(None),
            sa.true() if sync is None else entry.sync == sync,
        )
        .order_by(entry.portal_id, entry.sync, *by_key())
        .limit(limit)
    )
    with reading(engine) as connection:
        return [RefusedContact(**row) for row in connection.execute(statement).mappings()]


def by_key() -> tuple[sa.ColumnElement[Any], ...]:
    """Return the order of entries for people: numbers come in their own order."""
    return sa.func.length(hubspot_contacts.c.row_key), hubspot_contacts.c.row_key


def created_pages(engine: Engine, ledger: Ledger, *, page_rows: int) -> Iterator[list[CreatedContact]]:
    """Read the contacts that this ledger created and did not archive, in keyset pages.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    after = ""
    while True:
        statement = (
            sa.select(entry.row_key, sa.func.coalesce(entry.hubspot_email, entry.email), entry.hubspot_id)
            .where(created_by_us(ledger), entry.row_key > after)
            .order_by(entry.row_key)
            .limit(page_rows)
        )
        with reading(engine) as connection:
            rows = [CreatedContact(*row) for row in connection.execute(statement)]
        if rows:
            yield rows
        if len(rows) < page_rows:
            return
        after = rows[-1].key


def contacts_in_ledger(engine: Engine, ledger: Ledger, partitions: Sequence[str] | None = None) -> int:
    """Count the contacts that an account has by the ledger: acknowledged, and not archived since.

    Args:
        engine: The database.
        ledger: Whose entries.
        partitions: Which partitions; None for all, those that there are no more included.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    statement = sa.select(sa.func.count()).where(
        ledger.owns(hubspot_contacts),
        entry.hubspot_id.is_not(None),
        entry.outcome != LedgerOutcome.ARCHIVED.value,
        sa.true() if partitions is None else entry.partition_key.in_(list(partitions)),
    )
    with reading(engine) as connection:
        count: int = connection.execute(statement).scalar_one()
        return count


def contacts_elsewhere(engine: Engine, ledger: Ledger) -> dict[int, int]:
    """Count the contacts that a source has by the ledger in other portals than this one, by portal.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    statement = (
        sa.select(entry.portal_id, sa.func.count())
        .where(
            entry.portal_id != ledger.portal_id,
            entry.sync == ledger.sync,
            entry.hubspot_id.is_not(None),
            entry.outcome != LedgerOutcome.ARCHIVED.value,
        )
        .group_by(entry.portal_id)
    )
    with reading(engine) as connection:
        return {row[0]: row[1] for row in connection.execute(statement)}


def rows_sharing_a_contact(engine: Engine, ledger: Ledger) -> int:
    """Count how many more acknowledged rows than contacts a ledger has.

    Raises:
        PipelineError: Any DB_* code.
    """
    entry = hubspot_contacts.c
    statement = sa.select(sa.func.count() - sa.func.count(entry.hubspot_id.distinct())).where(
        ledger.owns(hubspot_contacts), entry.outcome == LedgerOutcome.SYNCED.value, entry.hubspot_id.is_not(None)
    )
    with reading(engine) as connection:
        count: int = connection.execute(statement).scalar_one()
        return count


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

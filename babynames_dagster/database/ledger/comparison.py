"""Names beside the ledger of their sync: what is yet to be sent, and how the two compare."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import reading
from babynames_dagster.database.ledger.candidates import ContactScope, name_of_entry, names_with_entries
from babynames_dagster.database.ledger.key import NAMES, Ledger
from babynames_dagster.database.ledger.states import NOT_OURS_TO_WRITE, LedgerOutcome
from babynames_dagster.database.tables import baby_names, hubspot_contacts


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
        without_name: Acknowledged contacts whose name the table no longer has.
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

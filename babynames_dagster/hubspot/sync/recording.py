"""What the ledger keeps of an outcome.

What belongs here: from a row's outcome to its entry. What does not: the statements (`database/ledger/writing.py`).
"""

from babynames_dagster.database.ledger.entries import LedgerOutcome
from babynames_dagster.database.ledger.writing import LedgerEntry
from babynames_dagster.hubspot.sync.outcomes import Kind, Outcome
from babynames_dagster.hubspot.sync.planning import kept_fingerprint
from babynames_dagster.hubspot.sync.policy import WritePolicy

ACKNOWLEDGED = frozenset({Kind.CREATED, Kind.UPDATED, Kind.UNCHANGED})
"""Outcomes after which HubSpot has the contact as it is to be."""
_LEDGER_OUTCOMES = {
    Kind.CREATED: LedgerOutcome.SYNCED,
    Kind.UPDATED: LedgerOutcome.SYNCED,
    Kind.UNCHANGED: LedgerOutcome.SYNCED,
    Kind.KEPT: LedgerOutcome.KEPT,
    Kind.REJECTED: LedgerOutcome.REJECTED,
    Kind.FAILED: LedgerOutcome.FAILED,
}


def entry_of(outcome: Outcome, policy: WritePolicy) -> LedgerEntry:
    """Return the entry that an outcome becomes under a policy."""
    problem, row = outcome.problem, outcome.row
    kept = outcome.kind is Kind.KEPT
    given = row.initial if outcome.kind in ACKNOWLEDGED and not row.withheld else None
    return LedgerEntry(
        name_id=row.name_id,
        initial=row.partition,
        email=row.email,
        fingerprint=kept_fingerprint(row.fingerprint, policy) if kept else row.fingerprint,
        outcome=_LEDGER_OUTCOMES[outcome.kind],
        created=outcome.made,
        initial_sent="" if outcome.made and row.withheld else given,
        hubspot_id=None if kept else outcome.hubspot_id,
        category=problem.category if problem else None,
        message=problem.message if problem else None,
        correlation_id=problem.correlation_id if problem else None,
    )

"""What the ledger keeps of an outcome.

What belongs here: from a row's outcome to its entry and finding. What does not: the statements (`database/ledger/`).
"""

from collections.abc import Sequence

from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.findings import KeptFinding, keep_findings
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster.database.ledger.writing import LedgerEntry, record
from babynames_dagster.hubspot.batches.outcomes import Kind, Outcome
from babynames_dagster.hubspot.batches.policy import WritePolicy
from babynames_dagster.hubspot.mapping import ContactMapping
from babynames_dagster.hubspot.sync.planning import kept_fingerprint, left_fingerprint

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


def record_outcomes(
    engine: Engine, ledger: Ledger, mapping: ContactMapping, policy: WritePolicy, outcomes: Sequence[Outcome]
) -> None:
    """Enter outcomes into the ledger, and what contacts were found to be.

    Raises:
        PipelineError: Any DB_* code.
    """
    record(engine, ledger, mapping.fingerprint, [entry_of(outcome, policy) for outcome in outcomes])
    found = [
        KeptFinding(outcome.row.key, outcome.finding, outcome.problem.message if outcome.problem else "")
        for outcome in outcomes
        if outcome.finding is not None
    ]
    if found:
        keep_findings(engine, ledger, found)


def entry_of(outcome: Outcome, policy: WritePolicy) -> LedgerEntry:
    """Return the entry that an outcome becomes under a policy."""
    problem, row = outcome.problem, outcome.row
    kept = outcome.kind is Kind.KEPT
    fingerprint = row.fingerprint
    if kept:
        somebodys = outcome.finding is not None
        fingerprint = left_fingerprint(fingerprint) if somebodys else kept_fingerprint(fingerprint, policy)
    return LedgerEntry(
        key=row.key,
        partition=row.partition,
        email=row.email,
        fingerprint=fingerprint,
        outcome=_LEDGER_OUTCOMES[outcome.kind],
        created=outcome.made,
        initial_sent=row.initial if outcome.kind in ACKNOWLEDGED and not row.withheld else None,
        hubspot_id=None if kept else outcome.hubspot_id,
        category=problem.category if problem else None,
        message=problem.message if problem else None,
        correlation_id=problem.correlation_id if problem else None,
    )

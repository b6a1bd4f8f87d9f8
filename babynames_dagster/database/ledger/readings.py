"""How far a ledger's contacts were read back, where no finding is left to show.

What belongs here: the moment and the numbers. What does not: what was found (`findings.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import reading
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster.database.tables import hubspot_contacts


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

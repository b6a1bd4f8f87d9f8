"""What reconciling found and did, counted.

What belongs here: the values that come out. What does not: how they come about.
"""

from collections import Counter
from dataclasses import dataclass, field

from babynames_dagster.database.ledger.states import Finding
from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.api.answers import Problem
from babynames_dagster.hubspot.reconcile.judging import QUIET, Judged

SHOWN = 20


@dataclass
class ReconcileReport:
    """What one run of reconciling found and did.

    Attributes:
        portal_id: The account.
        found: How many contacts were found to be what, by partition.
        first: The first contacts that somebody should look at.
        adopted: Contacts that were right already, and that the ledger knows from this run on.
        adopted_made_by_app: Those of them that an app has made, as HubSpot says of a record's source.
        adopted_marked: Those of them that have HUBSPOT_MARKER_PROPERTY, and were so made by this pipeline.
        unknown: Rows that neither the ledger nor HubSpot knows a right contact of; a sync sends them.
        repaired: Contacts that were sent again, and hold it.
        recreated: Contacts that were made again.
        left: Contacts that differ, and that the policy or their state kept from being repaired.
        failed: Contacts that could not be repaired; running again tries them again.
        problem: Why the first of those failed.
        seconds: How long it took.
        requests: Every call that its client made, the first one, which finds out the portal, included.
        stopped: Why it ended early; None where it did not.
    """

    portal_id: int
    found: dict[str, Counter[Finding]] = field(default_factory=dict)
    first: list[Judged] = field(default_factory=list)
    adopted: int = 0
    adopted_made_by_app: int = 0
    adopted_marked: int = 0
    unknown: int = 0
    repaired: int = 0
    recreated: int = 0
    left: int = 0
    failed: int = 0
    problem: Problem | None = None
    seconds: float = 0.0
    requests: int = 0
    stopped: PipelineError | None = None

    @property
    def total(self) -> Counter[Finding]:
        """The findings of all partitions together."""
        return sum(self.found.values(), Counter())

    @property
    def news(self) -> int:
        """Contacts that somebody should look at."""
        return sum(count for finding, count in self.total.items() if finding not in QUIET)

    def add(self, judged: Judged) -> None:
        """Count one more contact."""
        self.found.setdefault(judged.row.partition, Counter())[judged.finding] += 1
        if judged.finding not in QUIET and len(self.first) < SHOWN:
            self.first.append(judged)

    def note(self, problem: Problem | None) -> None:
        """Keep the first reason why a contact could not be repaired."""
        self.problem = self.problem or problem

    def becomes(self, partition: str, before: Finding, after: Finding) -> None:
        """Count a contact as something else than before."""
        counts = self.found.setdefault(partition, Counter())
        counts[before] -= 1
        counts[after] += 1

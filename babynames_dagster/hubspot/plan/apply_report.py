"""What applying a plan did: rows that were written, were as planned before, or are no longer what was reviewed."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.api.answers import Problem
from babynames_dagster.hubspot.plan.rows import PlannedRow

REFUSED_SHOWN = 20


@dataclass(frozen=True)
class AsPlanned:
    """A row that needs no writing: HubSpot is as the plan says, as after the same plan was applied before."""

    row: PlannedRow


@dataclass(frozen=True)
class Refused:
    """A row that was not written, because it is no longer what was reviewed, and why."""

    row: PlannedRow
    why: str


@dataclass
class ApplyReport:
    """What applying a plan did.

    Attributes:
        portal_id: The account.
        created: Contacts that were created.
        updated: Contacts that were updated.
        archived: Contacts that were archived.
        already: Rows that were as planned before, and were not written.
        refused: Rows that are no longer what was reviewed.
        first_refused: The first of them.
        failed: Rows that HubSpot refused or did not answer.
        problem: Why the first of those failed.
        stopped: Why it ended early; None where it did not.
    """

    portal_id: int
    created: int = 0
    updated: int = 0
    archived: int = 0
    already: int = 0
    refused: int = 0
    first_refused: list[Refused] = field(default_factory=list)
    failed: int = 0
    problem: Problem | None = None
    stopped: PipelineError | None = None

    @property
    def done(self) -> int:
        """Rows of which it is known what became of them."""
        return self.created + self.updated + self.archived + self.already + self.refused + self.failed

    @property
    def was_applied(self) -> bool:
        """Whether every row was as planned before."""
        return 0 < self.already == self.done and self.stopped is None

    def refuse(self, refused: Iterable[Refused]) -> None:
        """Count rows that are no longer what was reviewed."""
        for item in refused:
            self.refused += 1
            if len(self.first_refused) < REFUSED_SHOWN:
                self.first_refused.append(item)

"""What a sync is asked to do, and what it tells of every row.

What belongs here: the values that go in and come out of `sync.py`. What does not: how they come about.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.sync.outcomes import Kind, Outcome
from babynames_dagster.hubspot.sync.spans import Span

REJECTS_KEPT = 20
PREVIEW_KEPT = 5


@dataclass(frozen=True)
class SyncOptions:
    """What a run may ask for.

    Attributes:
        full_refresh: Send every row, changed or not, archived or not.
        retry_rejected: Send again what HubSpot rejected before.
        dry_run: Only find out what would be done.
    """

    full_refresh: bool = False
    retry_rejected: bool = False
    dry_run: bool = False


@dataclass
class ContactCounts:
    """What became of names; in a dry run, what would become of them. The counts add up.

    Attributes:
        contacts: Names that the account is to have.
        created: Acknowledged by this run, new in HubSpot.
        updated: Acknowledged by this run, there before.
        unchanged: Acknowledged by an earlier run as they are now; not sent.
        rejected: Refused by HubSpot, in this run or an earlier one.
        failed: Without an acknowledgement although sent; the next run sends them again.
        archived: Archived by `babynames undo`; not sent.
        unsent: Not reached, because the run stopped before.
    """

    contacts: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    failed: int = 0
    archived: int = 0
    unsent: int = 0

    @property
    def complete(self) -> bool:
        """Whether the run has an answer for every name."""
        return not (self.failed or self.unsent)

    @property
    def acknowledged(self) -> int:
        """Names that HubSpot acknowledged in this run."""
        return self.created + self.updated

    @property
    def accounted(self) -> int:
        """Names whose outcome is known."""
        return self.acknowledged + self.unchanged + self.rejected + self.failed + self.archived

    def add(self, kind: Kind) -> None:
        """Count one more outcome."""
        setattr(self, kind.value, getattr(self, kind.value) + 1)

    def close(self) -> None:
        """Count as unsent what has no outcome; names that arrived during the run count as contacts."""
        self.contacts = max(self.contacts, self.accounted)
        self.unsent = self.contacts - self.accounted


@dataclass(frozen=True)
class Reject:
    """A contact that HubSpot refused in this run, and why."""

    email: str
    category: str
    message: str
    correlation_id: str | None

    @classmethod
    def of(cls, outcome: Outcome) -> "Reject":
        """Return the reject that an outcome tells of."""
        problem = outcome.problem
        return cls(
            outcome.row.email,
            problem.category if problem else "",
            problem.message if problem else "",
            problem.correlation_id if problem else None,
        )


@dataclass
class PartitionReport(ContactCounts):
    """What became of one partition's names, and how the run went meanwhile.

    Attributes:
        span: What the run did while the partition was under way.
        contacts_per_second: The partition's own acknowledged contacts, per second of its span; None where nothing
            was sent, and in a dry run.
        first_rejects: The first of its rejects in this run.
        preview: The properties of its first contacts by the name's id, whatever became of them.
    """

    span: Span = field(default_factory=Span)
    contacts_per_second: float | None = None
    first_rejects: list[Reject] = field(default_factory=list)
    preview: list[Mapping[str, str]] = field(default_factory=list)

    def rate(self) -> None:
        """Work out the rate of what was acknowledged."""
        if self.span.seconds > 0:
            self.contacts_per_second = self.acknowledged / self.span.seconds


@dataclass
class SyncReport:
    """What one run did.

    Attributes:
        portal_id: The account.
        dry_run: Whether the counts are only what would be done.
        by_partition: What became of each partition that was asked for.
        requests: Calls that this run made.
        rate_limited: Calls that HubSpot refused for their rate (429).
        waited_seconds: Seconds that everything stood still for it.
        achieved_share: Acknowledged contacts a second, as a share of the most that HubSpot's limit allows over a
            long time. A short run can exceed 1: a rolling window lets its first calls go at once. None in a dry run,
            and where nothing was acknowledged.
        seconds: How long the run took.
        first_rejects: The first rejects of this run.
        ledger: Contacts of the account in the ledger when the run ended, by outcome; all partitions, all runs.
        stopped: Why the run ended before its last row; what was done until then is kept.
    """

    portal_id: int
    dry_run: bool
    by_partition: dict[str, PartitionReport]
    requests: int = 0
    rate_limited: int = 0
    waited_seconds: float = 0.0
    achieved_share: float | None = None
    seconds: float = 0.0
    first_rejects: list[Reject] = field(default_factory=list)
    ledger: dict[str, int] = field(default_factory=dict)
    stopped: PipelineError | None = None

    @property
    def total(self) -> ContactCounts:
        """The counts of all partitions together."""
        names = [known.name for known in fields(ContactCounts)]
        return ContactCounts(
            **{name: sum(getattr(counts, name) for counts in self.by_partition.values()) for name in names}
        )

"""What a sync is asked to do, and what it reports of every row.

What belongs here: the values that go in and come out of `run.py`. What does not: how they come about.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.api.client import Traffic
from babynames_dagster.hubspot.archive.archiving import ArchiveReport
from babynames_dagster.hubspot.batches.outcomes import Kind, Outcome
from babynames_dagster.hubspot.sync.spans import Span

REJECTS_KEPT = 20
PREVIEW_KEPT = 5


@dataclass(frozen=True)
class SyncOptions:
    """What a run may ask for.

    Attributes:
        full_refresh: Send every row, changed or not, archived or not.
        retry_rejected: Send again what HubSpot rejected before.
        initial_values: Give contacts the initial values again where the mapping's are not those that they were given.
        dry_run: Only find out what would be done.
        override_guards: Write more than the guards let through.
    """

    full_refresh: bool = False
    retry_rejected: bool = False
    initial_values: bool = False
    override_guards: bool = False
    dry_run: bool = False


@dataclass
class ContactCounts:
    """What became of names; in a dry run, what would become of them. The counts add up.

    Attributes:
        contacts: Names that the account is to have.
        created: Acknowledged by this run, new in HubSpot.
        updated: Acknowledged by this run, there before.
        unchanged: As they are to be, by an earlier run's acknowledgement or a look at HubSpot; not written.
        kept: Left as HubSpot has them, by HUBSPOT_WRITE_POLICY or because they are somebody's by now.
        rejected: Refused by HubSpot, in this run or an earlier one.
        failed: Without an acknowledgement although sent; the next run sends them again.
        archived: Archived by `babynames undo`; not sent.
        unsent: Not reached, because the run stopped before.
        same: Of the updated ones, those that a dry run found to hold the same values already.
    """

    contacts: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    kept: int = 0
    rejected: int = 0
    failed: int = 0
    archived: int = 0
    unsent: int = 0
    same: int = 0

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
        return self.acknowledged + self.unchanged + self.kept + self.rejected + self.failed + self.archived

    def add(self, kind: Kind) -> None:
        """Count one more outcome."""
        setattr(self, kind.value, getattr(self, kind.value) + 1)

    def close(self) -> None:
        """Count as unsent what has no outcome; names that arrived during the run count as contacts."""
        self.contacts = max(self.contacts, self.accounted)
        self.unsent = self.contacts - self.accounted


@dataclass(frozen=True)
class Reject:
    """A contact that did not get through in this run, rejected, failed or left alone, and why."""

    email: str
    category: str
    message: str
    correlation_id: str | None

    @classmethod
    def of(cls, outcome: Outcome) -> "Reject":
        """Return the reject of an outcome."""
        problem = outcome.problem
        return cls(
            outcome.row.email,
            problem.category if problem else "",
            problem.message if problem else "",
            problem.correlation_id if problem else None,
        )


@dataclass
class Troubles:
    """Contacts that did not get through in a run: the first of each kind, and how often each reason was given.

    Attributes:
        first_rejects: The first that HubSpot refused.
        first_failures: The first without an acknowledgement.
        first_left: The first that were left alone, because they are somebody's by now.
        reasons: How many HubSpot did not let through, by what became of them and HubSpot's category.
        said: The first message of each.
    """

    first_rejects: list[Reject] = field(default_factory=list)
    first_failures: list[Reject] = field(default_factory=list)
    first_left: list[Reject] = field(default_factory=list)
    reasons: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    said: dict[tuple[Kind, str], str] = field(default_factory=dict)

    def show(self, outcome: Outcome) -> Reject:
        """Keep a contact that did not get through among the first ones, while there are few."""
        reject = Reject.of(outcome)
        first = {Kind.REJECTED: self.first_rejects, Kind.KEPT: self.first_left}.get(outcome.kind, self.first_failures)
        if len(first) < REJECTS_KEPT:
            first.append(reject)
        return reject

    def add(self, outcome: Outcome) -> None:
        """Take note of a contact that HubSpot did not let through."""
        reject = self.show(outcome)
        reason = (outcome.kind, reject.category)
        self.reasons[reason] += 1
        self.said.setdefault(reason, reject.message)

    @property
    def left_alone(self) -> str:
        """What people should know of contacts that were left alone, because they are somebody's; empty without any."""
        if not self.first_left:
            return ""
        count = sum(count for reason, count in self.reasons.items() if reason[0] is Kind.KEPT)
        first = self.first_left[0]
        return (
            f"{count:,} contacts are somebody's by now, and were left alone; `babynames rejects` lists them. The "
            f"first: {first.email}: {first.message}."
        )

    def main_reason(self, kind: Kind) -> str:
        """Return the reason that was given most often for a kind of outcome, for people; empty where there is none."""
        given = Counter({reason: count for reason, count in self.reasons.items() if reason[0] is kind})
        if not given:
            return ""
        reason, count = given.most_common(1)[0]
        return f"HubSpot's reason for {count:,} of them: {reason[1]}: {self.said[reason]}"


@dataclass
class PartitionReport(ContactCounts):
    """What became of one partition's names.

    Attributes:
        span: What the run did while the partition was under way.
        contacts_per_second: The partition's own acknowledged contacts, per second of its span; None where nothing
            was sent, and in a dry run.
        troubles: Those that did not get through.
        preview: The properties of its first contacts by the name's id, whatever became of them.
    """

    span: Span = field(default_factory=Span)
    contacts_per_second: float | None = None
    troubles: Troubles = field(default_factory=Troubles)
    preview: list[Mapping[str, str]] = field(default_factory=list)

    def rate(self) -> None:
        """Work out the rate of what was acknowledged."""
        if self.span.seconds > 0:
            self.contacts_per_second = self.acknowledged / self.span.seconds


@dataclass
class SyncReport:
    """What one run did.

    Attributes:
        portal_id: The account; None where it could not be found out.
        dry_run: Whether the counts are only what would be done.
        by_partition: What became of each partition that was asked for.
        requests: Every call that this run made, retries and the first one, which finds out the portal, included.
        rate_limited: Calls that HubSpot refused for their rate (429).
        waited_seconds: Seconds that everything stood still for it.
        achieved_share: Acknowledged contacts a second, as a share of the most that HubSpot's limit allows over a
            long time. A short run can exceed 1: a rolling window lets its first calls go at once. None in a dry run,
            and where nothing was acknowledged.
        seconds: How long the run took.
        troubles: The contacts that did not get through.
        shared: How many more names than contacts the account has; None where they were not counted. The email of such a
            name leads to another name's contact, because somebody merged the two or added an email.
        ledger: Contacts of the account in the ledger when the run ended, by outcome; all partitions, all runs.
        orphaned: Contacts that the account is no longer to have, and has; None where they were not counted. Their names
            are gone from the table or left out by the years, or have another email by now.
        mirrored: What became of those that HUBSPOT_MIRROR archives; None where it archives none.
        notice: What a person should know of the account; mostly empty.
        contacts_page: Where people see the account's contacts; None where there is no such page.
        stopped: Why the run ended before its last row; what was done until then is kept.
    """

    portal_id: int | None
    dry_run: bool
    by_partition: dict[str, PartitionReport]
    requests: int = 0
    rate_limited: int = 0
    waited_seconds: float = 0.0
    achieved_share: float | None = None
    seconds: float = 0.0
    troubles: Troubles = field(default_factory=Troubles)
    shared: int | None = None
    ledger: dict[str, int] = field(default_factory=dict)
    orphaned: int | None = None
    mirrored: ArchiveReport | None = None
    notice: str = ""
    contacts_page: str | None = None
    stopped: PipelineError | None = None

    @property
    def total(self) -> ContactCounts:
        """The counts of all partitions together."""
        names = [known.name for known in fields(ContactCounts)]
        return ContactCounts(
            **{name: sum(getattr(counts, name) for counts in self.by_partition.values()) for name in names}
        )

    def count(self, traffic: Traffic) -> None:
        """Take over what a client has done."""
        self.requests = traffic.requests
        self.rate_limited = traffic.rate_limited
        self.waited_seconds = traffic.paused_seconds

"""Making a plan: what a run would do with every row, found out by reading only.

What belongs here: going through the rows and the orphans. What does not: the decision about a row, which is the
sync's own (`sync/planning.py`, `batches/looking.py`), so that a plan says what a run does.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from babynames_dagster.common.progress import Progress, ProgressListener, ignore_progress
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.orphans import Orphan
from babynames_dagster.database.ledger.rows import SourceRow
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import BATCH_INPUTS
from babynames_dagster.hubspot.api.records import look
from babynames_dagster.hubspot.batches.outcomes import Outgoing
from babynames_dagster.hubspot.batches.policy import WritePolicy
from babynames_dagster.hubspot.batches.pump import Channel, Pump
from babynames_dagster.hubspot.guards import Writes
from babynames_dagster.hubspot.plan.deciding import orphan_row, planned_rows, settled_row, unfit_row
from babynames_dagster.hubspot.plan.rows import Planned, PlannedRow
from babynames_dagster.hubspot.preflight import preflight
from babynames_dagster.hubspot.source import ContactSource
from babynames_dagster.hubspot.sync.planning import outgoing, standing
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster.settings import HubSpotSettings

FIRST_PAGE = 20


@dataclass(frozen=True)
class Wanted:
    """What a plan is about.

    Attributes:
        source: What the account is to have.
        partitions: Which partitions.
        policy: What may be written.
        mirror: Whether orphans are to be archived.
        options: What the run would ask for.
    """

    source: ContactSource
    partitions: Sequence[str]
    policy: WritePolicy
    mirror: bool = False
    options: SyncOptions = SyncOptions()  # noqa: RUF009 - frozen

    @classmethod
    def from_settings(
        cls,
        settings: HubSpotSettings,
        source: ContactSource,
        partitions: Sequence[str],
        options: SyncOptions = SyncOptions(),  # noqa: B008 - frozen
    ) -> "Wanted":
        """Return what the settings mean."""
        return cls(
            source,
            partitions,
            WritePolicy(settings.write_policy),
            settings.mirror == "archive",
            options,
        )


@dataclass
class PlanReport:
    """What a plan comes to.

    Attributes:
        portal_id: The account.
        totals: How many contacts there is what to do with.
        first: The first rows that are written or stand in the way.
        orphaned: Contacts that the account is no longer to have, whether or not they are archived.
        seconds: How long it took.
        notice: What a person should know of the rows before they are sent; mostly empty.
        requests: Every call that its client made, the first one, which finds out the portal, included.
        stopped: Why it ended early; None where it did not.
    """

    portal_id: int
    totals: Counter[Planned] = field(default_factory=Counter)
    first: list[PlannedRow] = field(default_factory=list)
    orphaned: int = 0
    seconds: float = 0.0
    notice: str = ""
    requests: int = 0
    stopped: PipelineError | None = None

    @property
    def writes(self) -> Writes:
        """What applying it writes."""
        return Writes(self.totals[Planned.CREATE], self.totals[Planned.UPDATE], self.totals[Planned.ARCHIVE])

    @property
    def contacts(self) -> int:
        """Contacts that it is about."""
        return self.totals.total()


def make_plan(  # noqa: PLR0913 - what a run is made of, all by keyword
    client: HubSpotClient,
    wanted: Wanted,
    take: Callable[[PlannedRow], None],
    *,
    max_in_flight: int,
    on_progress: ProgressListener = ignore_progress,
    stop: threading.Event | None = None,
) -> PlanReport:
    """Find out what a run would do, and hand over every row but those that are settled as they are to be.

    Args:
        client: The account.
        wanted: What the plan is about.
        take: Takes the rows, in no order.
        max_in_flight: Most requests under way at once.
        on_progress: Called with how many contacts are done.
        stop: Ends it cleanly when set.

    Raises:
        PipelineError: What `ContactSource.require` raises; HUBSPOT_PROPERTY_ERROR and what else the preflight finds;
            any DB_* code.
    """
    started = time.monotonic()
    report = PlanReport(client.portal_id)
    halt = stop or threading.Event()
    source, ledger = wanted.source, Ledger(client.portal_id, wanted.source.sync)
    source.require()
    preflight(client, source.mapping, stop=halt)
    report.notice = source.notice(ledger)

    def receive(rows: Sequence[PlannedRow]) -> None:
        for row in rows:
            report.totals[row.action] += 1
            if row.action is not Planned.UNCHANGED and len(report.first) < FIRST_PAGE:
                report.first.append(row)
            take(row)
        on_progress(Progress("plan", report.contacts, None, "contacts"))

    def look_at_rows(batch: Sequence[tuple[SourceRow, Outgoing]], channel: Channel[Sequence[PlannedRow]]) -> None:
        channel.deliver(planned_rows(client, wanted.policy, batch, channel))

    def look_at_orphans(batch: Sequence[Orphan], channel: Channel[Sequence[PlannedRow]]) -> None:
        ids = list(dict.fromkeys(orphan.contact.hubspot_id for orphan in batch))
        looked = look(client, ids, stop=channel.stop, on_departure=channel.departed)
        channel.deliver([orphan_row(orphan, looked, source.noun) for orphan in batch])

    batches = _unsettled(ledger, report, wanted, receive)
    report.stopped = Pump(look_at_rows, receive, max_in_flight=max_in_flight, stop=halt).run(batches)
    report.orphaned = source.count_orphans(ledger, wanted.partitions).all
    if wanted.mirror and report.stopped is None:
        pages = source.orphan_pages(ledger, wanted.partitions, page_rows=BATCH_INPUTS)
        report.stopped = Pump(look_at_orphans, receive, max_in_flight=max_in_flight, stop=halt).run(pages)
    report.seconds = time.monotonic() - started
    report.requests = client.traffic.requests
    return report


def _unsettled(
    ledger: Ledger, report: PlanReport, wanted: Wanted, receive: Callable[[Sequence[PlannedRow]], None]
) -> Iterator[list[tuple[SourceRow, Outgoing]]]:
    """Yield batches of what a run would send; of the rest, hand over what something stands in the way of."""
    batch: list[tuple[SourceRow, Outgoing]] = []
    mapping = wanted.source.mapping
    for page in wanted.source.pages(ledger, wanted.partitions):
        for row in page:
            if row.unfit:
                receive([unfit_row(row, row.unfit)])
                continue
            sent = outgoing(row, mapping, wanted.options)
            outcome = standing(row, sent, wanted.options, wanted.policy)
            if outcome is LedgerOutcome.SYNCED:
                report.totals[Planned.UNCHANGED] += 1
            elif outcome is not None:
                receive([settled_row(row, sent, outcome, wanted.source.option)])
            else:
                batch.append((row, sent))
                if len(batch) == BATCH_INPUTS:
                    yield batch
                    batch = []
    if batch:
        yield batch

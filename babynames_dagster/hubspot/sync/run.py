"""The sync: bring an account's contacts in line with the table, and know of every name what became of it.

What belongs here: the run as a whole. What does not: which rows are sent (`planning.py`), how one batch is sent
(`delivery.py`), how many at once (`pump.py`), when (`limiter.py`).
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.candidates import (
    Candidate,
    ContactScope,
    candidate_pages,
    names_by_partition,
    require_years,
)
from babynames_dagster.database.ledger.entries import (
    LedgerOutcome,
    contacts_in_ledger,
    ledger_counts,
    names_sharing_a_contact,
)
from babynames_dagster.database.ledger.orphans import count_orphans
from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import BATCH_INPUTS
from babynames_dagster.hubspot.guards import Guards, Writes
from babynames_dagster.hubspot.sync.brake import Brake
from babynames_dagster.hubspot.sync.counting import writes_ahead
from babynames_dagster.hubspot.sync.delivery import deliver
from babynames_dagster.hubspot.sync.dry_run import foresee
from babynames_dagster.hubspot.sync.mapping import ContactMapping
from babynames_dagster.hubspot.sync.outcomes import Kind, Outcome, Outgoing
from babynames_dagster.hubspot.sync.planning import outgoing_batches
from babynames_dagster.hubspot.sync.policy import WritePolicy
from babynames_dagster.hubspot.sync.preflight import preflight
from babynames_dagster.hubspot.sync.pump import Pump
from babynames_dagster.hubspot.sync.recording import ACKNOWLEDGED, record_outcomes
from babynames_dagster.hubspot.sync.report import (
    PREVIEW_KEPT,
    ContactCounts,
    PartitionReport,
    Reject,
    SyncOptions,
    SyncReport,
    Troubles,
    nothing_got_through,
    refusal_of_all,
)
from babynames_dagster.hubspot.sync.spans import Moment, Spans
from babynames_dagster.hubspot.sync.turns import Waiting, sole_sender
from babynames_dagster.hubspot.upkeep.mirror import archive_orphans
from babynames_dagster.progress import Progress, ProgressListener, ignore_progress
from babynames_dagster.settings import HubSpotSettings

__all__ = [
    "ContactCounts",
    "PartitionReport",
    "Reject",
    "SyncOptions",
    "SyncReport",
    "Troubles",
    "sync_contacts",
    "unsent_report",
]

_log = logging.getLogger(__name__)


def _ignore_report(_: SyncReport) -> None:
    """Take a report that no caller asked for."""


_SETTLED = {
    LedgerOutcome.SYNCED: Kind.UNCHANGED,
    LedgerOutcome.KEPT: Kind.KEPT,
    LedgerOutcome.REJECTED: Kind.REJECTED,
    LedgerOutcome.ARCHIVED: Kind.ARCHIVED,
}


def sync_contacts(  # noqa: PLR0913 - what a run is made of, all by keyword
    client: HubSpotClient,
    engine: Engine,
    *,
    partitions: Sequence[str],
    mapping: ContactMapping,
    settings: HubSpotSettings,
    options: SyncOptions = SyncOptions(),  # noqa: B008 - frozen
    on_progress: ProgressListener = ignore_progress,
    stop: threading.Event | None = None,
    sender: str | None = None,
    say: Callable[[str], None] = _log.warning,
    on_broken_off: Callable[[SyncReport], None] = _ignore_report,
) -> SyncReport:
    """Send what differs from what HubSpot has acknowledged, and record each row's outcome as its answer arrives.

    Many partitions make one run: a batch may mix them, and outcomes are counted for each row's own.

    Args:
        client: The account.
        engine: The database with the names and the ledger.
        partitions: Which partitions, `A`..`Z` or `other`.
        mapping: How a name becomes a contact.
        settings: HUBSPOT_REQUESTS_PER_BATCH, HUBSPOT_MAX_IN_FLIGHT, and which names are meant (DEMO_MODE, MIN_YEAR...).
        options: What this run asks for.
        on_progress: Called with how many contacts have an outcome.
        stop: Ends the run cleanly when set: what is under way is waited for and recorded.
        sender: Who this is, for other runs that wait for it; None for this process's number.
        say: Called with whom this run waits for. No two send one partition at once; a dry run waits for nothing.
        on_broken_off: Given the report as far as the run came, where Ctrl-C or Dagster breaks it off.

    Returns:
        The counts of every partition. `stopped` says why the run ended early, where it did.

    Raises:
        PipelineError: What keeps the names from being counted: YEARS_NOT_LOADED, any DB_* code.
    """
    scope = ContactScope.from_settings(settings)
    report = unsent_report(engine, scope, partitions=partitions, options=options)
    try:
        report.portal_id = client.portal_id
    except PipelineError as error:
        report.stopped = error
        report.count(client.traffic)
        return report
    run = _Run(client, engine, scope, mapping, settings, options, on_progress, report)
    halt = stop or threading.Event()
    try:
        if options.dry_run:
            run.send(halt)
        else:
            with sole_sender(
                engine,
                portal_id=client.portal_id,
                partitions=partitions,
                sender=sender,
                waiting=Waiting(settings.wait, say),
                stop=halt,
            ) as turn:
                run.send(halt)
            report.stopped = turn.lost or report.stopped
    except PipelineError as error:
        report.stopped = error
    except BaseException:
        run.close()
        on_broken_off(report)
        raise
    run.close()
    return report


def unsent_report(
    engine: Engine,
    scope: ContactScope,
    *,
    partitions: Sequence[str],
    options: SyncOptions,
    stopped: PipelineError | None = None,
) -> SyncReport:
    """Return the report of a run that has sent nothing yet: it knows how many names there are to send.

    Args:
        engine: The database with the names.
        scope: Which names are meant.
        partitions: Which partitions.
        options: What the run asks for.
        stopped: What keeps it from sending any.

    Raises:
        PipelineError: YEARS_NOT_LOADED, any DB_* code.
    """
    require_years(engine, scope)
    names = names_by_partition(engine, scope, partitions)
    counts = {initial: PartitionReport(contacts=names[initial]) for initial in partitions}
    for partition in counts.values():
        partition.close()
    return SyncReport(None, options.dry_run, counts, stopped=stopped)


@dataclass
class _Run:
    """One run's state; touched by the thread that calls `send` only.

    Attributes:
        refused: Rows that were refused since the last one that got through.
        settled: Rows that had an outcome without being sent.
    """

    client: HubSpotClient
    engine: Engine
    scope: ContactScope
    mapping: ContactMapping
    settings: HubSpotSettings
    options: SyncOptions
    on_progress: ProgressListener
    report: SyncReport
    spans: Spans = field(init=False)
    started: float = field(default_factory=time.monotonic)
    refused: list[Outcome] = field(default_factory=list)
    settled: int = 0
    done: int = 0

    @property
    def policy(self) -> WritePolicy:
        """What may be written."""
        return WritePolicy(self.settings.write_policy)

    def __post_init__(self) -> None:
        """Let the partitions' time be taken."""
        self.spans = Spans(self._moment)

    def send(self, stop: threading.Event) -> None:
        """Send what has to be sent.

        Raises:
            PipelineError: HUBSPOT_GUARD; what the preflight finds; any DB_* code.
        """
        self._heed_guards()
        batches = self._batches()
        first = next(batches, None)
        if first is not None:
            preflight(self.client, self.mapping, stop=stop)
            brake = Brake()
            pump = Pump(
                partial(foresee, self.client, self.policy)
                if self.options.dry_run
                else partial(deliver, self.client, brake, self.policy),
                self._receive,
                max_in_flight=self.settings.max_in_flight,
                stop=stop,
            )
            self.report.stopped = pump.run(self._handed_over(itertools.chain([first], batches)))
            known = contacts_in_ledger(self.engine, self.client.portal_id) > 0
            if brake.tripped or nothing_got_through(self.report.total, len(self.refused), acknowledged_before=known):
                self._take_back_refusals()
        self._mirror(stop)
        self._tell()

    def close(self) -> None:
        """Complete the report: what the run took, and what it did not reach."""
        report = self.report
        report.seconds = time.monotonic() - self.started
        report.count(self.client.traffic)
        if not report.dry_run and report.total.acknowledged:
            report.achieved_share = report.total.acknowledged / max(report.seconds, 1e-9) / self._ceiling()
        for partition, counts in report.by_partition.items():
            counts.close()
            counts.span = self.spans.of(partition)
            if not report.dry_run:
                counts.rate()
        with suppress(PipelineError):
            report.ledger = ledger_counts(self.engine, self.client.portal_id)
            report.shared = names_sharing_a_contact(self.engine, self.client.portal_id)

    def _heed_guards(self) -> None:
        """Make sure, before the first write, that the run writes no more than it may."""
        guards = Guards.from_settings(self.settings, overridden=self.options.override_guards)
        if self.options.dry_run:
            return
        portal_id, partitions = self.client.portal_id, list(self.report.by_partition)
        writes = Writes()
        if guards.need_counts_of_sync:
            writes = writes_ahead(self._pages(), self.mapping, self.options, self.policy)
        if self._mirrors:
            orphans = count_orphans(self.engine, portal_id, self.scope, partitions)
            writes = replace(writes, archives=orphans.ours)
        contacts = max(self.report.total.contacts, contacts_in_ledger(self.engine, portal_id))
        guards.check(writes, contacts=contacts)

    def _mirror(self, stop: threading.Event) -> None:
        """Archive the contacts that the account is no longer to have, where that is asked for; count the others."""
        portal_id, partitions = self.client.portal_id, list(self.report.by_partition)
        if self._mirrors and not self.options.dry_run and self.report.stopped is None:
            self.report.mirrored = archive_orphans(
                self.client,
                self.engine,
                scope=self.scope,
                partitions=partitions,
                max_in_flight=self.settings.max_in_flight,
                stop=stop,
            )
            self.report.stopped = self.report.mirrored.stopped
        self.report.orphaned = count_orphans(self.engine, portal_id, self.scope, partitions).all

    @property
    def _mirrors(self) -> bool:
        return self.settings.mirror == "archive"

    def _pages(self) -> Iterator[list[Candidate]]:
        return candidate_pages(
            self.engine,
            portal_id=self.client.portal_id,
            partitions=list(self.report.by_partition),
            scope=self.scope,
        )

    def _batches(self) -> Iterator[list[Outgoing]]:
        return outgoing_batches(
            self._previewed(self._pages()),
            self.mapping,
            self.options,
            policy=self.policy,
            size=self.settings.requests_per_batch,
            on_settled=self._settle,
        )

    def _previewed(self, pages: Iterable[list[Candidate]]) -> Iterator[list[Candidate]]:
        """Keep the first contacts of each partition to show; a page is of one partition."""
        for page in pages:
            preview = self.report.by_partition[page[0].initial].preview
            preview += [self.mapping.payload(row) for row in page[: PREVIEW_KEPT - len(preview)]]
            yield page

    def _handed_over(self, batches: Iterable[list[Outgoing]]) -> Iterator[list[Outgoing]]:
        for batch in batches:
            self.spans.handed_over({row.partition for row in batch})
            yield batch

    def _settle(self, partition: str, outcome: LedgerOutcome) -> None:
        self._count(partition, _SETTLED[outcome])
        self.settled += 1

    def _receive(self, outcomes: list[Outcome]) -> None:
        self._record(outcomes)
        for outcome in outcomes:
            counts = self.report.by_partition[outcome.row.partition]
            self._count(outcome.row.partition, outcome.kind)
            counts.same += outcome.same
            if outcome.problem is not None:
                counts.troubles.add(outcome)
                self.report.troubles.add(outcome)
        if any(outcome.kind in ACKNOWLEDGED for outcome in outcomes):
            self.refused.clear()
        self.refused += [outcome for outcome in outcomes if outcome.kind is Kind.REJECTED]
        self.spans.answered({outcome.row.partition for outcome in outcomes})
        self._tell()

    def _record(self, outcomes: Sequence[Outcome]) -> None:
        if not self.options.dry_run:
            record_outcomes(self.engine, self.client.portal_id, self.mapping, self.policy, outcomes)

    def _take_back_refusals(self) -> None:
        """Let the rows count as failed, so that the next run sends them again: it was not about them."""
        report, refused = self.report, self.refused
        if self.options.dry_run:
            return
        self._record([replace(outcome, kind=Kind.FAILED) for outcome in refused])
        error = refusal_of_all(len(refused), report.total.failed, report.troubles)
        for outcome in refused:
            counts = report.by_partition[outcome.row.partition]
            counts.rejected -= 1
            counts.failed += 1
        report.stopped = report.stopped or error

    def _count(self, partition: str, kind: Kind) -> None:
        self.report.by_partition[partition].add(kind)
        self.done += 1

    def _tell(self) -> None:
        total = sum(counts.contacts for counts in self.report.by_partition.values())
        self.on_progress(Progress("sync", self.done, total, "contacts", skipped=self.settled))

    def _moment(self) -> Moment:
        traffic = self.client.traffic
        return Moment(time.monotonic(), traffic.requests, traffic.paused_seconds)

    def _ceiling(self) -> float:
        """Return how many contacts a second HubSpot's limit allows over a long time."""
        limit = self.client.limiter.limit
        return limit.calls / limit.window * BATCH_INPUTS

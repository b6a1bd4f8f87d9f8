"""The sync: bring an account's contacts in line with the table, and know of every name what became of it.

What belongs here: the run as a whole. What does not: which rows are sent (`planning.py`), how one batch is sent
(`delivery.py`), how many at once (`pump.py`), when (`limiter.py`).
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.candidates import (
    Candidate,
    ContactScope,
    candidate_pages,
    names_by_partition,
    require_years,
)
from babynames_dagster.database.ledger.entries import LedgerOutcome, ledger_counts
from babynames_dagster.database.ledger.writing import LedgerEntry, record
from babynames_dagster.hubspot.api.client import HubSpotClient, Traffic
from babynames_dagster.hubspot.api.endpoints import BATCH_INPUTS
from babynames_dagster.hubspot.sync.brake import Brake
from babynames_dagster.hubspot.sync.delivery import deliver
from babynames_dagster.hubspot.sync.dry_run import foresee
from babynames_dagster.hubspot.sync.mapping import ContactMapping
from babynames_dagster.hubspot.sync.outcomes import Kind, Outcome, Outgoing
from babynames_dagster.hubspot.sync.planning import outgoing_batches
from babynames_dagster.hubspot.sync.preflight import preflight
from babynames_dagster.hubspot.sync.pump import Pump
from babynames_dagster.hubspot.sync.report import (
    PREVIEW_KEPT,
    REJECTS_KEPT,
    ContactCounts,
    PartitionReport,
    Reject,
    SyncOptions,
    SyncReport,
)
from babynames_dagster.hubspot.sync.spans import Moment, Spans
from babynames_dagster.hubspot.sync.turns import Waiting, sole_sender
from babynames_dagster.progress import Progress, ProgressListener, ignore_progress
from babynames_dagster.settings import HubSpotSettings

__all__ = ["ContactCounts", "PartitionReport", "Reject", "SyncOptions", "SyncReport", "sync_contacts"]

_log = logging.getLogger(__name__)


def _ignore_report(_: SyncReport) -> None:
    """Take a report that no caller asked for."""


_LEDGER_OUTCOMES = {
    Kind.CREATED: LedgerOutcome.SYNCED,
    Kind.UPDATED: LedgerOutcome.SYNCED,
    Kind.REJECTED: LedgerOutcome.REJECTED,
    Kind.FAILED: LedgerOutcome.FAILED,
}
_SETTLED = {
    LedgerOutcome.SYNCED: Kind.UNCHANGED,
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
        on_progress: Told how many contacts have an outcome.
        stop: Ends the run cleanly when set: what is under way is waited for and recorded.
        sender: Who this is, for other runs that wait for it; None for this process's number.
        say: Told whom this run waits for. No two runs send the same partition at once; a dry run waits for nothing.
        on_broken_off: Given the report as far as the run came, where Ctrl-C or Dagster breaks it off.

    Returns:
        The counts of every partition. `stopped` says why the run ended early, where it did.

    Raises:
        PipelineError: What stops the run before its first row: YEARS_NOT_LOADED, HUBSPOT_BUSY,
            HUBSPOT_PROPERTY_ERROR and what else the preflight finds; any DB_* code at any time.
    """
    scope = ContactScope.from_settings(settings)
    require_years(engine, scope)
    names = names_by_partition(engine, scope, partitions)
    report = SyncReport(
        client.portal_id, options.dry_run, {initial: PartitionReport(contacts=names[initial]) for initial in partitions}
    )
    run = _Run(client, engine, scope, mapping, settings, options, on_progress, report, on_broken_off)
    halt = stop or threading.Event()
    if options.dry_run:
        run.report_of(halt)
        report.ledger = ledger_counts(engine, client.portal_id)
        return report
    with sole_sender(
        engine,
        portal_id=client.portal_id,
        partitions=partitions,
        sender=sender,
        waiting=Waiting(settings.wait, say),
        stop=halt,
    ) as turn:
        run.report_of(halt)
    report.stopped = turn.lost or report.stopped
    report.ledger = ledger_counts(engine, client.portal_id)
    return report


@dataclass
class _Run:
    """One run's state; touched by the thread that calls `report_of` only."""

    client: HubSpotClient
    engine: Engine
    scope: ContactScope
    mapping: ContactMapping
    settings: HubSpotSettings
    options: SyncOptions
    on_progress: ProgressListener
    report: SyncReport
    on_broken_off: Callable[[SyncReport], None]
    spans: Spans = field(init=False)
    done: int = 0

    def __post_init__(self) -> None:
        """Let the partitions' time be taken."""
        self.spans = Spans(self._moment)

    def report_of(self, stop: threading.Event) -> SyncReport:
        """Run, and return what became of it."""
        before, started = self.client.traffic, time.monotonic()
        try:
            self._send(stop)
        except BaseException:
            self._close(before, started)
            self.on_broken_off(self.report)
            raise
        self._close(before, started)
        return self.report

    def _send(self, stop: threading.Event) -> None:
        batches = self._batches()
        first = next(batches, None)
        if first is not None:
            preflight(self.client, self.mapping, stop=stop)
            work = partial(foresee, self.client) if self.options.dry_run else partial(deliver, self.client, Brake())
            pump = Pump(
                work,
                self._receive,
                max_in_flight=self.settings.max_in_flight,
                stop=stop,
            )
            self.report.stopped = pump.run(self._handed_over(itertools.chain([first], batches)))
        self._tell()

    def _close(self, before: Traffic, started: float) -> None:
        """Complete the report: what the run took, and what it did not reach."""
        report, after = self.report, self.client.traffic
        report.seconds = time.monotonic() - started
        report.requests = after.requests - before.requests
        report.rate_limited = after.rate_limited - before.rate_limited
        report.waited_seconds = after.paused_seconds - before.paused_seconds
        if not report.dry_run and report.total.acknowledged:
            report.achieved_share = report.total.acknowledged / max(report.seconds, 1e-9) / self._ceiling()
        for partition, counts in report.by_partition.items():
            counts.close()
            counts.span = self.spans.of(partition)
            if not report.dry_run:
                counts.rate()

    def _batches(self) -> Iterator[list[Outgoing]]:
        pages = candidate_pages(
            self.engine,
            portal_id=self.report.portal_id,
            partitions=list(self.report.by_partition),
            scope=self.scope,
        )
        return outgoing_batches(
            self._previewed(pages),
            self.mapping,
            self.options,
            size=self.settings.requests_per_batch,
            on_settled=lambda partition, outcome: self._count(partition, _SETTLED[outcome]),
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

    def _receive(self, outcomes: list[Outcome]) -> None:
        if not self.options.dry_run:
            entries = [_entry(outcome) for outcome in outcomes]
            record(self.engine, self.report.portal_id, self.mapping.fingerprint, entries)
        for outcome in outcomes:
            self._count(outcome.row.partition, outcome.kind)
            if outcome.kind is Kind.REJECTED:
                self._keep(Reject.of(outcome), outcome.row.partition)
        self.spans.answered({outcome.row.partition for outcome in outcomes})
        self._tell()

    def _keep(self, reject: Reject, partition: str) -> None:
        for kept in (self.report.first_rejects, self.report.by_partition[partition].first_rejects):
            if len(kept) < REJECTS_KEPT:
                kept.append(reject)

    def _count(self, partition: str, kind: Kind) -> None:
        self.report.by_partition[partition].add(kind)
        self.done += 1

    def _tell(self) -> None:
        total = sum(counts.contacts for counts in self.report.by_partition.values())
        self.on_progress(Progress("sync", self.done, total, "contacts"))

    def _moment(self) -> Moment:
        traffic = self.client.traffic
        return Moment(time.monotonic(), traffic.requests, traffic.paused_seconds)

    def _ceiling(self) -> float:
        """Return how many contacts a second HubSpot's limit allows over a long time."""
        limit = self.client.limiter.limit
        return limit.calls / limit.window * BATCH_INPUTS


def _entry(outcome: Outcome) -> LedgerEntry:
    problem = outcome.problem
    return LedgerEntry(
        name_id=outcome.row.name_id,
        initial=outcome.row.partition,
        email=outcome.row.email,
        fingerprint=outcome.row.fingerprint,
        outcome=_LEDGER_OUTCOMES[outcome.kind],
        created=outcome.kind is Kind.CREATED,
        hubspot_id=outcome.hubspot_id,
        category=problem.category if problem else None,
        message=problem.message if problem else None,
        correlation_id=problem.correlation_id if problem else None,
    )

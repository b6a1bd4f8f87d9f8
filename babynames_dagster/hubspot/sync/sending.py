"""One run of the sync: its state, and what it does in which order.

What belongs here: guards, sending, the mirror, counting. What does not: which rows are sent (`planning.py`), how one
batch is sent (`batches/delivery.py`), how many at once (`batches/pump.py`), when (`pace/limiter.py`).
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy.engine import Engine

from babynames_dagster.common.progress import Progress, ProgressListener
from babynames_dagster.database.ledger.entries import contacts_in_ledger, ledger_counts, rows_sharing_a_contact
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.rows import SourceRow
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import BATCH_INPUTS
from babynames_dagster.hubspot.archive.mirror import archive_orphans
from babynames_dagster.hubspot.batches.circuit_breaker import Breaker
from babynames_dagster.hubspot.batches.delivery import deliver
from babynames_dagster.hubspot.batches.dry_run import foresee
from babynames_dagster.hubspot.batches.outcomes import Kind, Outcome, Outgoing
from babynames_dagster.hubspot.batches.policy import WritePolicy
from babynames_dagster.hubspot.batches.pump import Pump
from babynames_dagster.hubspot.guards import Guards, Writes
from babynames_dagster.hubspot.mapping import ContactMapping
from babynames_dagster.hubspot.preflight import preflight
from babynames_dagster.hubspot.source import ContactSource, within
from babynames_dagster.hubspot.sync.counting import writes_ahead
from babynames_dagster.hubspot.sync.planning import outgoing_batches
from babynames_dagster.hubspot.sync.recording import record_outcomes
from babynames_dagster.hubspot.sync.refusals import Refusals
from babynames_dagster.hubspot.sync.report import (
    PREVIEW_KEPT,
    SyncOptions,
    SyncReport,
)
from babynames_dagster.hubspot.sync.spans import Moment, Spans
from babynames_dagster.hubspot.sync.unknown_account import preflight_of_an_unknown_account
from babynames_dagster.settings import HubSpotSettings

_SETTLED = {
    LedgerOutcome.SYNCED: Kind.UNCHANGED,
    LedgerOutcome.KEPT: Kind.KEPT,
    LedgerOutcome.REJECTED: Kind.REJECTED,
    LedgerOutcome.ARCHIVED: Kind.ARCHIVED,
}

_UNFIT_AT_ONCE = 1000


@dataclass
class Run:
    """One run's state; touched by the thread that calls `send` only.

    Attributes:
        refusals: What HubSpot refused.
        unfit: Rows that can be no contacts, and of which the ledger does not know it yet.
        settled: Rows that had an outcome without being sent.
    """

    client: HubSpotClient
    engine: Engine
    source: ContactSource
    settings: HubSpotSettings
    options: SyncOptions
    on_progress: ProgressListener
    report: SyncReport
    say: Callable[[str], None]
    spans: Spans = field(init=False)
    started: float = field(default_factory=time.monotonic)
    refusals: Refusals = field(default_factory=Refusals)
    unfit: list[Outcome] = field(default_factory=list)
    settled: int = 0
    done: int = 0

    @property
    def ledger(self) -> Ledger:
        """Whose entries the run reads and writes."""
        return Ledger(self.client.portal_id, self.source.sync)

    @property
    def mapping(self) -> ContactMapping:
        """How rows become contacts."""
        return self.source.mapping

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
        self._check_guards()
        batches = self._batches()
        first = next(batches, None)
        if first is None:
            self._record_unfit()
        else:
            self._look_ahead(first, stop)
            breaker = Breaker()
            pump = Pump(
                partial(foresee, self.client, self.policy)
                if self.options.dry_run
                else partial(deliver, self.client, breaker, self.policy),
                self._receive,
                max_in_flight=self.settings.max_in_flight,
                stop=stop,
            )
            self.report.stopped = pump.run(self._handed_over(itertools.chain([first], batches)))
            self._record_unfit()
            known = contacts_in_ledger(self.engine, self.ledger) > 0
            if breaker.tripped or self.refusals.are_one_trouble(acknowledged_before=known):
                self._take_back_refusals()
        self._mirror(stop)
        self._report_progress()

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
            report.ledger = ledger_counts(self.engine, self.ledger)
            report.shared = rows_sharing_a_contact(self.engine, self.ledger)

    def _check_guards(self) -> None:
        """Make sure, before the first write, that the run writes no more than it may; a dry run says so."""
        guards = Guards.from_settings(self.settings, overridden=self.options.override_guards)
        writes = Writes()
        if guards.need_counts_of_sync:
            writes = writes_ahead(self._pages(), self.mapping, self.options, self.policy)
        if self._mirrors:
            orphans = self.source.count_orphans(self.ledger, list(self.report.by_partition))
            writes = replace(writes, archives=orphans.ours)
        known = contacts_in_ledger(self.engine, self.ledger, within(self.source, list(self.report.by_partition)))
        contacts = max(self.report.total.contacts, known)
        try:
            guards.check(writes, contacts=contacts)
        except PipelineError as error:
            if not self.options.dry_run:
                raise
            self._notice(f"The run would write nothing without --override-guards: {error.what}")

    def _look_ahead(self, first: Sequence[Outgoing], stop: threading.Event) -> None:
        """Make sure that the account takes the contacts; where the ledger knows none in it, look who it is first."""
        if notice := self.source.notice(self.ledger):
            self._notice(notice)
        if contacts_in_ledger(self.engine, self.ledger):
            preflight(self.client, self.mapping, stop=stop)
            return
        unseen = [] if self.options.dry_run else first
        preflight_of_an_unknown_account(self.client, self.engine, self.source, unseen, stop=stop, say=self._notice)

    def _notice(self, text: str) -> None:
        """Say what a person should know, at once and in the report."""
        self.report.notice = " ".join(filter(None, (self.report.notice, text)))
        self.say(text)

    def _mirror(self, stop: threading.Event) -> None:
        """Archive the contacts that the account is no longer to have, where that is asked for; count the others."""
        partitions = list(self.report.by_partition)
        if self._mirrors and not self.options.dry_run and self.report.stopped is None:
            self.report.mirrored = archive_orphans(
                self.client,
                self.engine,
                self.source,
                partitions=partitions,
                max_in_flight=self.settings.max_in_flight,
                stop=stop,
            )
            self.report.stopped = self.report.mirrored.stopped
        self.report.orphaned = self.source.count_orphans(self.ledger, partitions).all

    @property
    def _mirrors(self) -> bool:
        return self.settings.mirror == "archive"

    def _pages(self) -> Iterator[list[SourceRow]]:
        return self.source.pages(self.ledger, list(self.report.by_partition))

    def _batches(self) -> Iterator[list[Outgoing]]:
        return outgoing_batches(
            self._previewed(self._pages()),
            self.mapping,
            self.options,
            policy=self.policy,
            size=self.settings.requests_per_batch,
            on_settled=self._settle,
            on_unfit=self._refuse,
        )

    def _previewed(self, pages: Iterable[list[SourceRow]]) -> Iterator[list[SourceRow]]:
        """Keep the first contacts of each partition to show."""
        lacking = set(self.report.by_partition)
        for page in pages:
            for row in page:
                if row.partition in lacking and not row.unfit:
                    preview = self.report.by_partition[row.partition].preview
                    preview.append(row.payload)
                    if len(preview) == PREVIEW_KEPT:
                        lacking.remove(row.partition)
            yield page

    def _handed_over(self, batches: Iterable[list[Outgoing]]) -> Iterator[list[Outgoing]]:
        for batch in batches:
            self.spans.handed_over({row.partition for row in batch})
            yield batch

    def _settle(self, partition: str, outcome: LedgerOutcome) -> None:
        self._count(partition, _SETTLED[outcome])
        self.settled += 1

    def _refuse(self, row: SourceRow, outcome: Outcome) -> None:
        """Count a row that can be no contact, and keep the reason in the ledger once."""
        self._count(row.partition, Kind.REJECTED)
        self.settled += 1
        for troubles in (self.report.by_partition[row.partition].troubles, self.report.troubles):
            troubles.show(outcome)
        known = (row.entry.outcome, row.entry.fingerprint)
        if known != (LedgerOutcome.REJECTED.value, outcome.row.fingerprint):
            self.unfit.append(outcome)
        if len(self.unfit) >= _UNFIT_AT_ONCE:
            self._record_unfit()

    def _record_unfit(self) -> None:
        self._record(self.unfit)
        self.unfit.clear()

    def _receive(self, outcomes: list[Outcome]) -> None:
        self._record(outcomes)
        for outcome in outcomes:
            counts = self.report.by_partition[outcome.row.partition]
            self._count(outcome.row.partition, outcome.kind)
            counts.same += outcome.same
            if outcome.problem is not None:
                counts.troubles.add(outcome)
                self.report.troubles.add(outcome)
        self.refusals.saw(outcomes)
        self.spans.answered({outcome.row.partition for outcome in outcomes})
        self._report_progress()

    def _record(self, outcomes: Sequence[Outcome]) -> None:
        if not self.options.dry_run:
            record_outcomes(self.engine, self.ledger, self.mapping, self.policy, outcomes)

    def _take_back_refusals(self) -> None:
        """Let the rows count as failed, so that the next run sends them again: it was not about them."""
        report, refused = self.report, self.refusals.rows
        if self.options.dry_run:
            return
        self._record(self.refusals.as_failures)
        failed = report.total.failed
        kinds = [Kind.REJECTED, Kind.FAILED] if failed else [Kind.REJECTED]
        error = self.refusals.error(failed, [report.troubles.main_reason(kind) for kind in kinds])
        for outcome in refused:
            counts = report.by_partition[outcome.row.partition]
            counts.rejected -= 1
            counts.failed += 1
        report.stopped = report.stopped or error

    def _count(self, partition: str, kind: Kind) -> None:
        self.report.by_partition[partition].add(kind)
        self.done += 1

    def _report_progress(self) -> None:
        total = sum(counts.contacts for counts in self.report.by_partition.values())
        self.on_progress(Progress("sync", self.done, total, "contacts", skipped=self.settled))

    def _moment(self) -> Moment:
        traffic = self.client.traffic
        return Moment(time.monotonic(), traffic.requests, traffic.paused_seconds)

    def _ceiling(self) -> float:
        """Return how many contacts a second HubSpot's limit allows over a long time."""
        limit = self.client.limiter.limit
        return limit.calls / limit.window * BATCH_INPUTS

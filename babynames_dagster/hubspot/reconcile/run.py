"""Reconciling an account: read every contact of the ledger back, say what became of it, adopt, repair.

What belongs here: the run as a whole. What does not: the judgement (`judging.py`), adopting (`adopting.py`),
repairing (`repairing.py`).
"""

import itertools
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy.engine import Engine

from babynames_dagster.common.progress import Progress, ProgressListener, ignore_progress
from babynames_dagster.database.ledger.acknowledged import LedgerRow, entries_together, entry_pages
from babynames_dagster.database.ledger.entries import contacts_in_ledger
from babynames_dagster.database.ledger.findings import KeptFinding, keep_findings
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.rows import SourceRow
from babynames_dagster.database.ledger.states import LOST, Finding
from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import BATCH_INPUTS
from babynames_dagster.hubspot.batches.policy import WritePolicy
from babynames_dagster.hubspot.batches.pump import Channel, Pump
from babynames_dagster.hubspot.guards import Guards, Writes
from babynames_dagster.hubspot.leases import Waiting, sole_sender
from babynames_dagster.hubspot.mapping import ContactMapping
from babynames_dagster.hubspot.preflight import preflight
from babynames_dagster.hubspot.reconcile.adopting import Adopted, adopt, right_contacts
from babynames_dagster.hubspot.reconcile.judging import Judged
from babynames_dagster.hubspot.reconcile.reading_back import read_back, with_sources
from babynames_dagster.hubspot.reconcile.repairing import Repairs, recreate, repair
from babynames_dagster.hubspot.reconcile.report import ReconcileReport
from babynames_dagster.hubspot.source import ContactSource, within


@dataclass(frozen=True)
class ReconcileOptions:
    """What a run may ask for.

    Attributes:
        repair: Send again what somebody has changed, by policy.
        recreate: Make again what somebody archived or deleted.
        marker: Name of a constant property that says that this pipeline made a contact.
    """

    repair: bool = False
    recreate: bool = False
    marker: str | None = None


@dataclass
class Reconciler:
    """One run.

    Attributes:
        client: The account.
        engine: The ledger's database.
        source: What the account is to have.
        partitions: Which of its partitions.
        policy: What a repair may write.
        guards: How much a repair may write.
        max_in_flight: Most requests under way at once.
        wait_seconds: How long other senders are waited for.
        options: What is asked for.
        on_progress: Called with how many contacts are done.
        stop: Ends the run cleanly when set.
    """

    client: HubSpotClient
    engine: Engine
    source: ContactSource
    partitions: Sequence[str]
    policy: WritePolicy
    guards: Guards
    max_in_flight: int
    wait_seconds: float
    options: ReconcileOptions = ReconcileOptions()
    on_progress: ProgressListener = ignore_progress
    stop: threading.Event = field(default_factory=threading.Event)
    report: ReconcileReport = field(init=False)
    _moved: dict[str, list[LedgerRow]] = field(init=False, default_factory=dict)
    """Entries by the record that theirs has become part of; of all others, memory holds nothing."""
    _changed: list[str] = field(init=False, default_factory=list)
    _lost: list[str] = field(init=False, default_factory=list)
    _done: int = 0
    _total: int = 0

    @property
    def ledger(self) -> Ledger:
        """Whose entries."""
        return Ledger(self.client.portal_id, self.source.sync)

    def run(self) -> ReconcileReport:
        """Reconcile, and return what was found and done.

        Raises:
            PipelineError: What `ContactSource.require` raises; HUBSPOT_BUSY; any DB_* code.
        """
        started = time.monotonic()
        self.report = ReconcileReport(self.client.portal_id)
        self.source.require()
        with sole_sender(
            self.engine,
            ledger=self.ledger,
            partitions=self.partitions,
            sender=f"babynames reconcile on {socket.gethostname()}",
            waiting=Waiting(self.wait_seconds),
            stop=self.stop,
        ) as held:
            known = contacts_in_ledger(self.engine, self.ledger, within(self.source, self.partitions))
            rows = sum(self.source.counts(self.partitions).values())
            self._total = max(known, rows)
            self.report.stopped = self._read_all() or self._adopt_all() or self._write(known)
        self.report.stopped = held.lost or self.report.stopped
        self.report.seconds = time.monotonic() - started
        self.report.requests = self.client.traffic.requests
        return self.report

    def _read_all(self) -> PipelineError | None:
        entries = entry_pages(self.engine, self.ledger, self._within, page_rows=BATCH_INPUTS)
        pages = (with_sources(self.source, self.ledger, page) for page in entries)
        work = partial(_read, self.client, self.source.mapping)
        pump = Pump(work, self._receive, max_in_flight=self.max_in_flight, stop=self.stop)
        stopped = pump.run(pages)
        if stopped is None:
            self._tell_shared()
        return stopped

    def _receive(self, judged: list[Judged]) -> None:
        keep_findings(self.engine, self.ledger, [item.kept for item in judged])
        for item in judged:
            self.report.add(item)
            if item.record is not None and item.finding not in LOST and item.record.record_id != item.row.hubspot_id:
                self._moved.setdefault(item.record.record_id, []).append(replace(item.row, finding=item.finding))
            if item.finding is Finding.CHANGED:
                self._changed.append(item.row.key)
            if item.finding in LOST and item.row.source is not None:
                self._lost.append(item.row.key)
        self._tell(len(judged))

    def _tell_shared(self) -> None:
        """Say of rows that are one record that they are: the account has fewer contacts than the ledger has rows."""
        by_record = {record: [*rows] for record, rows in self._moved.items()}
        elsewhere = {row.key for rows in by_record.values() for row in rows}
        for row in entries_together(self.engine, self.ledger, self._within, by_record):
            if row.key not in elsewhere and row.finding not in {*LOST, Finding.UNREAD, None}:
                by_record.setdefault(row.hubspot_id, []).append(row)
        for record, rows in by_record.items():
            if len(rows) > 1:
                detail = f"{len(rows)} rows of the ledger are record {record}"
                keep_findings(self.engine, self.ledger, [KeptFinding(row.key, Finding.SHARED, detail) for row in rows])
                for row in rows:
                    if row.finding is not None:
                        self.report.becomes(row.partition, row.finding, Finding.SHARED)

    @property
    def _within(self) -> Sequence[str] | None:
        return within(self.source, self.partitions)

    def _adopt_all(self) -> PipelineError | None:
        work = partial(right_contacts, self.client, self.source.mapping, self.options.marker)
        pump = Pump(work, self._receive_adopted, max_in_flight=self.max_in_flight, stop=self.stop)
        return pump.run(self._unknown())

    def _unknown(self) -> Iterator[list[SourceRow]]:
        """Yield batches of the rows of which the ledger knows no contact."""
        pages = itertools.chain.from_iterable(self.source.pages(self.ledger, self.partitions))
        unknown = (row for row in pages if row.entry.hubspot_id is None)
        while batch := list(itertools.islice(unknown, BATCH_INPUTS)):
            yield batch

    def _receive_adopted(self, adopted: Adopted) -> None:
        adopt(self.engine, self.ledger, self.source.mapping, adopted)
        self.report.adopted += len(adopted.contacts)
        self.report.adopted_made_by_app += adopted.made_by_app
        self.report.adopted_marked += adopted.marked
        self.report.unknown += adopted.unknown
        self._tell(len(adopted.contacts) + adopted.unknown)

    def _write(self, known: int) -> PipelineError | None:
        changed = self._changed if self.options.repair else []
        lost = self._lost if self.options.recreate else []
        if not (changed or lost):
            return None
        try:
            self.guards.check(Writes(creates=len(lost), updates=len(changed)), contacts=max(known, len(lost)))
            preflight(self.client, self.source.mapping, stop=self.stop)
        except PipelineError as error:  # what was found is to be reported all the same
            return error
        repairs = Repairs(self.client, self.engine, self.source, self.policy, self.report, self.stop)
        return repair(repairs, changed) or recreate(repairs, lost)

    def _tell(self, more: int) -> None:
        self._done += more
        self.on_progress(Progress("reconcile", self._done, max(self._total, self._done), "contacts"))


def _read(
    client: HubSpotClient, mapping: ContactMapping, rows: Sequence[LedgerRow], channel: Channel[list[Judged]]
) -> None:
    channel.deliver(read_back(client, mapping, rows, channel))

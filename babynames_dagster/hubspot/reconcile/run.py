"""Reconciling an account: read every contact of the ledger back, say what became of it, adopt, repair.

What belongs here: the run as a whole. What does not: the judgement (`judging.py`), adopting (`adopting.py`),
repairing (`repairing.py`).
"""

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.candidates import (
    ContactScope,
    names_by_partition,
    require_years,
    unknown_name_pages,
)
from babynames_dagster.database.ledger.entries import contacts_in_ledger
from babynames_dagster.database.ledger.findings import (
    LOST,
    Finding,
    KeptFinding,
    LedgerRow,
    entry_pages,
    keep_findings,
)
from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import BATCH_INPUTS
from babynames_dagster.hubspot.guards import Guards, Writes
from babynames_dagster.hubspot.reconcile.adopting import Adopted, adopt, right_contacts
from babynames_dagster.hubspot.reconcile.judging import Judged
from babynames_dagster.hubspot.reconcile.reading_back import read_back
from babynames_dagster.hubspot.reconcile.repairing import Repairs, recreate, repair
from babynames_dagster.hubspot.reconcile.report import ReconcileReport
from babynames_dagster.hubspot.sync.mapping import ContactMapping
from babynames_dagster.hubspot.sync.policy import WritePolicy
from babynames_dagster.hubspot.sync.preflight import preflight
from babynames_dagster.hubspot.sync.pump import Desk, Pump
from babynames_dagster.hubspot.sync.turns import Waiting, sole_sender
from babynames_dagster.progress import Progress, ProgressListener, ignore_progress
from babynames_dagster.settings import Seconds


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
        engine: The database with the names and the ledger.
        mapping: How a name becomes a contact.
        scope: Which names are meant.
        partitions: Which partitions, `A`..`Z` or `other`.
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
    mapping: ContactMapping
    scope: ContactScope
    partitions: Sequence[str]
    policy: WritePolicy
    guards: Guards
    max_in_flight: int
    wait_seconds: Seconds
    options: ReconcileOptions = ReconcileOptions()
    on_progress: ProgressListener = ignore_progress
    stop: threading.Event = field(default_factory=threading.Event)
    report: ReconcileReport = field(init=False)
    _by_record: dict[str, list[tuple[int, str, Finding]]] = field(init=False, default_factory=dict)
    _changed: list[int] = field(init=False, default_factory=list)
    _lost: list[int] = field(init=False, default_factory=list)
    _done: int = 0
    _total: int = 0

    def run(self) -> ReconcileReport:
        """Reconcile, and return what was found and done.

        Raises:
            PipelineError: YEARS_NOT_LOADED, HUBSPOT_BUSY, HUBSPOT_GUARD, HUBSPOT_PROPERTY_ERROR; any DB_* code.
        """
        portal_id, before, started = self.client.portal_id, self.client.traffic, time.monotonic()
        self.report = ReconcileReport(portal_id)
        require_years(self.engine, self.scope)
        with sole_sender(
            self.engine,
            portal_id=portal_id,
            partitions=self.partitions,
            sender=f"babynames reconcile on {socket.gethostname()}",
            waiting=Waiting(self.wait_seconds),
            stop=self.stop,
        ) as turn:
            known = contacts_in_ledger(self.engine, portal_id)
            names = sum(names_by_partition(self.engine, self.scope, self.partitions).values())
            self._total = max(known, names)
            self.report.stopped = self._read_all() or self._adopt_all() or self._write(known)
        self.report.stopped = turn.lost or self.report.stopped
        self.report.seconds = time.monotonic() - started
        self.report.requests = self.client.traffic.requests - before.requests
        return self.report

    def _read_all(self) -> PipelineError | None:
        pages = entry_pages(self.engine, self.report.portal_id, self.partitions, page_rows=BATCH_INPUTS)
        work = partial(_read, self.client, self.mapping)
        pump = Pump(work, self._receive, max_in_flight=self.max_in_flight, stop=self.stop)
        stopped = pump.run(pages)
        self._tell_shared()
        return stopped

    def _receive(self, judged: list[Judged]) -> None:
        keep_findings(self.engine, self.report.portal_id, [item.kept for item in judged])
        for item in judged:
            self.report.add(item)
            if item.record is not None and item.finding not in LOST:
                known = (item.row.name_id, item.row.initial, item.finding)
                self._by_record.setdefault(item.record.record_id, []).append(known)
            if item.finding is Finding.CHANGED:
                self._changed.append(item.row.name_id)
            if item.finding in LOST and item.row.name is not None:
                self._lost.append(item.row.name_id)
        self._tell(len(judged))

    def _tell_shared(self) -> None:
        """Say of rows that are one record that they are: the account has fewer contacts than the ledger has rows."""
        shared = [(record, rows) for record, rows in self._by_record.items() if len(rows) > 1]
        self._by_record.clear()
        for record, rows in shared:
            detail = f"{len(rows)} rows of the ledger are record {record}"
            found = [KeptFinding(name_id, Finding.SHARED, detail) for name_id, _, _ in rows]
            keep_findings(self.engine, self.report.portal_id, found)
            for _, initial, before in rows:
                self.report.becomes(initial, before, Finding.SHARED)

    def _adopt_all(self) -> PipelineError | None:
        pages = unknown_name_pages(
            self.engine, self.report.portal_id, self.partitions, self.scope, page_rows=BATCH_INPUTS
        )
        work = partial(right_contacts, self.client, self.mapping, self.options.marker)
        pump = Pump(work, self._receive_adopted, max_in_flight=self.max_in_flight, stop=self.stop)
        return pump.run(pages)

    def _receive_adopted(self, adopted: Adopted) -> None:
        adopt(self.engine, self.report.portal_id, self.mapping, adopted)
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
        self.guards.check(Writes(creates=len(lost), updates=len(changed)), contacts=max(known, len(lost)))
        preflight(self.client, self.mapping, stop=self.stop)
        repairs = Repairs(self.client, self.engine, self.mapping, self.policy, self.report, self.stop)
        return repair(repairs, changed) or recreate(repairs, lost)

    def _tell(self, more: int) -> None:
        self._done += more
        self.on_progress(Progress("reconcile", self._done, max(self._total, self._done), "contacts"))


def _read(client: HubSpotClient, mapping: ContactMapping, rows: Sequence[LedgerRow], desk: Desk[list[Judged]]) -> None:
    desk.deliver(read_back(client, mapping, rows, desk))

"""Applying a plan: write the rows that were reviewed, and no others.

What belongs here: looking at each row again right before it is written, and refusing it where it is no longer what
was reviewed. What does not: deciding (`deciding.py`), writing (`batches/delivery.py`, `archive/archiving.py`).
"""

import itertools
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy.engine import Engine

from babynames_dagster.common.progress import Progress, ProgressListener, ignore_progress
from babynames_dagster.database.ledger.created import CreatedContact
from babynames_dagster.database.ledger.entries import contacts_in_ledger
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import BATCH_INPUTS
from babynames_dagster.hubspot.api.records import look
from babynames_dagster.hubspot.archive.archiving import ArchiveReport, archive_ours
from babynames_dagster.hubspot.batches.circuit_breaker import Breaker
from babynames_dagster.hubspot.batches.delivery import write
from babynames_dagster.hubspot.batches.looking import look_at
from babynames_dagster.hubspot.batches.outcomes import Kind, Outcome, Outgoing
from babynames_dagster.hubspot.batches.pump import Channel, Pump
from babynames_dagster.hubspot.guards import Guards, Writes
from babynames_dagster.hubspot.leases import Waiting, sole_sender
from babynames_dagster.hubspot.plan.apply_report import ApplyReport, AsPlanned, Refused
from babynames_dagster.hubspot.plan.deciding import planned_row
from babynames_dagster.hubspot.plan.files import read_head, read_rows
from babynames_dagster.hubspot.plan.making import Wanted
from babynames_dagster.hubspot.plan.rows import WRITES, Planned, PlannedRow
from babynames_dagster.hubspot.preflight import preflight
from babynames_dagster.hubspot.sync.planning import outgoing, standing
from babynames_dagster.hubspot.sync.recording import record_outcomes
from babynames_dagster.hubspot.sync.refusals import Refusals

_Result = Outcome | Refused | AsPlanned


@dataclass
class Applier:
    """One run.

    Attributes:
        client: The account.
        engine: The ledger's database.
        path: The plan's file.
        wanted: What is meant today: source, policy.
        guards: How much may be written.
        max_in_flight: Most requests under way at once.
        wait_seconds: How long other senders are waited for.
        on_progress: Called with how many rows are done.
        stop: Ends the run cleanly when set.
    """

    client: HubSpotClient
    engine: Engine
    path: Path
    wanted: Wanted
    guards: Guards
    max_in_flight: int
    wait_seconds: float
    on_progress: ProgressListener = ignore_progress
    stop: threading.Event = field(default_factory=threading.Event)
    report: ApplyReport = field(init=False)
    _breaker: Breaker = field(init=False, default_factory=Breaker)
    _refusals: Refusals = field(init=False, default_factory=Refusals)
    _total: int = 0

    @property
    def ledger(self) -> Ledger:
        """Whose entries."""
        return Ledger(self.client.portal_id, self.wanted.source.sync)

    def run(self) -> ApplyReport:
        """Apply the plan.

        Raises:
            PipelineError: PLAN_INVALID, PLAN_OF_ANOTHER_PORTAL, HUBSPOT_GUARD, HUBSPOT_BUSY; what
                `ContactSource.require` raises; HUBSPOT_PROPERTY_ERROR and what else the preflight finds; any DB_* code.
        """
        head, totals = read_head(self.path)
        self.report = ApplyReport(self.client.portal_id)
        if head.portal_id != self.report.portal_id:
            raise PipelineError(
                ErrorCode.PLAN_OF_ANOTHER_PORTAL,
                f"{self.path} was made for portal {head.portal_id}; this is portal {self.report.portal_id}.",
            )
        if head.sync != self.ledger.sync:
            raise PipelineError(
                ErrorCode.PLAN_INVALID, f"{self.path} was made for {head.sync}; this is {self.ledger.sync}."
            )
        asked = replace(self.wanted.options, initial_values=head.initial_values, full_refresh=head.full_refresh)
        self.wanted = replace(self.wanted, options=asked)
        self.wanted.source.require()
        writes = Writes(totals[Planned.CREATE], totals[Planned.UPDATE], totals[Planned.ARCHIVE])
        self.guards.check(writes, contacts=totals.total())
        self._total = sum(totals[action] for action in WRITES)
        with sole_sender(
            self.engine,
            ledger=self.ledger,
            partitions=self.wanted.source.partitions,
            sender=f"babynames apply on {socket.gethostname()}",
            waiting=Waiting(self.wait_seconds),
            stop=self.stop,
        ) as held:
            if writes.creates or writes.updates:
                preflight(self.client, self.wanted.source.mapping, stop=self.stop)
                pump = Pump(self._write, self._receive, max_in_flight=self.max_in_flight, stop=self.stop)
                self.report.stopped = pump.run(self._batches({Planned.CREATE, Planned.UPDATE}))
                self._take_back_refusals()
            if writes.archives and self.report.stopped is None:
                # What was created and updated before is to be reported all the same.
                try:
                    self._archive()
                except PipelineError as error:
                    self.report.stopped = error
        self.report.stopped = held.lost or self.report.stopped
        return self.report

    def _batches(self, actions: set[Planned]) -> Iterator[list[PlannedRow]]:
        rows = (row for row in read_rows(self.path) if row.action in actions)
        while batch := list(itertools.islice(rows, BATCH_INPUTS)):
            yield batch

    def _write(self, batch: Sequence[PlannedRow], channel: Channel[Sequence[_Result]]) -> None:
        """Write what is as it was reviewed."""
        wanted, reviewed = self.wanted, {row.key: row for row in batch}
        source, noun = wanted.source, wanted.source.noun
        rows_by_key = {row.key: row for row in source.rows_of(self.ledger, [*reviewed]) if not row.unfit}
        sent = {key: outgoing(row, source.mapping, wanted.options) for key, row in rows_by_key.items()}
        archived = {
            key
            for key, row in sent.items()
            if standing(rows_by_key[key], row, wanted.options, wanted.policy) is LedgerOutcome.ARCHIVED
        }
        refused = [
            Refused(row, f"its {noun} is gone, or no longer meant") for key, row in reviewed.items() if key not in sent
        ]
        refused += [
            Refused(row, "it has been archived" if key in archived else f"its {noun} or the mapping has changed")
            for key, row in reviewed.items()
            if key in sent and (key in archived or sent[key].fingerprint != row.fingerprint)
        ]
        gone = {item.row.key for item in refused}
        rows: list[Outgoing] = [row for key, row in sent.items() if key not in gone]
        if refused:
            channel.deliver(refused)
        if not rows:
            return

        def deliver(outcomes: list[Outcome]) -> None:
            left = (outcome for outcome in outcomes if outcome.kind is Kind.KEPT)
            channel.deliver([*outcomes, *(Refused(reviewed[item.row.key], _why_left(item)) for item in left)])

        own: Channel[list[Outcome]] = Channel(channel.stop, deliver, channel.departed)
        looked = look_at(self.client, wanted.policy, rows, own)
        today = {item.row.key: planned_row(rows_by_key[item.row.key], item) for item in looked}
        changed = [key for key, row in today.items() if row.reviewed != reviewed[key].reviewed]
        if changed:
            channel.deliver([_unwritten(reviewed[key], today[key]) for key in changed])
        agreed = [item for item in looked if item.row.key not in changed]
        write(self.client, self._breaker, agreed, own)

    def _receive(self, results: Sequence[_Result]) -> None:
        outcomes = [result for result in results if isinstance(result, Outcome)]
        record_outcomes(self.engine, self.ledger, self.wanted.source.mapping, self.wanted.policy, outcomes)
        self.report.refuse(result for result in results if isinstance(result, Refused))
        self.report.already += sum(isinstance(result, AsPlanned) for result in results)
        self._refusals.saw(outcomes)
        for outcome in outcomes:
            self.report.created += outcome.kind is Kind.CREATED
            self.report.updated += outcome.kind is Kind.UPDATED
            if outcome.kind in {Kind.REJECTED, Kind.FAILED}:
                self.report.failed += 1
                self.report.problem = self.report.problem or outcome.problem
        self._report_progress(self.report.done)

    def _take_back_refusals(self) -> None:
        """Let rows that were refused for the account's sake be sent by the next run."""
        known = contacts_in_ledger(self.engine, self.ledger) > 0
        if not (self._breaker.tripped or self._refusals.are_one_trouble(acknowledged_before=known)):
            return
        refused, problem = self._refusals, self.report.problem
        record_outcomes(self.engine, self.ledger, self.wanted.source.mapping, self.wanted.policy, refused.as_failures)
        reason = f"HubSpot's first reason: {problem}" if problem else ""
        error = refused.error(self.report.failed - len(refused.rows), [reason])
        self.report.stopped = self.report.stopped or error

    def _archive(self) -> None:
        """Archive what is still an orphan of ours, and was reviewed as one."""
        reviewed = {(row.key, row.record): row for row in read_rows(self.path) if row.action is Planned.ARCHIVE}
        contacts: list[CreatedContact] = []
        source = self.wanted.source
        pages = source.orphan_pages(self.ledger, source.partitions, page_rows=BATCH_INPUTS)
        for orphan in itertools.chain.from_iterable(pages):
            row = reviewed.get((orphan.contact.key, orphan.contact.hubspot_id))
            if row is not None and orphan.ours and row.email == orphan.contact.email:
                contacts.append(orphan.contact)
        meant = {(contact.key, contact.hubspot_id) for contact in contacts}
        others = [row for key, row in reviewed.items() if key not in meant]
        gone = self._not_there([row.record for row in others if row.record])
        self.report.already += sum(row.record in gone for row in others)
        self.report.refuse(
            Refused(row, "its contact is meant again, or no longer ours") for row in others if row.record not in gone
        )
        before = self.report.done
        archived = archive_ours(
            self.client,
            self.engine,
            self.ledger,
            [contacts],
            max_in_flight=self.max_in_flight,
            on_done=lambda done: self._report_progress(before + done),
            stop=self.stop,
        )
        self._count_archived(archived, reviewed)

    def _not_there(self, records: Sequence[str]) -> set[str]:
        """Return those of these records that HubSpot says it does not have."""
        missing: set[str] = set()
        for first in range(0, len(records), BATCH_INPUTS):
            missing |= set(look(self.client, records[first : first + BATCH_INPUTS], stop=self.stop).missing)
        return missing

    def _count_archived(self, archived: ArchiveReport, reviewed: dict[tuple[str, str | None], PlannedRow]) -> None:
        report = self.report
        report.archived += archived.archived
        report.failed += archived.failed
        report.problem = report.problem or archived.problem
        report.already += archived.absent
        report.refused += archived.kept.total() - len(archived.first_kept)
        report.refuse(
            Refused(reviewed[kept.contact.key, kept.contact.hubspot_id], kept.reason) for kept in archived.first_kept
        )
        report.stopped = archived.stopped

    def _report_progress(self, done: int) -> None:
        self.on_progress(Progress("apply", done, self._total, "contacts"))


def _why_left(outcome: Outcome) -> str:
    return outcome.problem.message if outcome.problem else "HUBSPOT_WRITE_POLICY leaves it"


def _unwritten(reviewed: PlannedRow, today: PlannedRow) -> AsPlanned | Refused:
    """Return why a row is not written that today would be another one."""
    if today.action is Planned.UNCHANGED:
        return AsPlanned(reviewed)
    return Refused(reviewed, _what_changed(today))


def _what_changed(today: PlannedRow) -> str:
    """Say what a row would be today."""
    where = f" record {today.record}" if today.record else ""
    return f"HubSpot has changed; today it is {today.action.value}{where} {today.reason or today.said}".rstrip()

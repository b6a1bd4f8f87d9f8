"""Repairing: sending again what somebody has changed, and making again what somebody archived.

What belongs here: looking at each contact right before it is written, writing by record id, and looking again. What
does not: which contacts are meant (`run.py`), what may be written (`batches/policy.py`).

A value that is still another right after it was written is one that the account rewrites.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.acknowledged import LedgerRow, entries_of
from babynames_dagster.database.ledger.findings import KeptFinding, keep_findings
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.states import Finding
from babynames_dagster.database.ledger.writing import record
from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.api.answers import problem_of
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import BATCH_INPUTS, UPDATE
from babynames_dagster.hubspot.api.verdicts import Verdict, verdict
from babynames_dagster.hubspot.batches.circuit_breaker import Breaker
from babynames_dagster.hubspot.batches.delivery import deliver
from babynames_dagster.hubspot.batches.outcomes import NOT_MENTIONED, Kind, Outcome, Outgoing, problems
from babynames_dagster.hubspot.batches.policy import Action, WritePolicy, decide
from babynames_dagster.hubspot.batches.pump import Channel, Pump
from babynames_dagster.hubspot.mapping import ContactMapping
from babynames_dagster.hubspot.reconcile.judging import Judged, taken_as_rewritten
from babynames_dagster.hubspot.reconcile.reading_back import acknowledged_payload, by_email, read_back, with_sources
from babynames_dagster.hubspot.reconcile.report import ReconcileReport
from babynames_dagster.hubspot.source import ContactSource
from babynames_dagster.hubspot.sync.recording import ACKNOWLEDGED, entry_of


@dataclass(frozen=True)
class Repairs:
    """What repairing needs, and where it is counted."""

    client: HubSpotClient
    engine: Engine
    source: ContactSource
    policy: WritePolicy
    report: ReconcileReport
    stop: threading.Event

    @property
    def ledger(self) -> Ledger:
        """Whose entries."""
        return Ledger(self.report.portal_id, self.source.sync)

    @property
    def mapping(self) -> ContactMapping:
        """How rows become contacts."""
        return self.source.mapping

    def entries(self, keys: Sequence[str]) -> list[LedgerRow]:
        """Return entries beside their rows.

        Raises:
            PipelineError: Any DB_* code.
        """
        return with_sources(self.source, self.ledger, entries_of(self.engine, self.ledger, keys))


def repair(repairs: Repairs, keys: Sequence[str]) -> PipelineError | None:
    """Send again what differs, as far as the policy lets it; return what ended it early.

    Raises:
        PipelineError: Any DB_* code.
    """
    for batch in _batches(keys):
        if repairs.stop.is_set():
            break
        try:
            _repair(repairs, repairs.entries(batch))
        except PipelineError as error:
            return error
    return None


def recreate(repairs: Repairs, keys: Sequence[str]) -> PipelineError | None:
    """Make contacts again whose email no contact has; return what ended it early.

    Raises:
        PipelineError: Any DB_* code.
    """

    def receive(outcomes: list[Outcome]) -> None:
        entries = [entry_of(outcome, repairs.policy) for outcome in outcomes if outcome.kind in ACKNOWLEDGED]
        record(repairs.engine, repairs.ledger, repairs.mapping.fingerprint, entries)
        keep_findings(repairs.engine, repairs.ledger, [KeptFinding(e.key, Finding.SAME) for e in entries])
        left = sum(outcome.kind is Kind.KEPT for outcome in outcomes)
        repairs.report.recreated += len(entries)
        repairs.report.left += left
        repairs.report.failed += len(outcomes) - len(entries) - left
        for outcome in outcomes:
            if outcome.kind in {Kind.REJECTED, Kind.FAILED}:
                repairs.report.note(outcome.problem)

    pages = (repairs.entries(batch) for batch in _batches(keys))
    work = partial(_recreate, repairs, Breaker())
    return Pump(work, receive, max_in_flight=2, stop=repairs.stop).run(pages)


def _repair(repairs: Repairs, rows: Sequence[LedgerRow]) -> None:
    """Look, write what may be written, and look again."""
    before = read_back(repairs.client, repairs.mapping, rows)
    writes = {
        judged.row.hubspot_id: properties
        for judged in before
        if judged.finding is Finding.CHANGED and (properties := _allowed(repairs, judged))
    }
    written = _update(repairs, writes)
    again = [row for row in rows if row.hubspot_id in written]
    after = {judged.row.key: judged for judged in (read_back(repairs.client, repairs.mapping, again) if again else ())}
    for judged in before:
        final = after.get(judged.row.key, judged)
        if final is not judged and repairs.policy is not WritePolicy.FILL_EMPTY:
            final = taken_as_rewritten(final)
        keep_findings(repairs.engine, repairs.ledger, [final.kept])
        repairs.report.becomes(judged.row.partition, Finding.CHANGED, final.finding)
        if final is not judged:
            repairs.report.repaired += 1
        elif judged.row.hubspot_id in writes:
            repairs.report.failed += 1
        elif judged.finding is not Finding.SAME:
            repairs.report.left += 1


def _allowed(repairs: Repairs, judged: Judged) -> Mapping[str, str]:
    """Return what the policy lets us write of a contact that somebody has changed."""
    payload = acknowledged_payload(judged.row, repairs.mapping)
    if judged.record is None or payload is None:
        return {}
    decision = decide(payload, judged.record.properties, repairs.policy)
    if decision.action is not Action.UPDATE:
        return {}
    differing = {item.property for item in judged.differences}
    return {name: value for name, value in decision.properties.items() if name in differing}


def _update(repairs: Repairs, writes: Mapping[str, Mapping[str, str]]) -> set[str]:
    """Write by record id, halving what HubSpot refuses as a whole, and return the ids that it acknowledged."""
    done: set[str] = set()
    parts = [list(writes.items())] if writes else []
    while parts:
        part = parts.pop()
        body = {"inputs": [{"id": key, "properties": properties} for key, properties in part]}
        answer = repairs.client.request(UPDATE, body=body, stop=repairs.stop)
        decision = verdict(answer)
        if decision is Verdict.DONE:
            done.update(str(item.get("id")) for item in answer.objects("results"))
            if not done.issuperset(key for key, _ in part):
                repairs.report.note(next(problems(answer), NOT_MENTIONED))
        elif decision is Verdict.SPLIT and len(part) > 1:
            middle = len(part) // 2
            parts += [part[middle:], part[:middle]]
        else:
            repairs.report.note(problem_of(answer))
    return done & set(writes)


def _recreate(repairs: Repairs, breaker: Breaker, rows: Sequence[LedgerRow], channel: Channel[list[Outcome]]) -> None:
    """Make the contacts of a batch again, as far as no contact has their email."""
    fit = by_email(row.source for row in rows if row.source is not None)
    meant = [
        Outgoing(
            row.key,
            row.partition,
            row.payload,
            repairs.mapping.payload_fingerprint(row.payload),
            repairs.mapping.initial_fingerprint(row.payload),
            offered=repairs.mapping.initial,
        )
        for row in fit.values()
    ]
    if meant:
        deliver(repairs.client, breaker, WritePolicy.CREATE_ONLY, meant, channel)


def _batches(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(keys), BATCH_INPUTS):
        yield keys[first : first + BATCH_INPUTS]

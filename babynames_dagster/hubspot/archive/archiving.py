"""Archiving contacts that are this ledger's own, and no others, however HubSpot has changed since.

What belongs here: looking at each contact right before it is archived, and that decision. What does not: which
contacts are to go, which `undo.py` and `mirror.py` say.

Archiving works by record id, and an id that was merged away means the record that it was merged into: somebody's
customer. So nothing is archived that was not just read back, under its own id, with our email as its only one.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.created import CreatedContact
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.lookup import holders
from babynames_dagster.database.ledger.superseded import forget_superseded
from babynames_dagster.database.ledger.writing import let_go, mark_archived
from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.api.answers import Problem, problem_of
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import ARCHIVE, BATCH_INPUTS
from babynames_dagster.hubspot.api.failures import unsuccessful
from babynames_dagster.hubspot.api.records import Record, look
from babynames_dagster.hubspot.api.verdicts import Verdict, verdict
from babynames_dagster.hubspot.batches.circuit_breaker import Breaker
from babynames_dagster.hubspot.batches.outcomes import NOT_MENTIONED
from babynames_dagster.hubspot.batches.pump import Channel, Pump

KEPT_SHOWN = 20

MERGED = "merged into another contact"
EMAIL_CHANGED = "its email was changed"
MORE_EMAILS = "it has other emails, too"
ANOTHER_SOURCES = "it is the contact of another source's row, too"


@dataclass(frozen=True)
class Kept:
    """A contact that stays, because it is no longer ours.

    Attributes:
        contact: The contact as the ledger knows it.
        reason: What has become of it.
        record_id: The record that its id means today.
        email: That record's primary email.
    """

    contact: CreatedContact
    reason: str
    record_id: str
    email: str

    def __str__(self) -> str:
        """Say it in a line."""
        today = f"record {self.record_id}, {self.email or 'without an email'}"
        return f"{self.contact.email}, record {self.contact.hubspot_id}: {self.reason} ({today})"


@dataclass
class ArchiveReport:
    """What became of contacts that were to be archived.

    Attributes:
        archived: Archived, and recorded as such.
        absent: Not there any more: archived or deleted by somebody else.
        kept: Left alone, because they are no longer ours; by reason.
        first_kept: The first of them.
        failed: Not archived; running again tries them again.
        problem: Why the first of those failed.
        stopped: Why it ended before the last one; None where it did not.
    """

    archived: int = 0
    absent: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    first_kept: list[Kept] = field(default_factory=list)
    failed: int = 0
    problem: Problem | None = None
    stopped: PipelineError | None = None

    @property
    def done(self) -> int:
        """Contacts of which it is known what became of them."""
        return self.archived + self.absent + self.kept.total() + self.failed


@dataclass(frozen=True)
class _Result:
    archived: Sequence[CreatedContact] = ()
    absent: Sequence[CreatedContact] = ()
    kept: Sequence[Kept] = ()
    failed: Sequence[CreatedContact] = ()
    problem: Problem | None = None


def why_kept(contact: CreatedContact, record: Record) -> str | None:
    """Return why a contact must not be archived as ours; None where it may be.

    Args:
        contact: The contact as the ledger knows it.
        record: What HubSpot has just shown under its id.
    """
    if record.record_id != contact.hubspot_id or record.former_ids:
        return MERGED
    if record.email != contact.email.lower():
        return EMAIL_CHANGED
    return MORE_EMAILS if record.other_emails else None


def archive_ours(  # noqa: PLR0913 - what a run is made of, all by keyword
    client: HubSpotClient,
    engine: Engine,
    ledger: Ledger,
    pages: Iterable[Sequence[CreatedContact]],
    *,
    max_in_flight: int,
    on_done: Callable[[int], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> ArchiveReport:
    """Archive contacts that are still ours, and record it in the ledger.

    Archiving a contact twice does no harm, so that a run which was killed is simply run again.

    Args:
        client: The account.
        engine: The database with the ledger.
        ledger: Whose contacts they are.
        pages: The contacts; no page has more than a batch takes.
        max_in_flight: Most requests under way at once.
        on_done: Called with how many contacts are done.
        stop: Ends the run cleanly when set.

    Raises:
        PipelineError: Any DB_* code.
    """
    report = ArchiveReport()

    def receive(result: _Result) -> None:
        _record(engine, ledger, result)
        report.archived += len(result.archived)
        report.absent += len(result.absent)
        report.failed += len(result.failed)
        report.problem = report.problem or result.problem
        report.kept.update(kept.reason for kept in result.kept)
        report.first_kept += result.kept[: KEPT_SHOWN - len(report.first_kept)]
        on_done(report.done)

    pump = Pump(
        partial(_archive, client, Breaker()), receive, max_in_flight=max_in_flight, stop=stop or threading.Event()
    )
    report.stopped = pump.run(_batches(_this_sources_alone(engine, ledger, pages, receive)))
    return report


def _this_sources_alone(
    engine: Engine, ledger: Ledger, pages: Iterable[Sequence[CreatedContact]], receive: Callable[[_Result], None]
) -> Iterator[list[CreatedContact]]:
    """Yield the contacts that no other source's row has as its contact, and hand over the others as kept."""
    for page in pages:
        found = holders(engine, ledger.portal_id, {contact.hubspot_id for contact in page})
        elsewhere = {holder.hubspot_id for holder in found if holder.sync != ledger.sync}
        kept = [contact for contact in page if contact.hubspot_id in elsewhere]
        if kept:
            shown = [Kept(contact, ANOTHER_SOURCES, contact.hubspot_id, contact.email) for contact in kept]
            receive(_Result(kept=shown))
        yield [contact for contact in page if contact.hubspot_id not in elsewhere]


def _batches(pages: Iterable[Sequence[CreatedContact]]) -> Iterator[list[CreatedContact]]:
    """Yield batches in which no record id comes twice, which HubSpot refuses: two rows may share a record."""
    for page in pages:
        for first in range(0, len(page), BATCH_INPUTS):
            later: Sequence[CreatedContact] = page[first : first + BATCH_INPUTS]
            while later:
                by_id = {contact.hubspot_id: contact for contact in reversed(later)}
                yield list(by_id.values())
                later = [contact for contact in later if by_id[contact.hubspot_id] is not contact]


def _record(engine: Engine, ledger: Ledger, result: _Result) -> None:
    gone = [*result.archived, *result.absent]
    former = {contact.hubspot_id: contact for contact in gone if contact.superseded}
    # The contact of a row's former email may be another row's by now.
    others = [
        replace(former[holder.hubspot_id], key=holder.key, superseded=False)
        for holder in (holders(engine, ledger.portal_id, former) if former else ())
        if holder.sync == ledger.sync
    ]
    mark_archived(engine, ledger, [*others, *(contact for contact in gone if not contact.superseded)])
    merged = [kept.contact for kept in result.kept if kept.reason == MERGED]
    # A merge cannot be taken back, so that what was ours is not ours again.
    let_go(engine, ledger, [contact for contact in merged if not contact.superseded])
    forget_superseded(engine, ledger, [contact.hubspot_id for contact in (*gone, *merged) if contact.superseded])


def _archive(
    client: HubSpotClient, breaker: Breaker, contacts: Sequence[CreatedContact], channel: Channel[_Result]
) -> None:
    """Look at a batch, and archive what is ours of it, halving what HubSpot refuses as a whole."""
    ids = [contact.hubspot_id for contact in contacts]
    looked = look(client, ids, stop=channel.stop, on_departure=channel.departed)
    ours: list[CreatedContact] = []
    absent: list[CreatedContact] = []
    unknown: list[CreatedContact] = []
    kept: list[Kept] = []
    for contact in contacts:
        record = looked.found.get(contact.hubspot_id)
        if record is None:
            (absent if contact.hubspot_id in looked.missing else unknown).append(contact)
        elif (reason := why_kept(contact, record)) is None:
            ours.append(contact)
        else:
            kept.append(Kept(contact, reason, record.record_id, record.email))
    problem = NOT_MENTIONED if verdict(looked.answer) is Verdict.DONE else problem_of(looked.answer)
    channel.deliver(_Result(absent=absent, kept=kept, failed=unknown, problem=problem if unknown else None))
    parts = [ours] if ours else []
    while parts:
        part = parts.pop()
        body = {"inputs": [{"id": contact.hubspot_id} for contact in part]}
        answer = client.request(ARCHIVE, body=body, stop=channel.stop, on_departure=channel.departed)
        decision = verdict(answer, has_body=ARCHIVE.has_body)
        if decision is Verdict.SPLIT and len(part) > 1:
            middle = len(part) // 2
            parts += [part[middle:], part[:middle]]
        elif decision is Verdict.DONE:
            channel.deliver(_Result(archived=part))
            breaker.passed()
        else:
            channel.deliver(_Result(failed=part, problem=problem_of(answer)))
            breaker.failed(answer.status, unsuccessful(answer, ARCHIVE))

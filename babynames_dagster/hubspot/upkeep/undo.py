"""Taking back: archive in HubSpot the contacts that this ledger created, and only those.

What belongs here: archiving, paced and recorded. What does not: asking whether to, which the command line does.

A contact is the ledger's own where HubSpot said that a request of ours made it. One whose making was never
acknowledged, because the answer got lost, counts as somebody else's and is left alone. A name that got another
email, because the mapping changed, has another contact since: both are the ledger's own.

A later sync leaves archived contacts alone, so that a schedule does not bring back what somebody took away. They
are sent again when the name or the mapping changes, and by `full_refresh: true`.
"""

import itertools
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.entries import CreatedContact, count_created, created_pages
from babynames_dagster.database.ledger.superseded import count_superseded, forget_superseded, superseded_pages
from babynames_dagster.database.ledger.writing import mark_archived
from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.api.answers import Verdict, verdict
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import ARCHIVE, BATCH_INPUTS
from babynames_dagster.hubspot.sync.pump import Desk, Pump
from babynames_dagster.hubspot.sync.turns import Waiting, sole_sender
from babynames_dagster.names.identity import INITIALS
from babynames_dagster.progress import Progress, ProgressListener, ignore_progress
from babynames_dagster.settings import Settings


@dataclass
class UndoReport:
    """What became of the contacts that this ledger created.

    Attributes:
        archived: Archived, and recorded as such.
        failed: Not archived; running again tries them again.
        stopped: Why it ended before the last one; None where it did not.
    """

    archived: int = 0
    failed: int = 0
    stopped: PipelineError | None = None


@dataclass(frozen=True)
class _Archived:
    contacts: Sequence[CreatedContact]
    succeeded: bool


def contacts_to_undo(engine: Engine, portal_id: int) -> int:
    """Count the contacts that `undo_created` would archive.

    Raises:
        PipelineError: Any DB_* code.
    """
    return count_created(engine, portal_id) + count_superseded(engine, portal_id)


def undo_created(
    client: HubSpotClient,
    engine: Engine,
    *,
    settings: Settings,
    on_progress: ProgressListener = ignore_progress,
    stop: threading.Event | None = None,
) -> UndoReport:
    """Archive the contacts that this ledger created and did not archive yet; never those it only updated.

    Archiving a contact twice does no harm, so that a run which was killed is simply run again.

    Args:
        client: The account.
        engine: The database with the ledger.
        settings: HUBSPOT_MAX_IN_FLIGHT.
        on_progress: Told how many contacts are done.
        stop: Ends the run cleanly when set.

    Raises:
        PipelineError: HUBSPOT_BUSY where a sync does not end in time (HUBSPOT_WAIT); any DB_* code.
    """
    halt = stop or threading.Event()
    with sole_sender(
        engine,
        portal_id=client.portal_id,
        partitions=INITIALS,
        sender=f"babynames undo on {socket.gethostname()}",
        waiting=Waiting(settings.hubspot_wait),
        stop=halt,
    ) as turn:
        report = _undo(client, engine, settings=settings, on_progress=on_progress, stop=halt)
    report.stopped = turn.lost or report.stopped
    return report


def _undo(
    client: HubSpotClient,
    engine: Engine,
    *,
    settings: Settings,
    on_progress: ProgressListener,
    stop: threading.Event,
) -> UndoReport:
    report, total = UndoReport(), contacts_to_undo(engine, client.portal_id)

    def receive(result: _Archived) -> None:
        if result.succeeded:
            _record(engine, client.portal_id, result.contacts)
            report.archived += len(result.contacts)
        else:
            report.failed += len(result.contacts)
        on_progress(Progress("undo", report.archived + report.failed, total, "contacts"))

    pump = Pump(
        partial(_archive, client),
        receive,
        max_in_flight=settings.hubspot_max_in_flight,
        stop=stop,
    )
    pages = (read(engine, client.portal_id, page_rows=BATCH_INPUTS) for read in (created_pages, superseded_pages))
    report.stopped = pump.run(itertools.chain.from_iterable(pages))
    return report


def _record(engine: Engine, portal_id: int, contacts: Sequence[CreatedContact]) -> None:
    """Record what was archived: entries say so, superseded contacts are forgotten."""
    mark_archived(engine, portal_id, [contact for contact in contacts if not contact.superseded])
    superseded = [contact.hubspot_id for contact in contacts if contact.superseded]
    if superseded:
        forget_superseded(engine, portal_id, superseded)


def _archive(client: HubSpotClient, contacts: Sequence[CreatedContact], desk: Desk[_Archived]) -> None:
    """Archive one batch, halving what HubSpot refuses as a whole."""
    parts = [contacts]
    while parts:
        part = parts.pop()
        body = {"inputs": [{"id": contact.hubspot_id} for contact in part]}
        answer = client.request(ARCHIVE, body=body, stop=desk.stop, on_departure=desk.departed)
        decision = verdict(answer, has_body=ARCHIVE.has_body)
        if decision is Verdict.SPLIT and len(part) > 1:
            middle = len(part) // 2
            parts += [part[middle:], part[:middle]]
        else:
            desk.deliver(_Archived(part, decision is Verdict.DONE))

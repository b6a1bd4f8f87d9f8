"""Taking back: archive in HubSpot the contacts that this ledger created, and only those.

What belongs here: which contacts those are. What does not: archiving (`archiving.py`), and asking whether to, which
the command line does.

A contact is the ledger's own where HubSpot said that a request of ours made it. One whose making was never
acknowledged, because the answer got lost, counts as somebody else's and is left alone. A row that got another
email, because the mapping changed, has another contact since: both are the ledger's own.

A later sync leaves archived contacts alone, so that a schedule does not bring back what somebody took away. They
are sent again when the row or the mapping changes, and by `full_refresh: true`.
"""

import itertools
import socket
import threading
from collections.abc import Sequence

from sqlalchemy.engine import Engine

from babynames_dagster.common.progress import Progress, ProgressListener, ignore_progress
from babynames_dagster.database.ledger.created import count_created, created_pages
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.superseded import count_superseded, superseded_pages
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import BATCH_INPUTS
from babynames_dagster.hubspot.archive.archiving import ArchiveReport, archive_ours
from babynames_dagster.hubspot.leases import Waiting, sole_sender
from babynames_dagster.settings import HubSpotSettings


def contacts_to_undo(engine: Engine, ledger: Ledger) -> int:
    """Count the contacts that `undo_created` would archive, as far as the ledger knows.

    Raises:
        PipelineError: Any DB_* code.
    """
    return count_created(engine, ledger) + count_superseded(engine, ledger)


def undo_created(  # noqa: PLR0913 - what a run is made of
    client: HubSpotClient,
    engine: Engine,
    ledger: Ledger,
    *,
    partitions: Sequence[str],
    settings: HubSpotSettings,
    on_progress: ProgressListener = ignore_progress,
    stop: threading.Event | None = None,
) -> ArchiveReport:
    """Archive the contacts that this ledger created and did not archive yet; never those it only updated.

    Args:
        client: The account.
        engine: The database with the ledger.
        ledger: Whose contacts are meant.
        partitions: Every partition of the source, none of which may be sent meanwhile.
        settings: HUBSPOT_MAX_IN_FLIGHT, HUBSPOT_WAIT.
        on_progress: Called with how many contacts are done.
        stop: Ends the run cleanly when set.

    Raises:
        PipelineError: HUBSPOT_BUSY where a sync does not end in time (HUBSPOT_WAIT); any DB_* code.
    """
    halt = stop or threading.Event()
    with sole_sender(
        engine,
        ledger=ledger,
        partitions=partitions,
        sender=f"babynames undo on {socket.gethostname()}",
        waiting=Waiting(settings.wait),
        stop=halt,
    ) as held:
        total = contacts_to_undo(engine, ledger)
        pages = (read(engine, ledger, page_rows=BATCH_INPUTS) for read in (created_pages, superseded_pages))
        report = archive_ours(
            client,
            engine,
            ledger,
            itertools.chain.from_iterable(pages),
            max_in_flight=settings.max_in_flight,
            on_done=lambda done: on_progress(Progress("undo", done, total, "contacts")),
            stop=halt,
        )
    report.stopped = held.lost or report.stopped
    return report

"""The sync: bring an account's contacts in line with a source, and know of every row what became of it.

What belongs here: the run as a whole. What does not: its state, and what it does in which order (`sending.py`).
"""

import logging
import threading
from collections.abc import Callable, Sequence

from sqlalchemy.engine import Engine

from babynames_dagster.common.progress import ProgressListener, ignore_progress
from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.leases import Waiting, sole_sender
from babynames_dagster.hubspot.source import ContactSource
from babynames_dagster.hubspot.sync.report import (
    PartitionReport,
    SyncOptions,
    SyncReport,
)
from babynames_dagster.hubspot.sync.sending import Run
from babynames_dagster.settings import HubSpotSettings

_log = logging.getLogger(__name__)


def _ignore_report(_: SyncReport) -> None:
    """Take a report that no caller asked for."""


def sync_contacts(  # noqa: PLR0913 - what a run is made of, all by keyword
    client: HubSpotClient,
    engine: Engine,
    source: ContactSource,
    *,
    partitions: Sequence[str],
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
        engine: The ledger's database.
        source: What is to be sent.
        partitions: Which of its partitions.
        settings: HUBSPOT_REQUESTS_PER_BATCH, HUBSPOT_MAX_IN_FLIGHT, what may be written, and the guards.
        options: What this run asks for.
        on_progress: Called with how many contacts have an outcome.
        stop: Ends the run cleanly when set: what is under way is waited for and recorded.
        sender: Who this is, for other runs that wait for it; None for this process's number.
        say: Called with whom this run waits for, and with what the account has that an empty ledger does not know. No
            two send one partition at once; a dry run waits for nothing.
        on_broken_off: Given the report as far as the run came, where Ctrl-C or Dagster breaks it off.

    Returns:
        The counts of every partition. `stopped` says why the run ended early, where it did.

    Raises:
        PipelineError: What keeps the rows from being counted: what `ContactSource.require` raises, any DB_* code.
    """
    report = unsent_report(source, partitions=partitions, options=options)
    try:
        report.portal_id = client.portal_id
        report.contacts_page = client.portal.contacts_page
    except PipelineError as error:
        report.stopped = error
        report.count(client.traffic)
        return report
    run = Run(client, engine, source, settings, options, on_progress, report, say)
    halt = stop or threading.Event()
    try:
        if options.dry_run:
            run.send(halt)
        else:
            with sole_sender(
                engine,
                ledger=run.ledger,
                partitions=partitions,
                sender=sender,
                waiting=Waiting(settings.wait, say),
                stop=halt,
            ) as held:
                run.send(halt)
            report.stopped = held.lost or report.stopped
    except PipelineError as error:
        report.stopped = error
    except BaseException:
        run.close()
        on_broken_off(report)
        raise
    run.close()
    return report


def unsent_report(
    source: ContactSource,
    *,
    partitions: Sequence[str],
    options: SyncOptions,
    stopped: PipelineError | None = None,
) -> SyncReport:
    """Return the report of a run that has sent nothing yet: it knows how many rows there are to send.

    Args:
        source: What is to be sent.
        partitions: Which partitions.
        options: What the run asks for.
        stopped: What keeps it from sending any.

    Raises:
        PipelineError: What `ContactSource.require` raises, any DB_* code.
    """
    source.require()
    rows = source.counts(partitions)
    counts = {name: PartitionReport(contacts=rows[name]) for name in partitions}
    for partition in counts.values():
        partition.close()
    return SyncReport(None, options.dry_run, counts, stopped=stopped)

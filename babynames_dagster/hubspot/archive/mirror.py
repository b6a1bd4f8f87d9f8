"""The mirror: contacts that the account is no longer to have are archived (HUBSPOT_MIRROR=archive).

Only what this ledger created and is still ours goes; what it only updated was there before, and stays.
"""

import threading
from collections.abc import Iterator, Sequence

from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.created import CreatedContact
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import BATCH_INPUTS
from babynames_dagster.hubspot.archive.archiving import ArchiveReport, archive_ours
from babynames_dagster.hubspot.source import ContactSource


def archive_orphans(  # noqa: PLR0913 - what a run is made of, all by keyword
    client: HubSpotClient,
    engine: Engine,
    source: ContactSource,
    *,
    partitions: Sequence[str],
    max_in_flight: int,
    stop: threading.Event | None = None,
) -> ArchiveReport:
    """Archive the orphans that this ledger created and that are still ours.

    Args:
        client: The account.
        engine: The database with the ledger.
        source: What the account is to have.
        partitions: Which partitions.
        max_in_flight: Most requests under way at once.
        stop: Ends the run cleanly when set.

    Raises:
        PipelineError: Any DB_* code.
    """
    ledger = Ledger(client.portal_id, source.sync)
    ours = _ours(source, ledger, partitions)
    return archive_ours(client, engine, ledger, ours, max_in_flight=max_in_flight, stop=stop)


def _ours(source: ContactSource, ledger: Ledger, partitions: Sequence[str]) -> Iterator[list[CreatedContact]]:
    for page in source.orphan_pages(ledger, partitions, page_rows=BATCH_INPUTS):
        mine = [orphan.contact for orphan in page if orphan.ours]
        if mine:
            yield mine

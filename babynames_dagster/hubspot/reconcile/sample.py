"""A sample of acknowledged contacts, read back from HubSpot.

What belongs here: the sample, and whom a difference is to be blamed on. What does not: what a contact is found to be
(`reconcile/judging.py`), and mending it; `babynames reconcile` does.

What differs was mostly changed in HubSpot, which is news and no error. Only a contact that HubSpot has just
acknowledged and does not have is this pipeline's to answer for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.acknowledged import sampled_entries
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.states import Finding
from babynames_dagster.hubspot.api.client import HubSpotClient
from babynames_dagster.hubspot.api.endpoints import BATCH_INPUTS
from babynames_dagster.hubspot.reconcile.judging import QUIET, Judged
from babynames_dagster.hubspot.reconcile.reading_back import read_back, with_sources
from babynames_dagster.hubspot.source import ContactSource


@dataclass
class SampleComparison:
    """What a sample showed.

    Attributes:
        compared: Contacts that were read back.
        unanswered: Contacts for which HubSpot did not answer: that says nothing about them.
        news: Contacts that somebody has changed in HubSpot.
        lost: Contacts that HubSpot acknowledged just before, and does not have.
    """

    compared: int = 0
    unanswered: int = 0
    news: list[Judged] = field(default_factory=list)
    lost: list[Judged] = field(default_factory=list)

    def add(self, judged: Sequence[Judged], since: datetime) -> None:
        """Take in what contacts were found to be."""
        for item in judged:
            if item.finding is Finding.UNREAD:
                self.unanswered += 1
                continue
            self.compared += 1
            if item.finding is Finding.GONE and item.row.synced_at >= since:
                self.lost.append(item)
            elif item.finding not in QUIET:
                self.news.append(item)


def compare_sample(
    client: HubSpotClient, engine: Engine, source: ContactSource, *, since: datetime, size: int = BATCH_INPUTS
) -> SampleComparison:
    """Read some acknowledged contacts back, picked at random among those sent with this mapping.

    Args:
        client: The account.
        engine: The database with the ledger.
        source: What was sent.
        since: From when on an acknowledgement is this run's, in UTC.
        size: How many contacts.

    Raises:
        PipelineError: As `HubSpotClient.request`; any DB_* code.
    """
    comparison = SampleComparison()
    ledger = Ledger(client.portal_id, source.sync)
    rows = sampled_entries(engine, ledger, source.mapping.fingerprint, size)
    for first in range(0, len(rows), BATCH_INPUTS):
        batch = with_sources(source, ledger, rows[first : first + BATCH_INPUTS])
        comparison.add(read_back(client, source.mapping, batch), since)
    return comparison

"""Prometheus' custom collector: everything is read when it is asked for, so that it is true after kills, too.

Only what a sync would send is older, because the database has to join names and ledger for it: a minute at most.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from threading import Thread
from typing import NamedTuple

import dagster as dg
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.engine import Engine
from typing_extensions import override

from babynames_dagster.database.figures import contact_counts, finished_loads, load_counts
from babynames_dagster.database.ledger.candidates import ContactScope
from babynames_dagster.database.ledger.comparison import partitions_with_work
from babynames_dagster.database.rate_limits import pacing_rows
from babynames_dagster.errors import PipelineError
from babynames_dagster.orchestration.metrics.families import (
    contact_families,
    limiter_families,
    load_families,
    queue_families,
    run_families,
    up,
    work_families,
)
from babynames_dagster.orchestration.metrics.queue import has_queue, queue_figures
from babynames_dagster.orchestration.metrics.runs import run_figures

WORK_SECONDS = 60.0
"""How long the answer to what a sync would send is used."""

_log = logging.getLogger(__name__)


class Account(NamedTuple):
    """What a sync would work on.

    Attributes:
        app: The app's digest, by which the database knows the portal.
        mapping: Fingerprint of the mapping in force.
        scope: Which names are meant.
    """

    app: str
    mapping: str
    scope: ContactScope


class PipelineCollector(Collector):
    """Reads the pipeline's figures at each scrape."""

    def __init__(self, engine: Engine, instance: dg.DagsterInstance, account: Account | None) -> None:
        """Read nothing yet.

        Args:
            engine: The pipeline's database.
            instance: Dagster's.
            account: Whose unsent contacts are counted; None where no token is set.
        """
        self._engine = engine
        self._instance = instance
        self._account = account
        self._work: Mapping[str, int] | None = None
        self._work_until = 0.0

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield what can be read; a source that does not answer is `..._up 0`."""
        try:
            found = list(self._database_families())
        except PipelineError as error:
            _log.warning("%s", error)
            found = []
        yield up("database", "the pipeline's database", is_up=bool(found))
        yield from found
        try:
            runs = list(run_families(run_figures(self._instance)))
        except Exception as error:  # noqa: BLE001 - each of Dagster's storages raises its driver's own errors
            _log.warning("Dagster's instance does not answer: %s", type(error).__name__)
            runs = []
        yield up("dagster", "Dagster's instance", is_up=bool(runs))
        yield from runs
        if has_queue(self._instance):
            yield from self._queue_families()

    def _queue_families(self) -> Iterator[Metric]:
        try:
            queue = list(queue_families(queue_figures(self._instance)))
        except Exception as error:  # noqa: BLE001 - Redis' own errors, and those of Dagster's storage
            _log.warning("The queue does not answer: %s", type(error).__name__)
            queue = []
        yield up("queue", "the queue's Redis", is_up=bool(queue))
        yield from queue

    def _database_families(self) -> Iterator[Metric]:
        rows, now = pacing_rows(self._engine)
        yield from contact_families(contact_counts(self._engine))
        yield from load_families(load_counts(self._engine), finished_loads(self._engine))
        yield from limiter_families(rows, now)
        row = rows.get(self._account.app) if self._account else None
        if self._account is not None and row is not None and row.portal_id is not None:
            yield from work_families(row.portal_id, self._to_send(self._account, row.portal_id))

    def _to_send(self, account: Account, portal: int) -> Mapping[str, int]:
        """Return the last count; where it is old, the next one is made beside the scrapes, which don't wait for it."""
        if self._work is None:
            self._work = self._count(account, portal)
        elif time.monotonic() >= self._work_until:
            self._work_until = time.monotonic() + WORK_SECONDS
            Thread(target=self._count_again, args=(account, portal), daemon=True).start()
        return self._work

    def _count_again(self, account: Account, portal: int) -> None:
        try:
            self._work = self._count(account, portal)
        except PipelineError as error:
            _log.warning("%s", error)

    def _count(self, account: Account, portal: int) -> Mapping[str, int]:
        counted = partitions_with_work(self._engine, portal, account.mapping, account.scope)
        self._work_until = time.monotonic() + WORK_SECONDS
        return counted

"""Memory does not grow with the rows of a table."""

import gc
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.states import Finding
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.batches.policy import WritePolicy
from babynames_dagster.hubspot.guards import Guards
from babynames_dagster.hubspot.reconcile.run import Reconciler
from babynames_dagster.orchestration.assets.own_table.contact_table import ContactTable
from babynames_dagster.sources.table import TableSource
from babynames_dagster_tests.support.customers import (
    CUSTOMERS,
    IN_BUCKETS,
    LEDGER,
    add_customers,
    customer,
    make_table,
    source_of,
    sync_table,
)
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn, standing_in_elsewhere

pytestmark = pytest.mark.slow

FEW, MANY, PAGE = 1_500, 6_000, 250


def paged(engine: Engine, table: ContactTable = CUSTOMERS) -> TableSource:
    """Return a source whose pages are smaller than the smaller table."""
    source = source_of(engine, table)
    return replace(source, rows=replace(source.rows, page_rows=PAGE))


def peak_bytes(engine: Engine) -> int:
    """Return the most memory that reading all there is to send holds at once."""
    source = paged(engine, IN_BUCKETS)
    rows = 0
    gc.freeze()  # what the process has imported need not be looked through at each page
    tracemalloc.start()
    try:
        counted = sum(source.counts(source.partitions).values())
        for page in source.pages(LEDGER, source.partitions):
            rows += len(page)
            gc.collect()  # or what is measured is how seldom Python looks for rows that refer to each other
        source.count_orphans(LEDGER, source.partitions)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.unfreeze()
    assert rows == counted
    return peak


def test_four_times_the_rows_take_no_more_memory(sqlite_engine: Engine) -> None:
    make_table(sqlite_engine)
    add_customers(sqlite_engine, map(customer, range(1, FEW + 1)))
    peak_bytes(sqlite_engine)  # what is made once
    few = peak_bytes(sqlite_engine)
    add_customers(sqlite_engine, map(customer, range(FEW + 1, MANY + 1)))
    assert peak_bytes(sqlite_engine) < 1.3 * few


def reconciled_peak(engine: Engine, stand_in: StandIn) -> int:
    """Return the most memory that reading every contact back holds at once."""
    source, settings = paged(engine), stand_in.settings(engine, hubspot_daily_reserve=0)
    with open_client(settings.account, engine) as client:
        gc.collect()
        tracemalloc.start()
        try:
            report = Reconciler(
                client,
                engine,
                source,
                source.partitions,
                WritePolicy.OVERWRITE,
                Guards.from_settings(settings.hubspot),
                max_in_flight=2,
                wait_seconds=1.0,
            ).run()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert report.total == {Finding.SAME: sum(source.counts(source.partitions).values())}
    return peak


def test_reading_four_times_the_contacts_back_takes_no_more_memory(sqlite_engine: Engine, tmp_path: Path) -> None:
    make_table(sqlite_engine)
    with standing_in_elsewhere(tmp_path, calls=100_000, window_seconds=1.0) as stand_in:
        add_customers(sqlite_engine, map(customer, range(1, FEW + 1)))
        sync_table(sqlite_engine, stand_in)
        reconciled_peak(sqlite_engine, stand_in)  # what is made once
        few = reconciled_peak(sqlite_engine, stand_in)
        add_customers(sqlite_engine, map(customer, range(FEW + 1, MANY + 1)))
        sync_table(sqlite_engine, stand_in)
        assert reconciled_peak(sqlite_engine, stand_in) < 1.3 * few

"""Memory does not grow with the rows of a table."""

import gc
import tracemalloc
from dataclasses import replace

from sqlalchemy.engine import Engine

from babynames_dagster_tests.support.customers import (
    IN_BUCKETS,
    LEDGER,
    add_customers,
    customer,
    make_table,
    source_of,
)

FEW, MANY, PAGE = 1_500, 6_000, 250


def peak_bytes(engine: Engine) -> int:
    """Return the most memory that reading all there is to send holds at once."""
    source = source_of(engine, IN_BUCKETS)
    paged = replace(source, rows=replace(source.rows, page_rows=PAGE))
    rows = 0
    gc.freeze()  # what the process has imported need not be looked through at each page
    tracemalloc.start()
    try:
        counted = sum(paged.counts(paged.partitions).values())
        for page in paged.pages(LEDGER, paged.partitions):
            rows += len(page)
            gc.collect()  # or what is measured is how seldom Python looks for rows that refer to each other
        paged.count_orphans(LEDGER, paged.partitions)
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

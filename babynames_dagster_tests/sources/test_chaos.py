"""Everything goes wrong at once with customers, too, and the end is the same as if nothing had."""

from typing import Any

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.hubspot.sync.report import SyncOptions, SyncReport
from babynames_dagster_tests.support.customers import (
    IN_BUCKETS,
    add_customers,
    customer,
    email_of,
    entries,
    make_table,
    sync_table,
)
from babynames_dagster_tests.support.stand_ins.chaos import sync_in_chaos
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import held_contacts

pytestmark = pytest.mark.slow

CUSTOMERS = 5000
UNFIT = {17: None, 2500: "no email", 4999: email_of(1)}


def sync_customers(engine: Engine, stand_in: StandIn, **overrides: Any) -> SyncReport:  # noqa: ANN401 - the settings' own types
    return sync_table(engine, stand_in, IN_BUCKETS, **overrides)


def test_the_account_ends_equal_to_somebodys_table_and_the_ledger_true(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine)
    fit = [number for number in range(1, CUSTOMERS + 1) if number not in UNFIT]
    add_customers(engine, [customer(number) for number in fit])
    add_customers(engine, [customer(number, email=email) for number, email in UNFIT.items()])
    sync_in_chaos(engine, stand_in, sync_customers, entries, rows=CUSTOMERS)
    report = sync_table(engine, stand_in, IN_BUCKETS, options=SyncOptions(retry_rejected=True))
    assert report.total.complete
    assert {entry.row_key for entry in entries(engine).values() if entry.outcome == "rejected"} == set(map(str, UNFIT))
    assert report.total.rejected == len(UNFIT)
    assert len(entries(engine)) == CUSTOMERS
    assert held_contacts(stand_in) == {
        email_of(number): {
            "email": email_of(number),
            "firstname": f"First{number}",
            "lastname": f"Last{number}",
            "lifecyclestage": "customer",
        }
        for number in fit
    }

"""Everything goes wrong at once with customers, too, and the end is the same as if nothing had."""

import multiprocessing

from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster.errors import PipelineError
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster_tests.hubspot.sync.test_chaos import EVERY_FAULT, HURRIED, KILLS, RUNS_AT_MOST
from babynames_dagster_tests.support.customers import (
    IN_BUCKETS,
    add_customers,
    customer,
    email_of,
    entries,
    make_table,
    sync_table,
)
from babynames_dagster_tests.support.hubspot import StandIn, held_contacts

CUSTOMERS = 5000
UNFIT = {17: None, 2500: "no email", 4999: email_of(1)}


def sync_until_killed(url: str, database_url: str) -> None:
    """Sync again and again in a process that somebody is going to kill."""
    engine, stand_in = open_engine(make_url(database_url)), StandIn(url)
    while True:
        _sync_once(engine, stand_in)


def test_the_account_ends_equal_to_somebodys_table_and_the_ledger_true(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine)
    fit = [number for number in range(1, CUSTOMERS + 1) if number not in UNFIT]
    add_customers(engine, [customer(number) for number in fit])
    add_customers(engine, [customer(number, email=email) for number, email in UNFIT.items()])
    stand_in.change(window_seconds=0.2, calls=400, latency=[0.005, 0.03])
    stand_in.set_faults(*EVERY_FAULT)
    url = engine.url.render_as_string(hide_password=False)
    for kill in range(1, KILLS + 1):
        victim = multiprocessing.get_context("spawn").Process(target=sync_until_killed, args=(stand_in.url, url))
        victim.start()
        while stand_in.stats()["contacts"] < CUSTOMERS * kill // (KILLS + 1):
            assert victim.is_alive()
            victim.join(0.05)
        victim.kill()
        victim.join()
        _assert_true(engine, stand_in)
    for _ in range(RUNS_AT_MOST):
        if _sync_once(engine, stand_in):
            break
    _assert_true(engine, stand_in)
    stand_in.set_faults()
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


def _sync_once(engine: Engine, stand_in: StandIn) -> bool:
    """Sync, and return whether every row has an answer."""
    try:
        report = sync_table(engine, stand_in, IN_BUCKETS, **HURRIED)
    except PipelineError:  # a fault struck before the first row
        return False
    total = report.total
    assert total.accounted + total.unsent == total.contacts == CUSTOMERS
    return total.complete


def _assert_true(engine: Engine, stand_in: StandIn) -> None:
    """Every contact that the ledger calls synced is in the account, with the record id that the ledger has."""
    held = stand_in.contacts()
    for entry in entries(engine).values():
        if entry.outcome == "synced":
            assert held[entry.email]["hs_object_id"] == entry.hubspot_id
        else:
            assert entry.message

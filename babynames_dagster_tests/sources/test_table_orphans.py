"""Rows that go from somebody's table: their contacts are archived, unless another row or the guard keeps them."""

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.database.ledger.orphans import OrphanCount
from babynames_dagster.errors import ErrorCode
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.archive.archiving import ANOTHER_SOURCES
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster_tests.support.customers import (
    CUSTOMERS,
    LEDGER,
    MIRRORED,
    add_customers,
    change,
    customer,
    email_of,
    make_table,
    source_of,
    sync_table,
)
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import add_names, sync, undo_names

pytestmark = pytest.mark.slow


def test_a_contact_whose_row_got_another_key_is_no_orphan(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine)
    add_customers(engine, map(customer, range(1, 7)))
    sync_table(engine, stand_in)
    change(engine, "UPDATE customers SET id = id + 1000 WHERE id <= 3")
    change(engine, "DELETE FROM customers WHERE id = 4")
    report = sync_table(engine, stand_in, MIRRORED)
    assert (report.total.unchanged, report.total.updated, report.total.created) == (2, 3, 0)
    assert report.mirrored is not None
    assert report.mirrored.archived == 1
    assert set(stand_in.contacts()) == {email_of(number) for number in (1, 2, 3, 5, 6)}
    assert source_of(engine).count_orphans(LEDGER, ["all"]) == OrphanCount()


def test_a_contact_of_a_former_email_goes_unless_another_row_has_it(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine)
    add_customers(engine, [customer(1), customer(2)])
    sync_table(engine, stand_in)
    change(engine, "UPDATE customers SET email = 'new1@shop-mail.com' WHERE id = 1")
    change(engine, "UPDATE customers SET email = 'new2@shop-mail.com' WHERE id = 2")
    add_customers(engine, [customer(3, email=email_of(2))])
    report = sync_table(engine, stand_in, MIRRORED)
    assert report.total.complete
    assert report.mirrored is not None
    assert report.mirrored.archived == 1
    assert set(stand_in.contacts()) == {"new1@shop-mail.com", "new2@shop-mail.com", email_of(2)}


def test_an_empty_table_archives_nothing_past_the_guard(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine)
    add_customers(engine, map(customer, range(1, 11)))
    sync_table(engine, stand_in)
    change(engine, "DELETE FROM customers")
    guarded = CUSTOMERS.model_copy(update={"mirror": "archive", "max_archives": "5%"})
    report = sync_table(engine, stand_in, guarded)
    assert report.stopped is not None
    assert report.stopped.code is ErrorCode.HUBSPOT_GUARD
    assert len(stand_in.contacts()) == 10


def test_what_an_asset_made_is_taken_back_by_reading_no_row(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine)
    add_customers(engine, map(customer, range(1, 11)))
    stand_in.seed({"email": email_of(3), "firstname": "Boss"})
    sync_table(engine, stand_in)
    no_row = {"table": "", "query": "SELECT * FROM customers WHERE 1 = 0", "mirror": "archive"}
    report = sync_table(
        engine, stand_in, CUSTOMERS.model_copy(update=no_row), options=SyncOptions(override_guards=True)
    )
    assert report.mirrored is not None
    assert report.mirrored.archived == 9
    assert set(stand_in.contacts()) == {email_of(3)}


def test_a_name_that_goes_costs_no_contact_that_is_a_customers_too(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine)
    add_names(engine, 3)
    sync(engine, stand_in)
    shared = "name1.f@babynamesdemo.com"
    add_customers(engine, [customer(1, email=shared)])
    assert sync_table(engine, stand_in).total.updated == 1
    change(engine, "DELETE FROM baby_names")
    report = sync(engine, stand_in, hubspot_mirror="archive", hubspot_max_archives="100%")
    assert report.mirrored is not None
    assert (report.mirrored.archived, dict(report.mirrored.kept)) == (2, {ANOTHER_SOURCES: 1})
    assert set(stand_in.contacts()) == {shared}
    settings = stand_in.settings(engine)
    with open_client(settings.account, engine) as client:
        assert undo_names(engine, client, settings).kept.total() == 1
    assert set(stand_in.contacts()) == {shared}

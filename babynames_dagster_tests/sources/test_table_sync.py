"""Somebody's own table is synced as the names are: each row has an outcome, or a reason why it can be no contact."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database import source_rows
from babynames_dagster.database.ledger.entries import refused_contacts
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster.orchestration.assets.own_table.contact_table import ContactTable
from babynames_dagster_tests.support.customers import (
    BY_COUNTRY,
    CUSTOMERS,
    IN_BUCKETS,
    LEDGER,
    MIRRORED,
    add_customers,
    change,
    customer,
    email_of,
    entries,
    make_table,
    source_of,
    sync_table,
)
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import add_names, sync

pytestmark = pytest.mark.slow


def test_rows_become_contacts_and_only_what_changes_is_sent_again(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine)
    add_customers(engine, map(customer, range(1, 251)))
    first = sync_table(engine, stand_in)
    assert (first.total.contacts, first.total.created) == (250, 250)
    contact = stand_in.contacts()[email_of(7)]
    assert (contact["firstname"], contact["lastname"], contact["lifecyclestage"]) == ("First7", "Last7", "customer")
    assert sync_table(engine, stand_in).requests == 1  # which portal it is
    change(engine, "UPDATE customers SET first_name = 'Other' WHERE id IN (7, 8)")
    change(engine, "UPDATE customers SET last_name = NULL WHERE id = 9")
    again = sync_table(engine, stand_in)
    assert (again.total.updated, again.total.unchanged) == (3, 247)
    held = stand_in.contacts()
    assert (held[email_of(8)]["firstname"], held[email_of(9)].get("lastname") or "") == ("Other", "")
    assert sync_table(engine, stand_in).total.unchanged == 250


def test_names_and_customers_share_a_ledger_and_do_not_meet(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine)
    add_customers(engine, map(customer, range(1, 11)))
    add_names(engine, 10)
    assert sync_table(engine, stand_in).total.created == 10
    assert sync(engine, stand_in).total.created == 10
    assert len(entries(engine)) == len(entries(engine, "baby_names")) == 10
    change(engine, "DELETE FROM customers")
    change(engine, "DELETE FROM baby_names")
    assert sync_table(engine, stand_in, MIRRORED).orphaned == 0
    assert len(stand_in.contacts()) == 10
    assert sync(engine, stand_in).orphaned == 10


def test_a_row_that_can_be_no_contact_has_a_reason_and_holds_up_no_other(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine, key="VARCHAR(300)", constraint="")
    rows = [customer(number, id=str(number)) for number in range(1, 21)]
    awkward: list[dict[str, object]] = [
        customer(101, id=None),
        customer(102, id=None),
        customer(103, id="twice"),
        customer(104, id="twice"),
        customer(105, id="none", email=None),
        customer(106, id="blank", email="  "),
        customer(107, id="odd", email="no email at all"),
        customer(108, id="nowhere", email="a@shop.example"),
        customer(109, id="foreign", email="zoë@shop-mail.com"),
        customer(110, id="second", email=email_of(7).upper() + " "),
        customer(111, id="", email="empty@shop-mail.com"),
        customer(112, id="k" * 290),
    ]
    add_customers(engine, [*rows, *awkward])
    report = sync_table(engine, stand_in)
    assert (report.total.contacts, report.total.created, report.total.rejected) == (32, 20, 12)
    assert report.total.unsent == 0
    assert set(stand_in.contacts()) == {email_of(number) for number in range(1, 21)}
    kept = entries(engine)
    assert {key: entry.category for key, entry in kept.items() if entry.outcome == "rejected" and len(key) < 10} == {
        "": "NO_KEY",
        "twice": "DUPLICATE_KEY",
        "none": "NO_EMAIL",
        "blank": "NO_EMAIL",
        "odd": "INVALID_EMAIL",
        "nowhere": "INVALID_EMAIL",
        "foreign": "INVALID_EMAIL",
        "second": "DUPLICATE_EMAIL",
    }
    assert sorted(entry.category for key, entry in kept.items() if len(key) >= 10) == ["INVALID_KEY", "INVALID_KEY"]
    assert kept["second"].message == "the row 7 has the same email"
    assert kept["twice"].message == "2 rows have the key twice"
    assert {row.sync for row in refused_contacts(engine, LedgerOutcome.REJECTED, 100)} == {"customers"}
    before = {key: entry.updated_at for key, entry in kept.items()}
    again = sync_table(engine, stand_in)
    assert (again.total.unchanged, again.total.rejected, again.requests) == (20, 12, 1)
    assert {key: entry.updated_at for key, entry in entries(engine).items()} == before


def test_a_row_that_is_corrected_is_sent_by_the_next_run(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine)
    add_customers(engine, [customer(1), customer(2, email=None), customer(3, email=email_of(1))])
    assert sync_table(engine, stand_in).total.rejected == 2
    change(engine, "UPDATE customers SET email = 'customer2@shop-mail.com' WHERE id = 2")
    change(engine, "DELETE FROM customers WHERE id = 1")
    report = sync_table(engine, stand_in)
    assert (report.total.created, report.total.updated, report.total.rejected) == (1, 1, 0)
    change(engine, "UPDATE customers SET email = NULL WHERE id = 2")
    assert sync_table(engine, stand_in).total.rejected == 1
    assert email_of(2) in stand_in.contacts()
    change(engine, "UPDATE customers SET email = 'customer2@shop-mail.com' WHERE id = 2")
    assert sync_table(engine, stand_in).total.complete
    assert {entry.outcome for key, entry in entries(engine).items() if key != "1"} == {"synced"}


def test_a_dry_run_says_what_is_wrong_with_rows_and_keeps_nothing(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine)
    add_customers(engine, [customer(1), customer(2, email="none")])
    report = sync_table(engine, stand_in, options=SyncOptions(dry_run=True))
    assert (report.total.created, report.total.rejected) == (1, 1)
    assert [reject.category for reject in report.troubles.first_rejects] == ["INVALID_EMAIL"]
    assert entries(engine) == {}


def test_columns_that_vanish_are_named_with_their_use_before_anything_is_sent(
    engine: Engine, stand_in: StandIn
) -> None:
    make_table(engine)
    add_customers(engine, [customer(1)])
    change(engine, "ALTER TABLE customers RENAME COLUMN last_name TO surname")
    with pytest.raises(PipelineError, match=r"customers lacks the column last_name \(becomes lastname\)") as caught:
        sync_table(engine, stand_in)
    assert caught.value.code is ErrorCode.SOURCE_INVALID
    gone = BY_COUNTRY.model_copy(update={"key_column": "number", "email_column": "mail", "columns": {}})
    with pytest.raises(PipelineError, match=r"number \(the key\), mail \(the email\)"):
        source_of(engine, gone).require()
    with pytest.raises(PipelineError, match="no_such can't be read") as caught:
        source_of(engine, CUSTOMERS.model_copy(update={"table": "no_such"})).require()
    assert caught.value.code is ErrorCode.SOURCE_INVALID
    assert stand_in.writes() == []


def test_what_the_account_lacks_is_named_before_anything_is_sent(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine)
    add_customers(engine, [customer(1)])
    table = CUSTOMERS.model_copy(update={"columns": {"first_name": "nickname"}, "constants": {"hs_lead_status": "?"}})
    report = sync_table(engine, stand_in, table.model_copy(update={"initial": []}))
    assert report.stopped is not None
    assert report.stopped.code is ErrorCode.HUBSPOT_PROPERTY_ERROR
    assert "nickname does not exist" in report.stopped.what
    assert "hs_lead_status='?'" in report.stopped.what
    assert "of the asset" in report.stopped.remedy


@pytest.mark.parametrize("table", [BY_COUNTRY, IN_BUCKETS], ids=["column", "buckets"])
def test_each_row_is_in_one_partition_and_partitions_can_be_sent_alone(
    engine: Engine, stand_in: StandIn, table: ContactTable
) -> None:
    make_table(engine)
    add_customers(engine, [*map(customer, range(1, 61)), customer(61, country=None), customer(62, country="CH")])
    partitions = source_of(engine, table).partitions
    for partition in partitions:
        report = sync_table(engine, stand_in, table, partitions=[partition])
        assert report.total.created == report.total.contacts > 0
    assert len(stand_in.contacts()) == len(entries(engine)) == 62
    whole = sync_table(engine, stand_in, table)
    assert (whole.total.contacts, whole.total.unchanged) == (62, 62)
    if table is BY_COUNTRY:
        assert {name: counts.contacts for name, counts in whole.by_partition.items()} == {
            "AT": 20,
            "DE": 20,
            "other": 22,
        }


def test_a_query_and_a_view_are_read_like_a_table(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine)
    add_customers(engine, map(customer, range(1, 31)))
    change(engine, "CREATE VIEW germans AS SELECT * FROM customers WHERE country = 'DE'")
    view = CUSTOMERS.model_copy(update={"table": "germans", "asset_key": "view"})
    assert sync_table(engine, stand_in, view).total.created == 10
    name = "CONCAT(first_name, ' 12:30')" if engine.dialect.name == "mysql" else "first_name || ' 12:30'"
    select = f"SELECT id, email, {name} AS first_name, last_name FROM customers WHERE country = 'AT';"  # noqa: S608 - ours
    query = CUSTOMERS.model_copy(update={"table": "", "query": select, "asset_key": "query"})
    assert sync_table(engine, stand_in, query).total.created == 10
    assert stand_in.contacts()[email_of(3)]["firstname"] == "First3 12:30"
    assert len(entries(engine, "view")) == len(entries(engine, "query")) == 10


def test_rows_and_ledger_may_be_in_two_databases(engine: Engine, stand_in: StandIn, tmp_path: Path) -> None:
    shop = sa.create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    make_table(shop, key="VARCHAR(36)")
    add_customers(shop, [customer(number, id=f"c-{number:04}") for number in range(1, 131)])
    assert sync_table(shop, stand_in, ledger=engine).total.created == 130
    assert sync_table(shop, stand_in, ledger=engine).total.unchanged == 130
    change(shop, "DELETE FROM customers WHERE id < 'c-0003'")
    report = sync_table(shop, stand_in, MIRRORED, ledger=engine)
    assert report.mirrored is not None
    assert (report.mirrored.archived, report.orphaned) == (2, 0)
    assert sa.inspect(shop).get_table_names() == ["customers"]
    shop.dispose()


def test_keys_that_differ_in_case_or_order_otherwise_than_text_are_each_met_once(
    engine: Engine,
) -> None:
    binary = " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" if engine.dialect.name == "mysql" else ""
    make_table(engine, key=f"VARCHAR(50){binary}")
    keys = ["a", "A", "b", "B", "10", "9", "ä", "-", "ß", "Z"]
    add_customers(engine, [customer(number, id=key) for number, key in enumerate(keys)])
    source = source_of(engine)
    paged = replace(source, rows=replace(source.rows, page_rows=3))
    met = [row.key for page in paged.pages(LEDGER, ["all"]) for row in page]
    assert sorted(met) == sorted(keys)
    assert {row.key for row in paged.rows_of(LEDGER, [*keys, "no such"])} == set(keys)


def test_too_many_rows_with_one_email_are_distinguished_from_a_table_of_people(
    sqlite_engine: Engine, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_rows, "MOST_REPEATED", 3)
    make_table(sqlite_engine)
    add_customers(sqlite_engine, [customer(number, email=email_of(number // 2)) for number in range(2, 12)])
    with pytest.raises(PipelineError, match="Over 3 values of the column email") as caught:
        sync_table(sqlite_engine, stand_in)
    assert caught.value.code is ErrorCode.SOURCE_INVALID


def test_the_names_ledger_is_the_names_alone(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine)
    add_customers(engine, [customer(1)])
    add_names(engine, 1)
    sync(engine, stand_in)
    sync_table(engine, stand_in)
    assert entries(engine).keys() == entries(engine, "baby_names").keys() == {"1"}
    with pytest.raises(PipelineError, match="can't call an asset's entries 'baby_names'"):
        CUSTOMERS.model_copy(update={"ledger": "baby_names"}).check()

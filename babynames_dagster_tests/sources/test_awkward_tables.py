"""Tables as they are: keys of every type, collations, odd texts and queries, and rows that change during a run."""

import math
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy.engine import Engine

from babynames_dagster.database import source_rows
from babynames_dagster.database.ledger.states import Finding
from babynames_dagster.database.source_rows import SourceRows, Values
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.archive.undo import undo_created
from babynames_dagster.hubspot.batches.policy import WritePolicy
from babynames_dagster.hubspot.guards import Guards
from babynames_dagster.hubspot.reconcile.run import Reconciler
from babynames_dagster.hubspot.sync.report import SyncOptions
from babynames_dagster.orchestration.assets.own_table.contact_table import ContactPartitions, ContactTable
from babynames_dagster.sources.mapping import as_text
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

pytestmark = pytest.mark.slow


def outcomes(engine: Engine) -> dict[str, str | None]:
    """Return what became of each row: a reject's reason, or the outcome."""
    return {key: entry.category or entry.outcome for key, entry in entries(engine).items()}


@pytest.mark.parametrize(
    ("kind", "keys", "texts"),
    [
        ("DECIMAL(10,2)", [Decimal("1.50"), Decimal("100.00")], None),
        ("VARBINARY(16)", [b"\x01\x02", b"\xff\x00"], {"0102", "ff00"}),
        ("DATETIME", ["2020-01-01 00:00:00", "2020-01-02 12:30:01"], {"2020-01-01 00:00:00", "2020-01-02 12:30:01"}),
        ("BIGINT", [2**62, -5], {str(2**62), "-5"}),
        ("VARCHAR(50)", ["ключ", "😀 x", "a'b\"c", "%", "x\ty"], {"ключ", "😀 x", "a'b\"c", "%", "x\ty"}),
    ],
    ids=["decimal", "bytes", "moment", "large", "text"],
)
def test_a_key_of_any_exact_type_leads_back_to_its_row(
    engine: Engine, stand_in: StandIn, kind: str, keys: list[object], texts: set[str] | None
) -> None:
    if kind.startswith("DECIMAL"):
        if engine.dialect.name == "sqlite":  # has none: a column of texts it is
            kind, keys = "TEXT", [str(key) for key in keys]
        texts = {"1.50", "100.00"} if engine.dialect.name == "sqlite" else {"1.5", "100"}
    make_table(engine, key=kind, constraint="")
    add_customers(engine, [customer(number, id=key) for number, key in enumerate(keys)])
    assert sync_table(engine, stand_in).total.created == len(keys)
    assert set(entries(engine)) == texts
    again = sync_table(engine, stand_in, MIRRORED)
    assert (again.total.unchanged, again.orphaned) == (len(keys), 0)
    change(engine, "DELETE FROM customers WHERE email = 'customer0@shop-mail.com'")
    gone = sync_table(engine, stand_in, MIRRORED)
    assert gone.mirrored is not None
    assert gone.mirrored.archived == 1


def test_a_key_that_compares_inexactly_or_of_several_types_stops_the_run_before_anything_is_sent(
    engine: Engine, sqlite_engine: Engine, stand_in: StandIn
) -> None:
    make_table(engine, key="DOUBLE PRECISION", constraint="")
    add_customers(engine, [customer(1, id=1.5)])
    report = sync_table(engine, stand_in)
    assert report.stopped is not None
    assert "The key column id of customers holds float" in report.stopped.what
    make_table(sqlite_engine, key="", constraint="")
    add_customers(sqlite_engine, [customer(1), customer(2, id="1"), customer(3, id="abc")])
    with pytest.raises(PipelineError, match="holds values of several types: integer, text") as caught:
        sync_table(sqlite_engine, stand_in)
    assert caught.value.code is ErrorCode.SOURCE_INVALID
    assert stand_in.writes() == []


def test_keys_that_their_column_takes_for_the_same_are_each_rejected_once(engine: Engine, stand_in: StandIn) -> None:
    same = " COLLATE NOCASE" if engine.dialect.name == "sqlite" else " CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
    make_table(engine, key=f"VARCHAR(50){same}", constraint="")
    add_customers(engine, [customer(number, id=key) for number, key in enumerate(["a", "A", "b", "c", "C", "C"])])
    report = sync_table(engine, stand_in)
    assert (report.total.contacts, report.total.created, report.total.rejected) == (6, 1, 5)
    assert outcomes(engine) == {"b": "synced", **dict.fromkeys(["a", "A", "c", "C"], "DUPLICATE_KEY")}
    assert {key: entries(engine)[key].message for key in ("a", "C")} == {
        "a": "2 rows have the key a",
        "C": "3 rows have the key C",
    }


def test_two_rows_that_swap_their_emails_swap_their_contacts(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine)
    add_customers(engine, map(customer, range(1, 5)))
    sync_table(engine, stand_in)
    records = {email: contact["hs_object_id"] for email, contact in stand_in.contacts().items()}
    for email, key in (("between@shop-mail.com", 1), (email_of(1), 2), (email_of(2), 1)):
        change(engine, f"UPDATE customers SET email = '{email}' WHERE id = {key}")  # noqa: S608 - ours
    report = sync_table(engine, stand_in, MIRRORED)
    assert (report.total.updated, report.total.unchanged, report.orphaned) == (2, 2, 0)
    held = stand_in.contacts()
    assert (held[email_of(1)]["firstname"], held[email_of(2)]["firstname"]) == ("First2", "First1")
    assert {email: contact["hs_object_id"] for email, contact in held.items()} == records
    settings = stand_in.settings(engine)
    with open_client(settings.account, engine) as client:
        undone = undo_created(client, engine, LEDGER, partitions=["all"], settings=settings.hubspot)
    assert undone.archived == 4
    assert set(outcomes(engine).values()) == {"archived"}
    assert sync_table(engine, stand_in, MIRRORED, options=SyncOptions(full_refresh=True)).total.created == 4


def test_emails_are_compared_as_they_are_sent(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine)
    kelvin, hard_blank = "\N{KELVIN SIGN}arl@shop-mail.com", "\N{NO-BREAK SPACE}a@shop-mail.com"
    emails = [email_of(1), kelvin, "karla@shop-mail.com", "a@shop-mail.com\n", hard_blank, "a\0@shop-mail.com"]
    add_customers(engine, [customer(number, email=email) for number, email in enumerate(emails, start=1)])
    report = sync_table(engine, stand_in)
    assert (report.total.created, report.total.rejected) == (2, 4)
    assert set(stand_in.contacts()) == {email_of(1), "karla@shop-mail.com"}
    assert outcomes(engine) == {
        "1": "synced",
        "3": "synced",
        **dict.fromkeys(["2", "4", "5", "6"], "INVALID_EMAIL"),
    }


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM customers -- all of them",
        "WITH some AS (SELECT * FROM customers) SELECT * FROM some ORDER BY email DESC;",
        "SELECT * FROM customers WHERE first_name LIKE '%irst%' OR first_name = '12:30' /* :x */ ;\n\n",
    ],
)
def test_a_query_is_taken_as_people_write_them(engine: Engine, stand_in: StandIn, query: str) -> None:
    make_table(engine)
    add_customers(engine, map(customer, range(1, 5)))
    assert sync_table(engine, stand_in, CUSTOMERS.model_copy(update={"table": "", "query": query})).total.created == 4


def test_names_may_be_reserved_words_or_have_blanks(engine: Engine, stand_in: StandIn) -> None:
    quote = engine.dialect.identifier_preparer.quote_identifier
    columns = f"{quote('select')} INTEGER PRIMARY KEY, {quote('group')} VARCHAR(99), {quote('First Name')} VARCHAR(50)"
    change(engine, f"CREATE TABLE {quote('order')} ({columns}, {quote('where')} VARCHAR(9))")
    rows = "(1, 'a@shop-mail.com', 'Ada', 'AT'), (2, 'b@shop-mail.com', 'Ben', NULL)"
    change(engine, f"INSERT INTO {quote('order')} VALUES {rows}")  # noqa: S608 - our own
    table = ContactTable(
        asset_key="customers",
        table="order",
        key_column="select",
        email_column="group",
        columns={"First Name": "firstname"},
        partitions=ContactPartitions(column="where", values=["AT"]),
    )
    report = sync_table(engine, stand_in, table)
    assert {name: counts.created for name, counts in report.by_partition.items()} == {"AT": 1, "other": 1}
    assert stand_in.contacts()["a@shop-mail.com"]["firstname"] == "Ada"


def test_a_table_may_be_named_with_its_schema(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine)
    add_customers(engine, map(customer, range(1, 4)))
    schema = "main" if engine.dialect.name == "sqlite" else engine.url.database
    table = CUSTOMERS.model_copy(update={"table": f"{schema}.customers"})
    assert sync_table(engine, stand_in, table).total.created == 3
    absent = CUSTOMERS.model_copy(update={"table": "no_such.customers"})
    with pytest.raises(PipelineError, match=r"no_such\.customers can't be read"):
        sync_table(engine, stand_in, absent)


@pytest.mark.parametrize("table", [CUSTOMERS, BY_COUNTRY, IN_BUCKETS], ids=["whole", "column", "buckets"])
def test_an_empty_table_is_a_run_with_nothing_to_do(engine: Engine, stand_in: StandIn, table: ContactTable) -> None:
    make_table(engine)
    report = sync_table(engine, stand_in, table)
    assert (report.total.contacts, report.stopped, report.total.complete) == (0, None, True)


def test_other_buckets_send_nothing_again_and_lose_no_orphan(engine: Engine, stand_in: StandIn) -> None:
    make_table(engine)
    add_customers(engine, map(customer, range(1, 51)))
    few, many = (MIRRORED.model_copy(update={"partitions": ContactPartitions(buckets=buckets)}) for buckets in (8, 16))
    sync_table(engine, stand_in, few)
    assert sync_table(engine, stand_in, many).total.unchanged == 50
    settings = stand_in.settings(engine)
    source = source_of(engine, many)
    with open_client(settings.account, engine) as client:
        guards, policy = Guards.from_settings(settings.hubspot), WritePolicy.OVERWRITE
        read = Reconciler(
            client, engine, source, source.partitions, policy, guards, max_in_flight=2, wait_seconds=1.0
        ).run()
    assert read.total == {Finding.SAME: 50}
    change(engine, "DELETE FROM customers WHERE id < 6")
    reports = [
        sync_table(engine, stand_in, many, partitions=[name], options=SyncOptions(override_guards=True))
        for name in source_of(engine, many).partitions
    ]
    assert sum(report.mirrored.archived for report in reports if report.mirrored is not None) == 5
    assert len(stand_in.contacts()) == 45


def test_rows_that_come_go_and_change_during_a_run_are_counted_and_the_next_run_is_right(
    engine: Engine, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_table(engine)
    add_customers(engine, map(customer, range(1, 301)))
    real = SourceRows.pages

    def pages(rows: SourceRows) -> Iterator[list[Values]]:
        for number, page in enumerate(real(replace(rows, page_rows=50))):
            yield page
            if number == 0 and rows.columns:
                change(engine, "DELETE FROM customers WHERE id BETWEEN 200 AND 220 OR id = 3")
                add_customers(engine, map(customer, [-5, 0, *range(301, 306)]))
                change(engine, "UPDATE customers SET email = 'moved@shop-mail.com' WHERE id = 250")
                change(engine, "UPDATE customers SET email = 'customer252@shop-mail.com' WHERE id = 251")

    with monkeypatch.context() as patched:
        patched.setattr(SourceRows, "pages", pages)
        report = sync_table(engine, stand_in)
    assert report.stopped is None
    assert report.total.accounted + report.total.unsent == report.total.contacts
    assert report.total.failed == 0
    again = sync_table(engine, stand_in, MIRRORED)
    assert again.total.complete
    assert again.total.contacts == 285
    assert outcomes(engine)["252"] == "DUPLICATE_EMAIL"
    assert len(stand_in.contacts()) == 284


def test_a_text_that_is_no_utf8_costs_its_row_alone(sqlite_engine: Engine, stand_in: StandIn) -> None:
    make_table(sqlite_engine, key="TEXT")
    add_customers(sqlite_engine, [customer(number, id=str(number)) for number in range(1, 5)])
    change(sqlite_engine, "UPDATE customers SET first_name = CAST(x'41ff42' AS TEXT) WHERE id = '2'")
    change(sqlite_engine, "UPDATE customers SET email = CAST(x'41ff42' AS TEXT) WHERE id = '3'")
    change(sqlite_engine, "UPDATE customers SET id = CAST(x'41ff42' AS TEXT) WHERE id = '4'")
    report = sync_table(sqlite_engine, stand_in, MIRRORED)
    assert (report.total.created, report.total.rejected, report.stopped) == (1, 3, None)
    found = {key[:4]: (entry.category, entry.message) for key, entry in entries(sqlite_engine).items() if key != "1"}
    assert found["2"] == ("INVALID_VALUE", "first_name: a text is no valid UTF-8")
    assert found["3"][0] == "INVALID_EMAIL"
    assert found["A\\ud"][0] == "INVALID_KEY"


@pytest.mark.parametrize(
    ("value", "text"), [(1e22, "10000000000000000000000"), (1.5, "1.5"), (1e-7, "0.0000001"), (Decimal("1E+3"), "1000")]
)
def test_a_number_is_sent_without_an_exponent(value: object, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, Decimal("NaN"), b"x", {"a": 1}])
def test_what_no_property_can_hold_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"a number is|which is no text"):
        as_text(value)


def test_pages_of_a_busy_table_meet_each_row_that_stays(engine: Engine) -> None:
    make_table(engine)
    add_customers(engine, map(customer, range(1, 31)))
    source = source_of(engine)
    paged = replace(source, rows=replace(source.rows, page_rows=7))
    met = []
    for page in paged.pages(LEDGER, ["all"]):
        met += [row.key for row in page]
        change(engine, f"DELETE FROM customers WHERE id = {met[-1]}")  # noqa: S608 - ours
    assert met == [str(number) for number in range(1, 31)]
    assert source_rows.PAGE_ROWS > 7

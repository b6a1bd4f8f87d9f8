"""A table of customers in a database of somebody's own, and its sync."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from babynames_dagster.database.connection.engine import reading, writing
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.tables import hubspot_contacts
from babynames_dagster.hubspot.api.opening import open_client
from babynames_dagster.hubspot.sync.report import SyncOptions, SyncReport
from babynames_dagster.hubspot.sync.run import sync_contacts
from babynames_dagster.orchestration.assets.own_table.contact_table import ContactPartitions, ContactTable
from babynames_dagster.sources.table import TableSource
from babynames_dagster_tests.support.stand_ins.hubspot import PORTAL, StandIn

LEDGER = Ledger(PORTAL, "customers")
CUSTOMERS = ContactTable(
    asset_key="customers",
    table="customers",
    key_column="id",
    email_column="email",
    columns={"first_name": "firstname", "last_name": "lastname"},
    constants={"lifecyclestage": "customer"},
    initial=["lifecyclestage"],
)
BY_COUNTRY = CUSTOMERS.model_copy(
    update={"partitions": ContactPartitions(column="country", values=["AT", "DE"])},
)
MIRRORED = CUSTOMERS.model_copy(update={"mirror": "archive", "max_archives": "100%"})
IN_BUCKETS = CUSTOMERS.model_copy(update={"partitions": ContactPartitions(buckets=7)})


def email_of(number: int) -> str:
    return f"customer{number}@shop-mail.com"


def customer(number: int, **values: object) -> dict[str, object]:
    """Return one customer's row."""
    return {
        "id": number,
        "email": email_of(number),
        "first_name": f"First{number}",
        "last_name": f"Last{number}",
        "country": ("AT", "DE", "FR")[number % 3],
        **values,
    }


def make_table(engine: Engine, *, key: str = "INTEGER", constraint: str = "PRIMARY KEY") -> None:
    """Make the table; a key that is none is possible, too."""
    columns = "email VARCHAR(300), first_name VARCHAR(100), last_name VARCHAR(100), country VARCHAR(20)"
    with writing(engine) as connection:
        connection.exec_driver_sql(f"CREATE TABLE customers (id {key} {constraint}, {columns})")


def add_customers(engine: Engine, rows: Iterable[Mapping[str, Any]]) -> None:
    table = sa.table("customers", *map(sa.column, ("id", "email", "first_name", "last_name", "country")))
    with writing(engine) as connection:
        connection.execute(sa.insert(table), [dict(row) for row in rows])


def change(engine: Engine, statement: str) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql(statement)


def source_of(engine: Engine, table: ContactTable = CUSTOMERS, *, ledger: Engine | None = None) -> TableSource:
    return table.rows_in(engine, ledger or engine)


def sync_table(  # noqa: PLR0913 - one parameter an option
    engine: Engine,
    stand_in: StandIn,
    table: ContactTable = CUSTOMERS,
    *,
    ledger: Engine | None = None,
    partitions: Sequence[str] | None = None,
    options: SyncOptions = SyncOptions(),  # noqa: B008 - frozen
    **overrides: Any,  # noqa: ANN401 - the settings' own types
) -> SyncReport:
    """Open a client and sync, as the resource does."""
    source = source_of(engine, table, ledger=ledger)
    settings = stand_in.settings(ledger or engine, **overrides)
    with open_client(settings.account, ledger or engine) as client:
        return sync_contacts(
            client,
            ledger or engine,
            source,
            partitions=partitions or source.partitions,
            settings=settings.hubspot.replaced(table.overrides),
            options=options,
        )


def entries(engine: Engine, sync: str = "customers") -> dict[str, Any]:
    """Return a source's entries by key."""
    statement = sa.select(hubspot_contacts).where(hubspot_contacts.c.sync == sync)
    with reading(engine) as connection:
        return {row.row_key: row for row in connection.execute(statement)}

"""Pages of rows, whatever becomes of the connection meanwhile."""

from collections.abc import Callable, Iterator
from typing import Any

import pymysql
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, make_url

from babynames_dagster.database.connection.engine import opened_engine, writing
from babynames_dagster.database.connection.paging import keyset_pages, whole_page
from babynames_dagster.database.source_rows import SourceRows

pytestmark = pytest.mark.slow

ROWS, PAGE_ROWS = 7, 2
NUMBERS = sa.Table("numbers", sa.MetaData(), sa.Column("number", sa.Integer, primary_key=True))


@pytest.fixture
def numbers(mariadb_url: str) -> Iterator[Engine]:
    """A server with a table of numbers."""
    with opened_engine(make_url(mariadb_url)) as engine:
        NUMBERS.metadata.create_all(engine)
        with writing(engine) as connection:
            connection.execute(sa.insert(NUMBERS), [{"number": number} for number in range(1, ROWS + 1)])
        yield engine


def by_keyset(engine: Engine) -> list[int]:
    """Return the numbers as the ledger and the names are read."""
    statement = sa.select(NUMBERS.c.number)
    pages = keyset_pages(
        engine, statement, NUMBERS.c.number, lambda row: int(row[0]), page_rows=PAGE_ROWS, before_all=0
    )
    return [number for page in pages for number in page]


def at_once(engine: Engine) -> list[int]:
    """Return the numbers as what is known of loads is read."""
    return [number for (number,) in whole_page(engine, sa.select(NUMBERS.c.number))]


def as_source(engine: Engine) -> list[int]:
    """Return the numbers as somebody's own table is read."""
    rows = SourceRows.of(engine, table="numbers", key="number", columns=["number"])
    rows = SourceRows(rows.engine, rows.rows, rows.what, rows.key, rows.columns, page_rows=PAGE_ROWS)
    return [row["number"] for page in rows.pages() for row in page]


def cut(engine: Engine, statements: set[int]) -> None:
    """Let the server end the connection of these SELECTs on numbers, counted from 1, before they are answered."""
    seen = 0

    @event.listens_for(engine, "before_cursor_execute")
    def _cut(connection: Connection, _: object, statement: str, *__: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        nonlocal seen
        if "numbers" not in statement:
            return
        seen += 1
        if seen in statements:
            driver: Any = connection.connection.driver_connection
            url = engine.url
            with pymysql.connect(host=url.host, port=url.port or 0, user=url.username) as other:
                other.cursor().execute(f"KILL CONNECTION {driver.thread_id()}")


@pytest.mark.parametrize("read", [by_keyset, at_once, as_source])
def test_a_page_is_read_again_where_its_connection_is_lost(
    numbers: Engine, read: Callable[[Engine], list[int]]
) -> None:
    cut(numbers, {1, 3, 4})
    assert read(numbers) == list(range(1, ROWS + 1))

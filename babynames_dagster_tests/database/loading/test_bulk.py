"""Literals and lists of values, as a real server reads them."""

from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection, make_url

from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster.database.connection.mysql_session import STATEMENT_BYTES
from babynames_dagster.database.loading import bulk

EVERY_ASCII = "".join(chr(code) for code in range(128))


@pytest.fixture(scope="module")
def server(mariadb_server: str) -> Iterator[Connection]:
    """A connection to the MySQL-like server."""
    engine = open_engine(make_url(mariadb_server))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize("sql_mode", ["STRICT_ALL_TABLES", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "ANSI"])
def test_the_server_reads_every_literal_as_the_text_it_stands_for(server: Connection, sql_mode: str) -> None:
    server.exec_driver_sql(f"SET SESSION sql_mode = '{sql_mode}'")

    @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=20))
    @example([*EVERY_ASCII, EVERY_ASCII, "", "''", "\\'", '\\"', "🙂", "\0", "%s", "%%", ":name", "--", "a\\"])
    def check(texts: list[str]) -> None:
        literals = bulk.text_literals(pa.array(texts, pa.string())).to_pylist()
        row = server.exec_driver_sql("SELECT " + ",".join(literals)).one()
        assert [str(text) for text in row] == texts

    check()


def test_statements_stay_below_the_servers_packet(server: Connection) -> None:
    usual = server.info[STATEMENT_BYTES]
    server.info[STATEMENT_BYTES] = 3072
    try:
        rows = pa.array(["(" + "x" * (index % 300) + ")" for index in range(1000)], pa.string())
        lists = list(bulk.value_lists(server, rows))
    finally:
        server.info[STATEMENT_BYTES] = usual
    assert ",".join(lists).split(",") == rows.to_pylist()
    assert max(map(len, lists)) <= 3072
    assert len(lists) < 150

"""Rows arrive as they are, whether the server takes them packed or as text."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError

from babynames_dagster.database.connection.engine import open_engine, reading, writing
from babynames_dagster.database.connection.mysql_session import STATEMENT_BYTES, TAKES_ROWS
from babynames_dagster.database.loading.bulk import insert
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster.database.tables import baby_names
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster_tests.support.loading import counts, csv_file, load, names_in
from babynames_dagster_tests.support.servers.mariadb import MariaDB, running_mariadb
from babynames_dagster_tests.support.servers.plain_greeting import without_extensions

INTO = "INSERT INTO copied (text, number, constant)"
LONGEST = ["x" * length for length in (0, 1, 250, 251, 252, 253, 255)]
NAMES = b"1880,Mary,F,7\n1880,Jos\xc3\xa9,M,5\n1880,O'Neil,M,5\n1880,\xe6\x9d\x8e,F,5\n1880,bob,M,5\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A MariaDB of this module's own, whatever server the other tests use."""
    with running_mariadb(tmp_path_factory.mktemp("array") / "server") as running:
        yield running


@pytest.fixture(params=["packed", "as text"])
def engine(server: MariaDB, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine on a new database, once through a relay that hides what MariaDB has beyond MySQL."""
    with server.connect() as raw, raw.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE DATABASE names CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    with without_extensions(server.port) as relayed:
        port = server.port if request.param == "packed" else relayed
        opened = open_engine(make_url(f"mysql+pymysql://root@127.0.0.1:{port}/names?ssl_mode=DISABLED"))
        with reading(opened) as connection:
            assert connection.info[TAKES_ROWS] == (request.param == "packed")
        yield opened
        opened.dispose()


def make_copied(connection: Connection) -> None:
    connection.exec_driver_sql("DROP TABLE IF EXISTS copied")
    connection.exec_driver_sql("CREATE TABLE copied (text VARCHAR(255) NOT NULL, number BIGINT UNIQUE, constant INT)")


def insert_copied(connection: Connection, texts: list[str], first: int = 1) -> int:
    numbers = pa.array(range(first, first + len(texts)), pa.int64())
    return insert(connection, INTO, [pa.array(texts, pa.string()), numbers], "5", "copied", lambda: 0)


def copied(connection: Connection) -> list[str]:
    rows = connection.exec_driver_sql("SELECT text, number, constant FROM copied ORDER BY number").all()
    assert [tuple(row[1:]) for row in rows] == [(number, 5) for number in range(1, len(rows) + 1)]
    return [row[0] for row in rows]


def test_every_text_and_number_arrives_as_it_is(engine: Engine) -> None:
    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=20))
    @example([*LONGEST, "🙂" * 255, "é" * 126, "''", "\\'", "\0", "%s", "%%", ":name", "--", "a ", "?"])
    def check(texts: list[str]) -> None:
        with writing(engine) as connection:
            make_copied(connection)
            assert insert_copied(connection, texts) == len(texts)
            assert copied(connection) == texts

    check()


def test_statements_stay_below_the_servers_packet(engine: Engine) -> None:
    with writing(engine) as connection:
        make_copied(connection)
        usual, connection.info[STATEMENT_BYTES] = connection.info[STATEMENT_BYTES], 3072
        try:
            assert insert_copied(connection, ["x" * (number % 256) for number in range(1000)]) == 1000
        finally:
            connection.info[STATEMENT_BYTES] = usual
        assert len(copied(connection)) == 1000


def test_a_row_that_is_there_is_another_processs(engine: Engine) -> None:
    with writing(engine) as connection:
        make_copied(connection)
        insert_copied(connection, ["a", "b"])
    with pytest.raises(PipelineError) as caught, writing(engine) as connection:
        insert_copied(connection, ["c", "b"], first=0)
    assert caught.value.code is ErrorCode.DB_BUSY
    with writing(engine) as connection:
        assert copied(connection) == ["a", "b"]
        assert insert_copied(connection, ["c"], first=3) == 1


def test_the_connection_is_sound_after_an_error(engine: Engine) -> None:
    with engine.connect() as connection:
        with pytest.raises(DBAPIError, match="nowhere"):
            insert(connection, "INSERT INTO nowhere (a, b)", [pa.array(["a"])], "5", "nowhere", lambda: 0)
        connection.rollback()
        assert connection.execute(sa.select(sa.literal(7))).scalar_one() == 7


def test_names_are_the_same_and_no_id_is_left_out(engine: Engine, tmp_path: Path) -> None:
    upgrade(engine)
    many = b"".join(b"1880,Name%05d,F,7\n" % number for number in range(2000))
    report = load(engine, csv_file(tmp_path, NAMES + many), batch_size=300)
    assert counts(report) == (2005, 2005, 0, 0, 0)
    found = names_in(engine)
    assert len(found) == 2005
    load(engine, csv_file(tmp_path, b"1880,Zoe,F,7\n", name="another.csv"))
    with reading(engine) as connection:
        row = connection.execute(sa.select(baby_names).where(baby_names.c.slug == "zoe.f")).one()
    assert (row.id, row.name, row.sex, row.initial) == (2006, "Zoe", "F", "Z")

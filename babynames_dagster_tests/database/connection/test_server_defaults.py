"""Whatever a server's administrator has set, statements mean the same, and what was not written is not counted."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url

from babynames_dagster.database.connection.engine import open_engine, reading, writing
from babynames_dagster.database.ledger.created import created_pages
from babynames_dagster.database.ledger.key import Ledger
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster.database.ledger.superseded import count_superseded, forget_superseded
from babynames_dagster.database.ledger.writing import LedgerEntry, mark_archived, record
from babynames_dagster.database.loading.loads import last_loads
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster.sandbox.server import running_sandbox
from babynames_dagster_tests.support.command import run_babynames
from babynames_dagster_tests.support.loading import births_in, counts, csv_file, load, load_births, names_in
from babynames_dagster_tests.support.servers.mariadb import MariaDB, StartMariaDB

NAMES = 3000


@pytest.fixture(scope="module")
def odd_server(tmp_path_factory: pytest.TempPathFactory, start_mariadb: StartMariaDB) -> Iterator[MariaDB]:
    """A server of this module's own, with a binary log and without a root's exemption from init_connect."""
    with start_mariadb(tmp_path_factory.mktemp("odd") / "server", "--log-bin") as server:
        yield server


@pytest.fixture
def odd_url(odd_server: MariaDB, request: pytest.FixtureRequest) -> Iterator[str]:
    """A new database on a server with the variables of the test's parameter; they are reset afterwards."""
    variables: dict[str, str] = getattr(request, "param", {})
    with odd_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE names")
        before = {}
        for name, value in variables.items():
            cursor.execute(f"SELECT @@GLOBAL.{name}")
            before[name] = cursor.fetchall()[0][0]
            cursor.execute(f"SET GLOBAL {name} = {value}")
    try:
        yield make_url(odd_server.url).set(database="names").render_as_string(hide_password=False)
    finally:
        with odd_server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION READ WRITE")
            for name, value in before.items():
                cursor.execute(f"SET GLOBAL {name} = %s", (value,))
            cursor.execute("DROP DATABASE names")


@pytest.mark.parametrize(
    "odd_url",
    [
        {"sql_select_limit": "100"},
        {"sql_safe_updates": "1"},
        {"max_join_size": "10"},
        {"autocommit": "0"},
        {"binlog_format": "'STATEMENT'"},
        {"binlog_format": "'ROW'"},
        {"sql_auto_is_null": "1", "unique_checks": "0"},
        {"completion_type": "'RELEASE'"},
        {"tx_read_only": "1", "tx_isolation": "'SERIALIZABLE'"},
        {"time_zone": "'+05:30'", "sql_mode": "'ANSI,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'"},
        {"wait_timeout": "2", "lock_wait_timeout": "1", "innodb_lock_wait_timeout": "1"},
        {"max_allowed_packet": "16384"},
        {"innodb_default_row_format": "'COMPACT'", "alter_algorithm": "'INSTANT'"},
    ],
    indirect=True,
    ids="+".join,
)
def test_a_servers_defaults_change_nothing(odd_url: str, tmp_path: Path) -> None:
    rows = [b"%d,Name%05d,F,7\n" % (1880 + number % 3, number) for number in range(NAMES)]
    first = csv_file(tmp_path, b"".join(rows[::2]) + b"1880," + b"x" * 900 + b",Q,1\n" * 40, name="first.csv")
    both = csv_file(tmp_path, b"".join(rows), name="both.csv")
    engine = open_engine(make_url(odd_url))
    upgrade(engine)
    assert counts(load(engine, first))[:3] == (NAMES // 2 + 40, NAMES // 2, 0)
    assert counts(load(engine, both)) == (NAMES, NAMES // 2, NAMES // 2, 0, 0)
    assert counts(load(engine, both, full_reload=True)) == (NAMES, 0, NAMES, 0, 0)
    assert len(names_in(engine)) == NAMES
    assert counts(load_births(engine, first))[:3] == (NAMES // 2 + 40, NAMES // 2, 0)
    assert counts(load_births(engine, both)) == (NAMES, NAMES // 2, NAMES // 2, 0, 0)
    assert len(births_in(engine)) == NAMES

    entries = [
        LedgerEntry(
            str(number),
            "N",
            f"name{number}@example.com",
            "f" * 64,
            LedgerOutcome.SYNCED,
            created=True,
            hubspot_id=str(number),
        )
        for number in range(1, 1201)
    ]
    ledger = Ledger(1, "baby_names")
    record(engine, ledger, "mapping", entries)
    moved = [replace(entry, email=f"other{entry.key}@example.com", hubspot_id=f"9{entry.key}") for entry in entries]
    record(engine, ledger, "mapping", moved)
    assert count_superseded(engine, ledger) == len(entries)
    forget_superseded(engine, ledger, [entry.hubspot_id or "" for entry in entries])
    assert count_superseded(engine, ledger) == 0
    created = [contact for page in created_pages(engine, ledger, page_rows=500) for contact in page]
    assert len(created) == len(entries)
    mark_archived(engine, ledger, created)
    assert sum(1 for _ in created_pages(engine, ledger, page_rows=500)) == 0
    engine.dispose()


@pytest.mark.parametrize("odd_url", [{"max_allowed_packet": "16384"}], indirect=True, ids="+".join)
def test_every_contact_of_a_run_is_recorded_however_small_the_servers_packet(odd_url: str, tmp_path: Path) -> None:
    names = csv_file(tmp_path, b"".join(b"1880,Name%05d,F,7\n" % number for number in range(500)))
    reported = []
    with running_sandbox(dataset=None, state=tmp_path / "sandbox") as sandbox:
        environment = {**sandbox.environment, "DATABASE_URL": odd_url}
        for _ in range(2):
            answer = run_babynames("run", "--path", str(names), "--json", folder=tmp_path, environment=environment)
            assert answer.returncode == 0, answer.stderr
            reported.append(json.loads(answer.stdout))
    assert [(run["contacts_created"], run["contacts_unchanged"]) for run in reported] == [(500, 0), (0, 500)]


def test_rows_that_the_server_drops_are_not_counted_as_present(engine: Engine, tmp_path: Path) -> None:
    path = csv_file(tmp_path, b"".join(b"1880,Name%05d,F,7\n" % number for number in range(50)))
    load(engine, csv_file(tmp_path, b"1880,Anna,F,7\n", name="one.csv"))  # so that the next load looks first
    if engine.dialect.name == "sqlite":
        trigger = (
            "CREATE TRIGGER odd BEFORE INSERT ON baby_names WHEN NEW.slug LIKE '%7.f' BEGIN SELECT RAISE(IGNORE); END"
        )
        with writing(engine) as connection:
            connection.exec_driver_sql(trigger)
        with pytest.raises(PipelineError, match="counts 45 rows of baby_names where there are 50"):
            load(engine, path)
        assert last_loads(engine, 1)[0].rows.present == 0
        return

    @sa.event.listens_for(engine, "before_cursor_execute", retval=True)
    def cut(
        _: Connection, __: object, statement: str, parameters: object, ___: object, ____: object
    ) -> tuple[str, object]:
        return (f"{statement} LIMIT 10" if statement.startswith("SELECT item.slug") else statement), parameters

    with pytest.raises(PipelineError, match="counts 10 rows of baby_names where there are") as caught:
        load(engine, csv_file(tmp_path, b"1880,Anna,F,7\n" + path.read_bytes().split(b"\n", 1)[1], name="more.csv"))
    assert caught.value.code is ErrorCode.DB_ERROR
    assert len(names_in(engine)) == 1


@pytest.mark.parametrize("moment", ["BEFORE", "AFTER"])
def test_what_a_trigger_writes_elsewhere_is_not_counted(mariadb_url: str, tmp_path: Path, moment: str) -> None:
    engine = open_engine(make_url(mariadb_url))
    upgrade(engine)
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE audit (id BIGINT AUTO_INCREMENT PRIMARY KEY, at DATETIME)")
        for table in ("baby_names", "baby_name_years"):
            connection.exec_driver_sql(
                f"CREATE TRIGGER {table}_audit {moment} INSERT ON {table} FOR EACH ROW "  # noqa: S608 - no input is in it
                "INSERT INTO audit (at) VALUES (NOW()), (NOW())"
            )
    rows = [b"1880,Name%05d,F,7\n" % number for number in range(NAMES)]
    half, path = csv_file(tmp_path, b"".join(rows[::2]), name="half.csv"), csv_file(tmp_path, b"".join(rows))
    for loading in (load, load_births):
        assert counts(loading(engine, half)) == (NAMES // 2, NAMES // 2, 0, 0, 0)
        assert counts(loading(engine, path)) == (NAMES, NAMES // 2, NAMES // 2, 0, 0)
    engine.dispose()


def test_a_packet_too_small_for_any_statement_is_refused_with_the_options_name(odd_server: MariaDB) -> None:
    with odd_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET GLOBAL max_allowed_packet = 8192")
        try:
            engine = open_engine(make_url(odd_server.url))
            with pytest.raises(PipelineError, match="max_allowed_packet"), reading(engine):
                pass
        finally:
            cursor.execute("SET GLOBAL max_allowed_packet = 16777216")
            engine.dispose()


@pytest.mark.parametrize("odd_url", [{"max_statement_time": "1"}], indirect=True)
def test_a_servers_limit_of_a_statements_time_is_ours(odd_url: str) -> None:
    engine = open_engine(make_url(odd_url).update_query_dict({"timeout": "7"}))
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SELECT @@max_statement_time").scalar() == 3 * 7

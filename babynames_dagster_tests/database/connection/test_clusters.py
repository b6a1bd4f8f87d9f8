"""What a Galera cluster does to transactions: commits that certification refuses, and nodes that lost the others."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine, reading, writing
from babynames_dagster.database.schema.migrate import upgrade
from babynames_dagster.database.tables import baby_names, hubspot_contacts
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster_tests.support.loading import csv_file, load
from babynames_dagster_tests.support.servers.relay import Relay, relayed
from babynames_dagster_tests.support.stand_ins.hubspot import StandIn
from babynames_dagster_tests.support.syncing import add_names, sync

NAMES = 2_000


@pytest.fixture
def relay(mariadb_url: str) -> Iterator[Relay]:
    with relayed(make_url(mariadb_url)) as served:
        yield served


@pytest.fixture
def through(relay: Relay) -> Iterator[Engine]:
    opened = open_engine(relay.url)
    upgrade(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def names(tmp_path: Path) -> Path:
    letters = "abcdefghijklmnopqrstuvwxyz"
    lines = [f"1990,Na{letters[n % 26]}{letters[n // 26 % 26]}{letters[n // 676]},F,5\n" for n in range(NAMES)]
    return csv_file(tmp_path, "".join(lines).encode())


def _counted(engine: Engine, table: sa.Table) -> int:
    with reading(engine) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_a_load_whose_commits_are_refused_loads_each_row_once(through: Engine, relay: Relay, names: Path) -> None:
    relay.to_refuse = 5

    report = load(through, names, batch_size=500)

    assert relay.refused == 5
    assert report.load.rows.inserted == report.load.rows.read == _counted(through, baby_names) == NAMES


def test_a_sync_whose_commits_are_refused_records_each_contact_and_sends_it_once(
    through: Engine, relay: Relay, stand_in: StandIn
) -> None:
    add_names(through, 1_000)
    relay.to_refuse = 4

    report = sync(through, stand_in)

    assert relay.refused == 4
    assert report.total.created == _counted(through, hubspot_contacts) == 1_000
    assert sum(entry["inputs"] for entry in stand_in.writes()) == 1_000


def test_a_load_outlasts_a_node_that_lost_its_cluster(through: Engine, names: Path) -> None:
    """The server itself answers so, three times: no rollback takes back the numbers that a trigger has counted up."""
    _refuse_inserts(through, "1047, MESSAGE_TEXT = 'WSREP has not yet prepared node for application use'", times=3)

    report = load(through, names, max_retries=3)

    assert report.load.rows.inserted == _counted(through, baby_names) == NAMES


@pytest.mark.parametrize(
    ("signal", "code"),
    [
        ("1047, MESSAGE_TEXT = 'WSREP has not yet prepared node for application use'", ErrorCode.DB_CONNECTION_LOST),
        ("1180, MESSAGE_TEXT = 'Not connected to Primary Component'", ErrorCode.DB_CONNECTION_LOST),
        ("1180, MESSAGE_TEXT = 'Got error 5 during COMMIT'", ErrorCode.DB_ERROR),
    ],
)
def test_a_node_without_its_cluster_is_a_lost_connection(through: Engine, signal: str, code: ErrorCode) -> None:
    _refuse_inserts(through, signal, times=1)
    with pytest.raises(PipelineError) as refused:
        add_names(through, 1)
    assert refused.value.code is code


def test_a_transaction_sees_what_other_nodes_have_committed(mariadb_url: str) -> None:
    engine = open_engine(make_url(mariadb_url))
    with reading(engine) as connection:
        found = connection.exec_driver_sql("SHOW SESSION VARIABLES LIKE 'wsrep_sync_wait'").all()
    engine.dispose()
    assert [value for _, value in found] in (["7"], [])  # MySQL has none


def _refuse_inserts(engine: Engine, signal: str, *, times: int) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE refusals (n INT AUTO_INCREMENT PRIMARY KEY)")
        connection.exec_driver_sql(
            "CREATE TRIGGER refuse BEFORE INSERT ON baby_names FOR EACH ROW BEGIN INSERT INTO refusals VALUES (NULL); "  # noqa: S608 - ours
            f"IF LAST_INSERT_ID() <= {times} THEN SIGNAL SQLSTATE '08S01' SET MYSQL_ERRNO = {signal}; END IF; END"
        )

"""Fixtures that every test may ask for: a clean environment, and empty databases on real servers."""

import gc
import os
import shutil
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine
from babynames_dagster.kaggle.browser.program import find_chromium
from babynames_dagster.settings import load_settings
from babynames_dagster.settings.env_file import CHOICE
from babynames_dagster.settings.model import VARIABLES
from babynames_dagster_tests.support.databases import SchemaAtHead
from babynames_dagster_tests.support.servers.mariadb import StartMariaDB, running_mariadb
from babynames_dagster_tests.support.suite.scratch import keep_temporary_files_in_memory

pytest_plugins = [
    "babynames_dagster_tests.support.fixtures.dagster",
    "babynames_dagster_tests.support.fixtures.hubspot",
    "babynames_dagster_tests.support.fixtures.kaggle",
    "babynames_dagster_tests.support.suite.marking",
    "babynames_dagster_tests.support.suite.scheduling",
]


def pytest_configure() -> None:
    """Give programs that tests start the usual signals, and all tests a quick place for files.

    A suite that was started in the background may have the signals ignored. What is collected stays to the end, so that
    garbage is not looked for meanwhile.
    """
    gc.disable()
    keep_temporary_files_in_memory()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def pytest_collection_finish() -> None:
    """Look for garbage from here on, but never among the hundred thousands of objects that modules and tests are."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run each test in an empty folder, with none of the machine's own settings but where its browser is."""
    for name in {*VARIABLES, CHOICE, "HUBSPOT_API_KEY", "DAGSTER_HOME"} - {"CHROMIUM_PATH"}:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def start_mariadb() -> StartMariaDB:
    """What starts a private MariaDB."""
    return running_mariadb


@pytest.fixture(scope="session")
def mariadb_server(start_mariadb: StartMariaDB, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a MySQL-like server: TEST_DATABASE_URL, or a private MariaDB."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    # In a folder of pytest's, which keeps no more than three of sessions that were killed.
    folder = tmp_path_factory.mktemp("mariadb")
    with start_mariadb(folder) as server:
        yield server.url
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser that a headless run drives."""
    found = find_chromium(load_settings().kaggle.chromium_path)
    assert found is not None, "there is no Chromium: run `make browser`"
    return found


@pytest.fixture
def mariadb_url(mariadb_server: str) -> Iterator[str]:
    """The address of a new, empty database on the MySQL-like server."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    server = sa.create_engine(mariadb_server, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    yield make_url(mariadb_server).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    server.dispose()


@pytest.fixture(params=["sqlite", "mariadb"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a new, empty database, once on SQLite and once on MariaDB."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    url: str = request.getfixturevalue("mariadb_url")
    return url


@pytest.fixture(scope="session")
def schema_at_head() -> SchemaAtHead:
    """What brings an empty database to head in no time; the migrations themselves are tested in `database/schema/`."""
    return SchemaAtHead()


@pytest.fixture
def engine(database_url: str, schema_at_head: SchemaAtHead) -> Iterator[Engine]:
    """An engine on a new database with the schema at head."""
    opened = open_engine(make_url(database_url))
    schema_at_head.make(opened)
    yield opened
    opened.dispose()

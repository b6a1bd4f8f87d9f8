"""Migrations that are stopped anywhere are resumed, and tables of other programs are left alone."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine, make_url

from babynames_dagster.database.connection.engine import open_engine, reading, writing
from babynames_dagster.database.ledger.created import created_pages
from babynames_dagster.database.ledger.key import NAMES, Ledger
from babynames_dagster.database.ledger.states import LedgerOutcome
from babynames_dagster.database.ledger.writing import LedgerEntry, record
from babynames_dagster.database.schema.migrate import alembic_config, downgrade, migrate_to, unfinished_state, upgrade
from babynames_dagster.database.schema.standing import Standing, current_revision, ensure_schema, schema_state
from babynames_dagster.database.schema.versions import VERSION_TABLE, revisions
from babynames_dagster.database.tables import hubspot_contacts, metadata, superseded_contacts
from babynames_dagster.errors import ErrorCode, PipelineError
from babynames_dagster_tests.support.databases import described

pytestmark = pytest.mark.slow

HEAD = ScriptDirectory.from_config(alembic_config()).get_current_head()
LEDGER = Ledger(1, NAMES)
_FORKS = multiprocessing.get_context("fork")


@pytest.fixture
def bare(database_url: str) -> Iterator[Engine]:
    """An engine on an empty database."""
    opened = open_engine(make_url(database_url))
    yield opened
    opened.dispose()


def killed_after(url: str, statements: int, migrate: Callable[[Engine], None]) -> bool:
    """Migrate in a process that is killed after so many statements that change something; return whether it was."""

    def run() -> None:
        engine, left = open_engine(make_url(url)), iter(range(statements, 0, -1))

        @sa.event.listens_for(engine, "after_cursor_execute")
        def count(_: object, __: object, statement: str, *___: object) -> None:
            is_reading = statement.lstrip().startswith(("SELECT", "SHOW", "DESCRIBE", "PRAGMA", "BEGIN"))
            if not is_reading and next(left, None) == 1:
                os.kill(os.getpid(), signal.SIGKILL)

        migrate(engine)
        os._exit(0)

    process = _FORKS.Process(target=run)
    process.start()
    process.join()
    return process.exitcode == -signal.SIGKILL


def empty(engine: Engine) -> None:
    """Leave no table."""
    with writing(engine) as connection:
        for table in sa.inspect(connection).get_table_names():
            connection.exec_driver_sql(f"DROP TABLE {table}")


def assert_at_head(engine: Engine) -> None:
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD


@pytest.mark.timeout(600)  # it migrates up and down again for each statement
def test_a_migration_that_is_killed_after_any_statement_is_resumed(bare: Engine) -> None:
    address = bare.url.render_as_string(hide_password=False)
    upgrade(bare)
    assert_at_head(bare)
    undisturbed = described(bare)
    empty(bare)
    statements = 1
    while killed_after(address, statements, upgrade):
        is_server = bare.dialect.name == "mysql"
        standing = schema_state(bare).standing
        assert standing in ({Standing.HALF_MADE, Standing.EMPTY, Standing.OURS} if is_server else {Standing.EMPTY})
        assert not is_server or statements < 2 or standing is not Standing.EMPTY
        ensure_schema(bare, auto_migrate=True)
        assert described(bare) == undisturbed
        empty(bare)
        statements += 1
    assert statements > 15
    assert_at_head(bare)


@pytest.mark.timeout(600)
def test_a_migration_that_is_killed_again_and_again_gets_to_its_end(bare: Engine) -> None:
    address = bare.url.render_as_string(hide_password=False)
    # SQLite's one transaction begins again each time, where a server is a few statements further.
    kills, pace = 0, 4 if bare.dialect.name == "mysql" else 1
    while killed_after(address, 2 + kills // pace, upgrade):
        kills += 1
    assert kills > 8
    assert_at_head(bare)


def test_a_look_during_which_another_process_migrates_is_repeated(bare: Engine) -> None:
    address = bare.url.render_as_string(hide_password=False)
    code = (
        "import sys; from sqlalchemy.engine import make_url; "
        "from babynames_dagster.database.connection.engine import open_engine; "
        "from babynames_dagster.database.schema.migrate import upgrade; upgrade(open_engine(make_url(sys.argv[1])))"
    )

    @sa.event.listens_for(bare, "after_cursor_execute", once=True)
    def migrate(*_: object) -> None:
        subprocess.run([sys.executable, "-c", code, address], check=True)  # noqa: S603 - our own interpreter

    state = unfinished_state(bare)
    assert (state.revision, state.standing, state.foreign) == (HEAD, Standing.OURS, ())


def test_a_missing_right_that_is_granted_later_is_no_dead_end(mariadb_url: str) -> None:
    url = make_url(mariadb_url)
    user = f"u{url.database}"[:30]
    root = open_engine(url)
    with writing(root) as connection:
        connection.exec_driver_sql(f"CREATE USER {user}@'127.0.0.1' IDENTIFIED BY 'pw'")
        connection.exec_driver_sql(f"GRANT SELECT, INSERT, UPDATE, CREATE ON {url.database}.* TO {user}@'127.0.0.1'")
    engine = open_engine(url.set(username=user, password="pw"))
    with pytest.raises(PipelineError) as caught:
        ensure_schema(engine, auto_migrate=True)
    assert caught.value.code is ErrorCode.DB_PERMISSION_DENIED
    assert schema_state(root).standing is Standing.HALF_MADE
    with writing(root) as connection:
        connection.exec_driver_sql(f"GRANT ALL ON {url.database}.* TO {user}@'127.0.0.1'")
    engine.dispose()
    ensure_schema(engine, auto_migrate=True)
    assert_at_head(root)
    with writing(root) as connection:
        connection.exec_driver_sql(f"DROP USER {user}@'127.0.0.1'")
    engine.dispose()
    root.dispose()


@pytest.mark.parametrize("name", ["baby_names", "loads", "rate_limits"])
def test_a_table_of_another_program_is_refused_before_anything_is_made(bare: Engine, name: str) -> None:
    with writing(bare) as connection:
        connection.exec_driver_sql(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, name VARCHAR(20))")
    assert (schema_state(bare).standing, schema_state(bare).foreign) == (Standing.OTHERS, (name,))
    with pytest.raises(PipelineError, match=name) as caught:
        ensure_schema(bare, auto_migrate=True)
    assert caught.value.code is ErrorCode.DB_TABLE_FOREIGN
    with pytest.raises(PipelineError, match=name):
        upgrade(bare)
    assert sa.inspect(bare).get_table_names() == [name]


def test_tables_of_other_names_do_not_matter(bare: Engine) -> None:
    with writing(bare) as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0001')")
    assert schema_state(bare).standing is Standing.EMPTY
    ensure_schema(bare, auto_migrate=True)
    assert current_revision(bare) == HEAD
    with reading(bare) as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all() == ["0001"]


def in_alembics_own_table(engine: Engine, revision: str, *others: str) -> None:
    """Let a schema say its revision where versions before 0.2 did, beside those of other programs."""
    upgrade(engine, revision)
    with writing(engine) as connection:
        connection.exec_driver_sql(f"DROP TABLE {VERSION_TABLE}")
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
        for version in (revision, *others):
            connection.execute(sa.text("INSERT INTO alembic_version VALUES (:version)"), {"version": version})


@pytest.mark.parametrize("others", [(), ("29b539ebc72a",)])
def test_the_revision_moves_to_a_table_of_our_own_name(bare: Engine, others: tuple[str, ...]) -> None:
    in_alembics_own_table(bare, "0002", *others)
    assert current_revision(bare) == "0002"
    address = bare.url.render_as_string(hide_password=False)
    for statements in (1, 2, 3):
        killed_after(address, statements, upgrade)
        assert current_revision(bare) is not None
    ensure_schema(bare, auto_migrate=True)
    assert current_revision(bare) == HEAD
    assert sa.inspect(bare).has_table("alembic_version") is bool(others)
    if others:
        with reading(bare) as connection:
            left = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
        assert tuple(left) == others


def test_each_step_down_and_up_again_keeps_the_ledger(engine: Engine) -> None:
    entry = LedgerEntry(
        key="7",
        partition="M",
        email="mary.f@example.com",
        fingerprint="f" * 64,
        outcome=LedgerOutcome.SYNCED,
        created=True,
        hubspot_id="11",
        initial_sent="given",
    )
    record(engine, LEDGER, "mapping", [entry])
    record(engine, LEDGER, "mapping", [replace(entry, email="maria.f@example.com", hubspot_id="12")])
    with writing(engine) as connection:
        connection.execute(sa.update(hubspot_contacts).values(finding="edited", accepted="edited"))
    before = ledger(engine)
    assert before[1]
    steps = len(list(ScriptDirectory.from_config(alembic_config()).walk_revisions())) - 1
    for step in range(1, steps + 1):
        for _ in range(step):
            downgrade(engine, "-1")
        assert current_revision(engine) != HEAD
        upgrade(engine)
        assert ledger(engine) == before
    assert_at_head(engine)
    assert [contact.hubspot_id for page in created_pages(engine, LEDGER, page_rows=10) for contact in page] == ["12"]


def test_what_a_downgrade_keeps_looks_half_made_only_where_a_migration_after_it_stopped(engine: Engine) -> None:
    for revision in reversed(revisions()[:-1]):
        migrate_to(engine, revision)
        state = schema_state(engine)
        assert (state.revision, state.standing, state.is_newest) == (revision, Standing.OURS, False)
    migrate_to(engine, "0006")
    with writing(engine) as connection:
        connection.exec_driver_sql("ALTER TABLE rejected_rows ADD COLUMN member VARCHAR(255)")
    assert schema_state(engine).standing is Standing.HALF_MADE


def ledger(engine: Engine) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Return all that the ledger holds."""
    with reading(engine) as connection:
        entries = [tuple(row) for row in connection.execute(sa.select(hubspot_contacts))]
        return entries, [tuple(row) for row in connection.execute(sa.select(superseded_contacts))]


def test_a_server_that_refuses_named_locks_is_migrated_all_the_same(
    mariadb_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_engine(make_url(mariadb_url))

    @sa.event.listens_for(engine, "before_cursor_execute", retval=True)
    def refuse(_: object, __: object, statement: str, parameters: object, *___: object) -> tuple[str, object]:
        return statement.replace("GET_LOCK(", "NO_SUCH_LOCK("), parameters

    upgrade(engine)
    assert_at_head(engine)
    assert "refuses named locks" in caplog.text
    engine.dispose()
